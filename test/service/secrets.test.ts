import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { newApiKey } from '../../src/api/security/api-key.ts'
import { changeKeys } from '../../src/api/security/keys-file.ts'
import { temporaryFolder } from '../support/clickhouse-folder.ts'
import { otlpReceiver } from '../support/otlp.ts'

const LOADER = pathToFileURL(join(import.meta.dirname, '../../bench/typescript.mjs')).href
const MAIN = pathToFileURL(join(import.meta.dirname, '../../src/cli/main.ts')).href

const children = new Set<ChildProcess>()
afterAll(() => {
  for (const child of children) child.kill('SIGKILL')
})

/** `whohad …` from the sources, with nothing of this process's environment. */
function run(args: readonly string[], cwd: string, env: Readonly<Record<string, string>>) {
  const script = `import { main } from ${JSON.stringify(MAIN)}; await main(['node', 'whohad', ...process.argv.slice(1)])`
  const child = spawn(process.execPath, ['--import', LOADER, '--input-type=module', '--eval', script, '--', ...args], {
    cwd,
    env: { PATH: process.env['PATH'] ?? '', AWS_EC2_METADATA_DISABLED: 'true', UV_THREADPOOL_SIZE: '16', ...env },
  })
  children.add(child)
  let text = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', chunk => {
      text += chunk
    })
  }
  const ended = new Promise<{ code: number | null; text: string }>(resolve =>
    child.on('close', code => resolve({ code, text })),
  )
  return { child, ended, said: () => text }
}

async function deadPort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise(resolve => server.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : 0
}

/** Every byte in the files of a folder. */
const allOf = (folder: string): string =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map(name => join(folder, name))
    .filter(path => statSync(path).isFile())
    .map(path => readFileSync(path, 'latin1'))
    .join('\n')

const get = (url: string, path: string, headers: Record<string, string>, method = 'GET', body = '') =>
  new Promise<string>((resolve, reject) => {
    request(`${url}${path}`, { method, headers }, reply => {
      let text = `${reply.statusCode} ${JSON.stringify(reply.headers)} `
      reply.on('data', chunk => {
        text += chunk
      })
      reply.on('end', () => resolve(text))
    })
      .on('error', reject)
      .end(body)
  })

const found = (text: string, secrets: Readonly<Record<string, string>>) =>
  Object.entries(secrets).flatMap(([name, secret]) => {
    const at = text.indexOf(secret)
    return at < 0 ? [] : [`${name}: …${text.slice(Math.max(0, at - 120), at + 40)}…`]
  })

test('no secret comes out of a server: log, audit, answers, problems, metrics, traces, what is stored, config show', async () => {
  const folder = await temporaryFolder('secrets')
  const dead = `127.0.0.1:${await deadPort()}`
  const key = newApiKey('reader', null, 0)
  const keysFile = join(folder, 'keys.json')
  changeKeys(keysFile, () => [key.key])
  const receiver = await otlpReceiver()
  const jwt = `eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzZWNyZXQifQ.${'c2lnbmF0dXJlLW9m'.repeat(3)}`
  const secrets = {
    key: key.text.split('_')[2] ?? '',
    hash: key.key.sha256,
    wrongKey: 'e'.repeat(64),
    jwt: jwt.split('.')[2] ?? '',
    jwksPassword: 'pw-of-jwks-41',
    titusPassword: 'pw-of-titus-42',
    signature: 'signature-of-ranges-43',
    awsSecret: 'aws-secret-44',
    awsSession: 'aws-session-45',
    externalId: 'external-id-46',
    storePassword: 'pw-of-store-47',
    otlpHeader: 'otlp-key-48',
    otlpQuery: 'otlp-query-49',
    cookie: 'cookie-50',
  }
  const bounds = { pollSeconds: 1, fastestPollSeconds: 1 }
  const config = {
    api: {
      port: 0,
      keysFile,
      audit: true,
      oidcIssuer: 'https://login.example.net/',
      oidcAudience: 'whohad',
      oidcJwksUrl: `http://whohad:${secrets.jwksPassword}@${dead}/jwks`,
    },
    log: { level: 'debug' },
    ec2: [
      {
        account: '123456789012',
        region: 'us-east-1',
        endpoint: `http://${dead}`,
        stsEndpoint: `http://${dead}`,
        roleArn: 'arn:aws:iam::123456789012:role/reader',
        externalId: secrets.externalId,
        ...bounds,
      },
    ],
    titus: [
      {
        name: 'main',
        url: `http://whohad:${secrets.titusPassword}@${dead}`,
        covers: [{ domain: 'prod', prefix: '10.0.0.0/8' }],
        ...bounds,
      },
    ],
    awsRanges: { url: `http://${dead}/ip-ranges.json?X-Amz-Signature=${secrets.signature}`, ...bounds },
    tracing: { otlpUrl: `${receiver.url}?key=${secrets.otlpQuery}` },
  }
  writeFileSync(join(folder, 'whohad.yaml'), stringify(config))
  const env = {
    AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
    AWS_SECRET_ACCESS_KEY: secrets.awsSecret,
    AWS_SESSION_TOKEN: secrets.awsSession,
    WHOHAD_CLICKHOUSE__PASSWORD: secrets.storePassword,
    OTEL_EXPORTER_OTLP_HEADERS: `api-key=${secrets.otlpHeader}`,
  }
  const up = run(['up', '--data', join(folder, 'data')], folder, env)
  const url = await expect
    .poll(() => /listens on (\S+) /.exec(up.said())?.[1] ?? '', { timeout: 90_000 })
    .toMatch(/^http/)
    .then(() => /listens on (\S+) /.exec(up.said())?.[1] ?? '')
  const good = { authorization: `Bearer ${key.text}`, cookie: `session=${secrets.cookie}` }
  // Each of the three sources has failed at least once, and so has the exchange for the role.
  await expect
    .poll(() => (up.said().match(/"source":"(ec2|titus|aws-ranges)[^}]*poll refused/g) ?? []).length, {
      timeout: 60_000,
    })
    .toBeGreaterThan(5)
  const replies: string[] = []
  for (const headers of [
    good,
    { authorization: `Bearer whk_${key.key.id}_${secrets.wrongKey}` },
    { authorization: `Bearer ${jwt}` },
    { authorization: `Basic ${secrets.wrongKey}` },
  ]) {
    for (const path of [
      '/v1/whohad?ip=10.0.0.1&domain=prod',
      '/v1/coverage',
      '/v1/changes',
      '/v1/graph',
      '/readyz',
      '/metrics',
      '/openapi.json',
      '/v1/whohad?ip=nonsense',
      '/v1/nowhere',
    ])
      replies.push(await get(url, path, headers))
    const csv = { ...headers, 'content-type': 'text/csv' }
    replies.push(await get(url, '/v1/whohad', csv, 'POST', 'ip\n10.0.0.1\nx\n'))
    replies.push(await get(url, `/v1/coverage?key=${secrets.wrongKey}`, headers))
  }
  expect(new Set(replies.map(text => text.slice(0, 3)))).toEqual(new Set(['200', '400', '401', '404', '503']))
  up.child.kill('SIGTERM')
  const { code, text: log } = await up.ended
  const shown = await run(['config', 'show'], folder, env).ended
  const shownJson = await run(['config', 'show', '--json'], folder, env).ended
  await receiver.close()
  expect([code, shown.code, shownJson.code]).toEqual([0, 0, 0])
  expect(log).toContain('"audit"')
  expect(receiver.spans.length).toBeGreaterThan(0)
  // Only what the receiver is sent by way of its own URL and headers.
  const spans = receiver.spans.map(span => JSON.stringify(span)).join('\n')
  const leaks = Object.entries({
    log,
    replies: replies.join('\n'),
    spans,
    shown: shown.text + shownJson.text,
    stored: allOf(join(folder, 'data')),
  }).flatMap(([where, text]) => found(text, secrets).map(leak => `${where}: ${leak}`))
  expect(leaks).toEqual([])
}, 300_000)

test('no secret is in what a start says that fails', async () => {
  const folder = await temporaryFolder('secrets-start')
  const dead = `127.0.0.1:${await deadPort()}`
  const secrets = {
    password: 'pw-of-kafka-1',
    registry: 'pw-of-registry-2',
    url: 'pw-of-url-3',
    store: 'pw-of-store-4',
  }
  const starts: Readonly<Record<string, string>>[] = [
    {
      WHOHAD_KAFKA__BROKERS: dead,
      WHOHAD_KAFKA__SASL_MECHANISM: 'scram-sha-512',
      WHOHAD_KAFKA__SASL_USERNAME: 'whohad',
      WHOHAD_KAFKA__SASL_PASSWORD: secrets.password,
      WHOHAD_KAFKA__SCHEMA_REGISTRY_URL: `http://${dead}`,
      WHOHAD_KAFKA__SCHEMA_REGISTRY_USERNAME: 'whohad',
      WHOHAD_KAFKA__SCHEMA_REGISTRY_PASSWORD: secrets.registry,
    },
    { WHOHAD_CLICKHOUSE__URL: `http://whohad:${secrets.url}@${dead}`, WHOHAD_CLICKHOUSE__PASSWORD: secrets.store },
    // What is wrong with a key is told without its value.
    { WHOHAD_KAFKA__SASL_PASSWORD: secrets.password, WHOHAD_CLICKHOUSE__DATABASE: 'no such name' },
  ]
  for (const env of starts) {
    const { code, text } = await run(['up', '--port', '0', '--data', join(folder, 'data')], folder, env).ended
    expect(code, text).not.toBe(0)
    expect(text).toMatch(/WHOHAD_/)
    expect(found(text, secrets)).toEqual([])
  }
}, 300_000)
