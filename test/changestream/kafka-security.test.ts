import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import type { RunningKafka, SecuredAccess } from '../../scripts/kafka.mjs'
import { iamToken } from '../../src/changestream/kafka/iam-token.ts'
import { openKafkaLog } from '../../src/changestream/kafka/kafka-log.ts'
import { clientCredentials } from '../../src/changestream/kafka/oauth-token.ts'
import { isLoopback, type KafkaLogin, type KafkaSecurity } from '../../src/changestream/kafka/security.ts'
import { WhohadError } from '../../src/runtime/errors.ts'
import { progressOf } from '../support/changes.ts'
import { hasKafkaWithOptions, keptReport, startKafkaForTests } from '../support/kafka.ts'

const folder = mkdtempSync(join(tmpdir(), 'whohad-security-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const fileWith = (name: string, text: string) => {
  const file = join(folder, name)
  writeFileSync(file, text)
  return file
}
const { report } = keptReport()

describe('without asking any broker', () => {
  test.each([
    ['127.0.0.1:9092', true],
    ['localhost:9092', true],
    ['127.8.9.1:9092', true],
    ['10.0.0.1:9092', false],
    ['kafka:9092', false],
    ['localhost.example.net:9092', false],
    ['127.0.0.1.example.net:9092', false],
  ])('%s is loopback: %s', (broker, expected) => expect(isLoopback(broker)).toBe(expected))

  test('a broker beyond loopback is not spoken to without TLS, unless that is said', async () => {
    const brokers = ['127.0.0.1:1', '192.0.2.1:9092']
    const open = (security: KafkaSecurity) => openKafkaLog({ brokers, partitions: 1, report, security })
    await expect(open({ tls: false })).rejects.toMatchObject({
      code: 'WHOHAD_KAFKA_INSECURE',
      message: expect.stringMatching(/192\.0\.2\.1:9092.*kafka\.insecure/),
    })
  })

  test('a file that is missing, or is not PEM, is named with its key', async () => {
    const open = (security: KafkaSecurity) =>
      openKafkaLog({ brokers: ['127.0.0.1:1'], partitions: 1, report, security: { tls: true, ...security } })
    await expect(open({ caFile: join(folder, 'none.pem') })).rejects.toMatchObject({
      code: 'WHOHAD_KAFKA_FILE_UNREADABLE',
      message: expect.stringMatching(/none\.pem.*kafka\.tlsCaFile.*ENOENT/),
    })
    await expect(open({ caFile: fileWith('text.pem', 'hello') })).rejects.toMatchObject({
      message: expect.stringMatching(/kafka\.tlsCaFile.*not PEM/),
    })
  })
})

/** A token endpoint on loopback; `answer` says what it does with the next request. */
async function startTokenEndpoint(answer: (request: IncomingMessage, body: string, response: ServerResponse) => void) {
  let asked = 0
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', chunk => (body += chunk))
    request.on('end', () => {
      asked++
      answer(request, body, response)
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/oauth/token`
  return {
    url,
    asked: () => asked,
    stop: () => {
      server.closeAllConnections()
      return new Promise<void>(resolve => server.close(() => resolve()))
    },
  }
}

const json = (response: ServerResponse, status: number, body: unknown) => {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}

describe('the client-credentials flow', () => {
  let endpoint: Awaited<ReturnType<typeof startTokenEndpoint>> | undefined
  afterEach(() => endpoint?.stop())

  test('asks once while the token holds, with the client’s credentials, and again when it has nearly expired', async () => {
    const requests: { authorization: string | undefined; body: string }[] = []
    let life = 3600
    endpoint = await startTokenEndpoint(({ headers }, body, response) => {
      requests.push({ authorization: headers.authorization, body })
      json(response, 200, { access_token: `token-${requests.length}`, expires_in: life, token_type: 'bearer' })
    })
    const token = clientCredentials({
      url: endpoint.url,
      clientId: 'who had:1',
      clientSecret: { file: fileWith('secret', 'pa:ss+wört\n') },
      scope: 'kafka claims',
    })
    expect(await Promise.all([token(), token()])).toEqual(['token-1', 'token-1'])
    expect(await token()).toBe('token-1')
    const encoded = Buffer.from('who+had%3A1:pa%3Ass%2Bw%C3%B6rt').toString('base64')
    expect(requests).toEqual([
      { authorization: `Basic ${encoded}`, body: 'grant_type=client_credentials&scope=kafka+claims' },
    ])
    life = 0.000_001
    const brief = clientCredentials({ url: endpoint.url, clientId: 'a', clientSecret: { value: 'b' } })
    expect(await brief()).toBe('token-2')
    expect(await brief()).toBe('token-3')
  })

  test('a token that still holds serves while the endpoint cannot give the next one', async () => {
    let replies = 0
    endpoint = await startTokenEndpoint((_, __, response) =>
      replies++ === 0 ? json(response, 200, { access_token: 'first', expires_in: 60 }) : json(response, 503, {}),
    )
    const token = clientCredentials({ url: endpoint.url, clientId: 'a', clientSecret: { value: 'b' } })
    expect(await token()).toBe('first')
    const now = performance.now()
    vi.spyOn(performance, 'now').mockImplementation(() => now + 55_000)
    expect(await token()).toBe('first')
    vi.spyOn(performance, 'now').mockImplementation(() => now + 61_000)
    await expect(token()).rejects.toMatchObject({ code: 'WHOHAD_KAFKA_TOKEN_UNAVAILABLE' })
    vi.restoreAllMocks()
    expect(endpoint.asked()).toBe(3)
  })

  test.each([
    ['status 401, invalid_client', 401, { error: 'invalid_client', error_description: 'tell-tale' }],
    ['status 500', 500, 'tell-tale'],
    ['no access_token', 200, { token: 'tell-tale' }],
  ])('a refusal says %s, and nothing that was sent or received', async (sentence, status, body) => {
    endpoint = await startTokenEndpoint((_, __, response) => json(response, status, body))
    const url = `${endpoint.url}?key=tell-tale`
    const failure = await clientCredentials({ url, clientId: 'a', clientSecret: { value: 'tell-tale' } })().catch(
      e => e,
    )
    expect(failure).toMatchObject({
      code: 'WHOHAD_KAFKA_TOKEN_UNAVAILABLE',
      message: expect.stringContaining(sentence),
    })
    expect(everythingOf(failure)).not.toContain('tell-tale')
  })

  test('no redirect is followed with the secret', async () => {
    const elsewhere = await startTokenEndpoint((_, __, response) =>
      json(response, 200, { access_token: 'a', expires_in: 60 }),
    )
    endpoint = await startTokenEndpoint((_, __, response) => response.writeHead(307, { location: elsewhere.url }).end())
    const token = clientCredentials({ url: endpoint.url, clientId: 'a', clientSecret: { value: 'b' } })
    await expect(token()).rejects.toMatchObject({ code: 'WHOHAD_KAFKA_TOKEN_UNAVAILABLE' })
    expect(endpoint.asked()).toBe(1)
    expect(elsewhere.asked()).toBe(0)
    await elsewhere.stop()
  })
})

describe.skipIf(!hasKafkaWithOptions())('a real broker with TLS and SASL', () => {
  let kafka: RunningKafka
  let access: SecuredAccess
  beforeAll(async () => {
    kafka = await startKafkaForTests({ secured: true })
    if (!kafka.secured) throw new Error('the broker has no secured listeners')
    access = kafka.secured
  }, 180_000)
  afterAll(() => kafka?.stop())

  /** Opens, writes, reads back. Returns all that the client said meanwhile. */
  const roundTrip = async (brokers: readonly string[], security: KafkaSecurity) => {
    const kept = keptReport()
    const topic = `whohad.test.${randomUUID()}`
    const options = { brokers, topic, partitions: 1, report: kept.report, security }
    let failure: unknown
    try {
      const log = await openKafkaLog(options)
      await log.append([progressOf('ec2/a', 1, 7)])
      const read: unknown[] = []
      for await (const batch of log.read({ follow: false, signal: new AbortController().signal })) {
        read.push(...batch.map(({ change }) => change))
      }
      await log.close()
      expect(read).toEqual([progressOf('ec2/a', 1, 7)])
    } catch (error) {
      failure = error
    }
    return { failure, said: kept.said }
  }
  const works = async (brokers: readonly string[], security: KafkaSecurity) => {
    const { failure, said } = await roundTrip(brokers, security)
    expect(failure).toBeUndefined()
    expect(everythingOf(said)).not.toContain(access.password)
  }
  const fails = async (brokers: readonly string[], security: KafkaSecurity, code: string, message: RegExp) => {
    const { failure, said } = await roundTrip(brokers, security)
    expect(failure).toMatchObject({ code, message: expect.stringMatching(message) })
    for (const secret of [access.password, WRONG]) {
      expect(everythingOf(failure)).not.toContain(secret)
      expect(everythingOf(said)).not.toContain(secret)
    }
  }
  const WRONG = 'wr0ng-tell-tale'
  const tls = () => ({ tls: true, caFile: access.caFile })
  const certificate = () => ({ certFile: access.certFile, keyFile: access.keyFile })
  const login = (mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512', password = access.password): KafkaLogin => ({
    mechanism,
    username: access.username,
    password: { value: password },
  })

  test('TLS with a client certificate', () => works(access.mutualTls, { ...tls(), ...certificate() }))

  test('TLS by the broker’s name as well as by its address', () =>
    works([access.mutualTls[0]?.replace('127.0.0.1', 'localhost') ?? ''], { ...tls(), ...certificate() }))

  test('a broker that asks for a certificate refuses who has none', () =>
    fails(access.mutualTls, tls(), 'WHOHAD_KAFKA_TLS_FAILED', /kafka\.tlsCertFile/))

  test('an authority that is not known is refused, by the client', () =>
    fails(
      access.mutualTls,
      { tls: true, ...certificate() },
      'WHOHAD_KAFKA_TLS_FAILED',
      /certificate.*kafka\.tlsCaFile/,
    ))

  test('TLS asked of a plain listener fails with a sentence about TLS', () =>
    fails(kafka.brokers, tls(), 'WHOHAD_KAFKA_TLS_FAILED', /kafka\.tls/))

  test('plain text sent to a TLS listener fails with a sentence about TLS', () =>
    fails(access.mutualTls, { tls: false }, 'WHOHAD_KAFKA_TLS_FAILED', /speaks TLS/))

  test.each(['plain', 'scram-sha-256', 'scram-sha-512'] as const)('%s lets in who knows the password', mechanism =>
    works(access.sasl, { ...tls(), login: login(mechanism) }),
  )

  test.each(['plain', 'scram-sha-256', 'scram-sha-512'] as const)('%s refuses a wrong password', mechanism =>
    fails(
      access.sasl,
      { ...tls(), login: login(mechanism, WRONG) },
      'WHOHAD_KAFKA_LOGIN_REFUSED',
      new RegExp(mechanism, 'i'),
    ),
  )

  test('a password comes from a file, its last line break aside', async () => {
    const password = { file: fileWith('password', `${access.password}\n`) }
    await works(access.sasl, { ...tls(), login: { mechanism: 'scram-sha-512', username: access.username, password } })
  })

  test('a listener with a login refuses who brings none, with a hint', () =>
    fails(access.sasl, tls(), 'WHOHAD_KAFKA_UNREACHABLE', /kafka\.saslMechanism/))

  test('OAUTHBEARER with a token of the client-credentials flow', async () => {
    const endpoint = await startTokenEndpoint((_, __, response) =>
      json(response, 200, { access_token: unsecuredToken('whohad'), expires_in: 600 }),
    )
    const token = clientCredentials({ url: endpoint.url, clientId: 'whohad', clientSecret: { value: WRONG } })
    await works(access.sasl, { ...tls(), login: { mechanism: 'oauthbearer', token } })
    expect(endpoint.asked()).toBe(1)
    await endpoint.stop()
  })

  test('OAUTHBEARER: a token that the broker refuses, and a token endpoint that gives none', async () => {
    const token = async () => unsecuredToken('whohad', -60)
    await fails(
      access.sasl,
      { ...tls(), login: { mechanism: 'oauthbearer', token } },
      'WHOHAD_KAFKA_LOGIN_REFUSED',
      /OAUTHBEARER: the broker says invalid_token/,
    )
    const endpoint = await startTokenEndpoint((_, __, response) => json(response, 401, { error: 'invalid_client' }))
    const refused = clientCredentials({ url: endpoint.url, clientId: 'whohad', clientSecret: { value: WRONG } })
    await fails(
      access.sasl,
      { ...tls(), login: { mechanism: 'oauthbearer', token: refused } },
      'WHOHAD_KAFKA_TOKEN_UNAVAILABLE',
      /401, invalid_client/,
    )
    await endpoint.stop()
  })

  test('a token signed for Amazon MSK is sent whole: a broker that only knows other tokens says so', () => {
    const credentials = async () => ({ accessKeyId: 'AKIDEXAMPLE', secretAccessKey: WRONG })
    const login: KafkaLogin = { mechanism: 'oauthbearer', token: iamToken({ region: 'eu-west-1', credentials }) }
    return fails(
      access.sasl,
      { ...tls(), login },
      'WHOHAD_KAFKA_LOGIN_REFUSED',
      /OAUTHBEARER: the broker says invalid_token/,
    )
  })

  test('credentials that are not there are said as such, and no login is tried', () => {
    const credentials = () => Promise.reject(new Error('no role here'))
    const login: KafkaLogin = { mechanism: 'oauthbearer', token: iamToken({ region: 'eu-west-1', credentials }) }
    return fails(access.sasl, { ...tls(), login }, 'WHOHAD_KAFKA_CREDENTIALS_UNAVAILABLE', /eu-west-1: no role here/)
  })
})

/** An unsigned JWS, which Kafka's own development validator takes. */
function unsecuredToken(subject: string, lifeSeconds = 600): string {
  const now = Date.now() / 1000
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part({ alg: 'none' })}.${part({ sub: subject, iat: now - 120, exp: now + lifeSeconds })}.`
}

/** Messages, stacks, fields and causes, as a careless log would write them. */
function everythingOf(value: unknown): string {
  if (!(value instanceof Error)) return JSON.stringify(value)
  const own = JSON.stringify(Object.entries(value))
  return [
    value.message,
    value.stack,
    own,
    value instanceof WhohadError || value.cause ? everythingOf(value.cause) : '',
  ].join('\n')
}
