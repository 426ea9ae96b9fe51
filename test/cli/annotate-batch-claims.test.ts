import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fetchBundle } from '../../src/changestream/bundle/fetch-bundle.ts'
import { annotate } from '../../src/cli/annotate-command.ts'
import type { AnnotateOptions } from '../../src/cli/annotate-run.ts'
import { exportClaims } from '../../src/cli/claims-command.ts'
import { overHttp } from '../../src/cli/claims-places.ts'
import { withDomainRules } from '../../src/cli/domain-rules.ts'
import { loadSettings, type Settings } from '../../src/cli/settings.ts'
import { FAKE_CREDENTIALS, PROJECT } from '../support/cli.ts'
import { dataFolder } from '../support/cli-data.ts'
import { temporaryFolder } from '../support/clickhouse-folder.ts'
import { type S3Wire, startS3Wire, WIRE_BUCKET } from '../support/s3-wire.ts'

const LOG = join(PROJECT, 'test/golden/flow-logs/v3-tcp-flags.log')

let settings: Settings
let elsewhere: Settings
let bundle: string
let wire: S3Wire
let server: Server
let url: string
/** What the server does instead of giving the file. */
let instead: RequestListener | undefined
let asked: string[] = []
beforeAll(async () => {
  Object.assign(process.env, FAKE_CREDENTIALS)
  settings = loadSettings({}, { overrides: { data: { path: await dataFolder() } } })
  elsewhere = loadSettings({}, { overrides: { data: { path: join(await temporaryFolder('empty'), 'none') } } })
  bundle = join(await temporaryFolder('bundle'), 'owners')
  await exportClaims(settings, { out: bundle, signal: new AbortController().signal })
  wire = await startS3Wire()
  server = createServer((request, response) => {
    asked.push(request.url ?? '')
    if (instead) return instead(request, response)
    const path = new URL(request.url ?? '', 'http://x').pathname.replace(/^\/(team|large)\/owners\//, '')
    if (!readdirSync(bundle).includes(path)) return response.writeHead(404).end()
    return response.end(readFileSync(join(bundle, path)))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/team/owners`
})
afterAll(async () => {
  await wire.close()
  server.closeAllConnections()
  await new Promise(resolve => server.close(resolve))
})

const COMMON = {
  ...({ as: 'ndjson', gzip: false, again: false, sightings: false, slackSeconds: 60, jobs: 1 } as const),
  untilStopped: () => new AbortController().signal,
}
let made = 0
async function annotated(options: Partial<AnnotateOptions>, given: Settings = elsewhere): Promise<string> {
  const out = join(await temporaryFolder('claims'), `out-${made++}`)
  expect(await annotate([LOG], given, { ...COMMON, out, ...options })).toBe(0)
  return readFileSync(join(out, 'v3-tcp-flags.ndjson'), 'utf8')
}
const leftovers = () => readdirSync(tmpdir()).filter(name => name.startsWith('whohad-fetched-'))

describe('claims of a bundle that is elsewhere', () => {
  test('answer as those of the folder, by http and from a bucket, by its folder or by bundle.json', async () => {
    const before = leftovers()
    const expected = await annotated({ claims: bundle })
    expect(expected).toContain('"state":"owned"')
    for (const name of readdirSync(bundle)) wire.objects.set(`a/owners/${name}`, readFileSync(join(bundle, name)))
    const s3 = { region: 'us-east-1', endpoint: wire.endpoint }
    for (const ending of ['', '/', '/bundle.json']) {
      expect(await annotated({ claims: `${url}${ending}` })).toBe(expected)
      expect(await annotated({ claims: `s3://${WIRE_BUCKET}/a/owners${ending}`, ...s3 })).toBe(expected)
    }
    expect(leftovers()).toEqual(before)
  })

  test('what lets us in goes with every file, and into no message', async () => {
    asked = []
    await annotated({ claims: `${url}/?sig=secret` })
    expect(asked).toHaveLength(5)
    expect(asked.every(path => path.endsWith('?sig=secret'))).toBe(true)
    instead = (_, response) => response.writeHead(403).end()
    const refused = annotated({ claims: `${url}/?sig=secret` })
    await expect(refused).rejects.toMatchObject({ code: 'WHOHAD_BUNDLE_REFUSED', kind: 'failure' })
    await expect(refused).rejects.not.toThrow(/secret/)
    instead = undefined
    const named = annotated({ claims: url.replace('//', '//me:pass@') })
    await expect(named).rejects.toMatchObject({ code: 'WHOHAD_USAGE' })
    await expect(named).rejects.not.toThrow(/pass@/)
  })

  test.for<[string, string, RequestListener]>([
    ['a server that fails', 'WHOHAD_BUNDLE_UNREACHABLE', (_, reply) => reply.writeHead(503).end()],
    ['a broken connection', 'WHOHAD_BUNDLE_UNREACHABLE', request => request.socket.destroy()],
    ['nothing there', 'WHOHAD_BUNDLE_MISSING', (_, reply) => reply.writeHead(404).end()],
    ['a page about something else', 'WHOHAD_BUNDLE_MISSING', (_, reply) => reply.end('<html>')],
    ['another format', 'WHOHAD_BUNDLE_OTHER_VERSION', (_, reply) => reply.end('{"format":99}')],
    ['no tables', 'WHOHAD_BUNDLE_DAMAGED', (_, reply) => reply.end('{"format":1,"tables":{}}')],
    ['a bundle.json without end', 'WHOHAD_BUNDLE_DAMAGED', (_, reply) => reply.end(Buffer.alloc(2 ** 21, '{'))],
    [
      'a table that is longer than it says',
      'WHOHAD_BUNDLE_DAMAGED',
      (request, reply) =>
        reply.end(request.url?.endsWith('.json') ? readFileSync(join(bundle, 'bundle.json')) : Buffer.alloc(2 ** 24)),
    ],
    [
      'a table that is cut short',
      'WHOHAD_BUNDLE_DAMAGED',
      (request, reply) =>
        reply.end(request.url?.endsWith('.json') ? readFileSync(join(bundle, 'bundle.json')) : 'PAR1'),
    ],
  ])('%s is %s, and leaves nothing behind', async ([, code, listener]) => {
    const before = leftovers()
    instead = listener
    await expect(annotated({ claims: url })).rejects.toMatchObject({ code })
    instead = undefined
    expect(leftovers()).toEqual(before)
  })

  test('a server that falls silent is given up, before its reply and within it', async () => {
    const folder = () => temporaryFolder('silent')
    instead = () => {}
    const silent = { code: 'WHOHAD_BUNDLE_UNREACHABLE', message: expect.stringContaining('nothing came for 0.2 s') }
    await expect(fetchBundle(overHttp(url, 200), await folder())).rejects.toMatchObject(silent)
    instead = (_, response) => response.writeHead(200).write('{')
    await expect(fetchBundle(overHttp(url, 200), await folder())).rejects.toMatchObject(silent)
    instead = undefined
  })

  test('one that is too large is not begun', async () => {
    // At a place of its own: what was given up before may reach the server only now.
    const large = url.replace('/team/', '/large/')
    const tooLarge = fetchBundle(overHttp(large), await temporaryFolder('large'), { mostBytes: 100 })
    await expect(tooLarge).rejects.toMatchObject({ code: 'WHOHAD_BUNDLE_TOO_LARGE' })
    expect(asked.filter(path => path.startsWith('/large/'))).toHaveLength(1)
  })

  test('a bucket without it says so', async () => {
    const claims = `s3://${WIRE_BUCKET}/nowhere`
    const given = annotated({ claims, region: 'us-east-1', endpoint: wire.endpoint })
    await expect(given).rejects.toMatchObject({ code: 'WHOHAD_BUNDLE_MISSING' })
  })
})

describe('domain rules of a run', () => {
  const RULES = [{ domain: 'prod', vpc: 'vpc-abcdefab012345678', until: '2030-01-01T00:00:00Z' }]

  test('from a file as YAML or JSON, or as they are; alone, or with reaches', async () => {
    const folder = await temporaryFolder('rules')
    const yaml = join(folder, 'rules.yaml')
    const json = join(folder, 'rules.json')
    writeFileSync(yaml, "- domain: prod\n  vpc: vpc-abcdefab012345678\n  until: '2030-01-01T00:00:00Z'\n")
    writeFileSync(json, JSON.stringify({ domains: RULES, reach: [{ from: 'prod', to: 'lab' }] }))
    const routed = withDomainRules(settings, json)
    expect(withDomainRules(settings, yaml)).toEqual({ ...settings, domains: RULES })
    expect(withDomainRules(settings, JSON.stringify(RULES))).toEqual({ ...settings, domains: RULES })
    expect(withDomainRules(routed, '[]')).toEqual({ ...routed, domains: [] })
    expect(routed.reach).toEqual([{ from: 'prod', to: 'lab', via: 'declared', bothWays: true }])
    expect(withDomainRules(settings, undefined)).toBe(settings)
  })

  test.for([
    ['[{domian: prod}]', /unknown key domains\.0\.domian/],
    ['[{domain: prod, since: yesterday}]', /domains\.0 \(prod\): "yesterday" is not a time/],
    ['{reach: []}', /neither a list of rules nor a key "domains"/],
    ['{domains: [], kafka: {}}', /unknown key kafka/],
    ['[{domain: prod}', /command line/],
    ['/nowhere/rules.yaml', /ENOENT/],
  ] as const)('%s is refused', ([given, said]) => {
    const refusal = expect.objectContaining({
      code: 'WHOHAD_DOMAIN_RULES_INVALID',
      kind: 'usage',
      message: expect.stringMatching(said),
    })
    expect(() => withDomainRules(settings, given)).toThrow(refusal)
  })

  test('give addresses the domain that they are asked in, and make an output again', async () => {
    const folder = await temporaryFolder('ruled')
    const [log, out] = [join(folder, 'x.log'), join(folder, 'out')]
    const header = 'account-id interface-id vpc-id region srcaddr dstaddr start end'
    writeFileSync(log, `${header}\n123456789012 eni-0 vpc-0 us-east-1 10.0.0.1 10.0.0.2 1566848875 1566848933\n`)
    const domainOf = async (options: Partial<AnnotateOptions>) => {
      await annotate([log], elsewhere, { ...COMMON, claims: bundle, out, ...options })
      return JSON.parse(readFileSync(join(out, 'x.ndjson'), 'utf8')).source.domain
    }
    expect(await domainOf({})).toBe('vpc-0')
    expect(await domainOf({ domainRules: JSON.stringify([{ domain: 'ours', account: '123456789012' }]) })).toBe('ours')
    expect(await domainOf({ domainRules: JSON.stringify([{ domain: 'ours', account: '210987654321' }]) })).toBe('vpc-0')
  })
})
