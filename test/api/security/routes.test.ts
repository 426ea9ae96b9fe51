import { afterAll, beforeAll, expect, test } from 'vitest'
import { listen } from '../../../src/api/listen.ts'
import { newApiKey } from '../../../src/api/security/api-key.ts'
import type { Security } from '../../../src/api/security/gate.ts'
import { loginBy } from '../../../src/api/security/login.ts'
import { createOwnershipIndex } from '../../../src/ownership/ownership-index.ts'
import { systemClock } from '../../../src/runtime/clock.ts'
import type { Traffic } from '../../../src/store/port.ts'
import { testApi } from '../../support/api.ts'
import { memoryLog } from '../../support/enricher-bench.ts'
import { owner, TestSource } from '../../support/estate.ts'

const START_MS = 1_700_000_000_000
const at = (seconds: number) => START_MS + seconds * 1000
const NOW_MS = at(1000)

const narrow = newApiKey('narrow', ['seen'], 0)
const wide = newApiKey('wide', null, 0)
const keys = { find: (text: string) => [narrow, wide].find(made => made.text === text)?.key }
const security: Security = {
  login: loginBy({ keys, tokens: undefined }),
  openMetrics: false,
  openPage: false,
  requestsPerMinute: 0,
  corsOrigins: [],
  audit: false,
  report: { requestRefused: () => {}, lookedUp: () => {} },
}

/** Traffic within `seen`, within `hidden`, between both, and of each with the internet; of the first two alike. */
const TRAFFIC = ['seen seen', 'hidden hidden', 'seen hidden', 'seen inet.0', 'hidden inet.0'].map(
  (pair, i): Traffic => {
    const [source = '', destination = ''] = pair.split(' ')
    const end = (domain: string) =>
      ({ domain, state: domain === 'inet.0' ? 'external' : 'owned', name: `${domain}-app`, middle: null }) as const
    const sums = { flows: 1, bytes: 100 - i, packets: 1, rejectedFlows: 0, rejectedBytes: 0 }
    return { source: end(source), destination: end(destination), ...sums }
  },
)

/** What the other end of a record is where no source watches it. */
const NOWHERE = { domain: '', state: 'unknown', name: '', middle: null } as const

/** The same estate with the domain `hidden` or without: one source sees it alone, another sees parts of both. */
async function estate(hasHidden: boolean) {
  const index = createOwnershipIndex()
  const bounds = { longestGapMs: 150_000 }
  const extra = (...domains: string[]) => (hasHidden ? domains : [])
  const seen = new TestSource(index, { source: 'test/seen', bounds, covered: ['seen 10.0.0.0/16'] })
  const both = new TestSource(index, {
    source: 'test/both',
    bounds,
    covered: ['seen 10.1.0.0/16', ...extra('hidden 10.1.0.0/16')],
  })
  const hidden = new TestSource(index, { source: 'test/hidden', bounds, covered: ['hidden 10.0.0.0/8'] })
  const app = (domain: string) => owner('shared', `${domain}-i`)
  for (const seconds of [100, 200, 300]) {
    const times = [at(seconds), at(seconds) + 50] as const
    seen.poll(...times, [{ address: '10.0.0.5', owner: app('seen'), domain: 'seen' }])
    both.poll(...times, [
      { address: '10.1.0.5', owner: app('seen'), domain: 'seen' },
      ...(hasHidden ? [{ address: '10.1.0.6', owner: app('hidden'), domain: 'hidden' }] : []),
    ])
    if (hasHidden)
      hidden.poll(...times, [{ address: '10.0.0.6', owner: owner('secret-app', 'secret-i'), domain: 'hidden' }])
  }
  both.refuse('size-drop')
  const log = memoryLog()
  await log.append([...seen.changes, ...both.changes, ...hidden.changes])
  const { app: api } = await testApi({
    ask: question => index.ask(question),
    index,
    log,
    generation: () => index.generation(),
    clock: { now: () => NOW_MS, sleep: systemClock.sleep },
    store: {
      traffic: async ({ domains, most }) =>
        TRAFFIC.filter(({ source }) => hasHidden || source.domain !== 'hidden')
          .map(part => (hasHidden || part.destination.domain !== 'hidden' ? part : { ...part, destination: NOWHERE }))
          .filter(
            ({ source, destination }) =>
              domains === undefined || domains.includes(source.domain) || domains.includes(destination.domain),
          )
          .slice(0, most),
      captureGaps: async ({ status, domain, domains }) =>
        (hasHidden ? [['seen'], ['hidden'], []] : [['seen']])
          .filter(of => domain === undefined || of.includes(domain))
          .filter(of => domains === undefined || (of.length > 0 && of.every(one => domains.includes(one))))
          .map(of => ({
            ...({ status, account: '123456789012', recorder: `eni-${of[0] ?? 'somewhere'}`, domains: of } as const),
            ...{ fromMs: 1000, untilMs: 2000, lines: 1 },
          })),
    },
    ready: async () => ({
      ready: true,
      now: new Date(NOW_MS).toISOString(),
      checks: [
        { name: 'store', ok: true, detail: hasHidden ? 'at 10.9.9.9' : 'elsewhere' },
        ...index.sources().map(({ source }) => ({ name: `source ${source.source}`, ok: true, detail: 'late' })),
      ],
      sources: index.sources().map(({ source, refused }) => ({
        source: source.source,
        kind: source.kind,
        completeUpTo: null,
        behindSeconds: null,
        staleAfterSeconds: 150,
        stale: false,
        removedAt: null,
        refused: refused && { ...refused, detail: hasHidden ? 'in hidden' : 'in seen', mend: 'accept' },
      })),
    }),
    security,
  })
  const { url } = await listen(api, { host: '127.0.0.1', port: 0 })
  return { url, close: () => api.close() }
}

type Estate = Awaited<ReturnType<typeof estate>>
let withHidden: Estate
let without: Estate
beforeAll(async () => {
  withHidden = await estate(true)
  without = await estate(false)
}, 60_000)
afterAll(() => Promise.all([withHidden.close(), without.close()]))

type Asked = { readonly path: string; readonly body?: string; readonly type?: string; readonly accept?: string }
const queries = (path: string, ...all: string[]): Asked[] => all.map(query => ({ path: `${path}?${query}` }))
const LOOK_UPS = [
  ...['hidden', 'nowhere', 'seen', 'inet.0'].flatMap(domain => [
    `ip=10.0.0.6&domain=${domain}&at=${at(150)}`,
    `ip=10.1.0.6&domain=${domain}&at=${at(150)}`,
    `ip=10.0.0.5&domain=${domain}&from=${at(120)}&to=${at(250)}`,
  ]),
  // Without a domain: where only `hidden` has the address, where both have it, where neither does.
  ...['10.200.0.1', '10.1.0.6', '10.0.0.5', '192.168.0.1', '8.8.8.8'].map(ip => `ip=${ip}&at=${at(150)}`),
]
const LINES = ['10.0.0.6,hidden', '10.0.0.6,nowhere', '10.0.0.5,seen', '10.200.0.1,', '10.1.0.6,', '10.0.0.5,']

/** Requests to every route of the API; a route that is new has to be thought about here. */
const REQUESTS: Readonly<Record<string, readonly Asked[]>> = {
  'get /livez': [{ path: '/livez' }],
  'get /readyz': [{ path: '/readyz' }],
  'get /healthz': [{ path: '/healthz' }],
  'get /v1/whohad': queries('/v1/whohad', ...LOOK_UPS),
  'get /v1/explain': queries('/v1/explain', ...LOOK_UPS),
  'post /v1/whohad': [
    {
      path: '/v1/whohad',
      type: 'text/csv',
      body: `ip,domain,at\n${LINES.map(line => `${line},${at(150)}`).join('\n')}`,
    },
    ...['full', 'brief'].map(view => ({
      path: `/v1/whohad?view=${view}`,
      type: 'application/x-ndjson',
      body: LINES.map(line => line.split(','))
        .map(([ip, domain]) => JSON.stringify({ ip, at: at(150), ...(domain && { domain }) }))
        .join('\n'),
    })),
  ],
  'post /v1/annotate': ['', '&domain=hidden', '&domain=nowhere', '&domain=seen'].map(domain => ({
    path: `/v1/annotate?at=${at(150)}${domain}`,
    type: 'text/plain',
    body: 'from 10.0.0.6:80 to 10.0.0.5, 10.1.0.6, 10.200.0.1 and 8.8.8.8',
  })),
  'get /v1/ips/{ip}/history': ['10.0.0.6', '10.0.0.5', '10.1.0.6', '10.200.0.1'].flatMap(ip =>
    queries(`/v1/ips/${ip}/history`, '', 'domain=hidden', 'domain=nowhere', 'domain=seen'),
  ),
  'get /v1/apps/{app}/addresses': ['shared', 'secret-app', 'nobody'].flatMap(app =>
    queries(
      `/v1/apps/${app}/addresses`,
      ...['', '&domain=hidden', '&domain=nowhere', '&after=none'].map(rest => `at=${at(150)}${rest}`),
    ),
  ),
  'get /v1/changes': queries(
    '/v1/changes',
    '',
    'domain=hidden',
    'domain=nowhere',
    'source=test/hidden',
    'app=secret-app',
    'record=progress',
    'record=source',
  ),
  'get /v1/coverage': queries(
    '/v1/coverage',
    '',
    'nodata=true',
    'domain=hidden',
    'domain=nowhere',
    'source=test/hidden',
  ),
  'get /api/v2/view/{collection}/{id}': [
    ...['10.0.0.6', '10.0.0.5', '10.1.0.6', '10.200.0.1'].flatMap(ip =>
      ['', ';domain=hidden', ';domain=nowhere', ';domain=seen'].map(domain => `addresses/${ip}${domain}`),
    ),
    ...['shared', 'secret-app', 'nobody'].flatMap(app =>
      ['', ';domain=hidden', ';domain=nowhere', ';_diff'].map(rest => `owners/${app}${rest}`),
    ),
  ].flatMap(id =>
    [`;_at=${at(150)}`, `;_since=0;_until=${at(900)};_all`].map(when => ({ path: `/api/v2/view/${id}${when}` })),
  ),
  'get /v1/graph': queries('/v1/graph', '', 'limit=2', 'limit=3', 'format=csv', 'collapse=true'),
}

async function reply({ url }: Estate, { path, body, type }: Asked, method: string, key: string) {
  const headers = { authorization: `Bearer ${key}`, ...(type && { 'content-type': type }) }
  const answered = await fetch(`${url}${path}`, { method, headers, ...(body && { body }) })
  return `${answered.status} ${await answered.text()}`
}

/** Where a record stands in the log tells how much is logged, of all domains together (docs/security.md). */
const withoutPlaces = (text: string): string =>
  text.replace(/"offset":\d+/g, '"offset":0').replace(/"next":"[^"]*"/g, '"next":"-"')

async function operations() {
  const headers = { authorization: `Bearer ${wide.text}` }
  const { paths } = (await (await fetch(`${withHidden.url}/openapi.json`, { headers })).json()) as {
    paths: Record<string, object>
  }
  return Object.entries(paths).flatMap(([path, methods]) => Object.keys(methods).map(method => `${method} ${path}`))
}

test('a caller learns nothing of a domain that it may not read, from any route of the API', async () => {
  expect(Object.keys(REQUESTS).sort()).toEqual((await operations()).sort())
  for (const [operation, asked] of Object.entries(REQUESTS)) {
    const method = operation.startsWith('post') ? 'POST' : 'GET'
    for (const request of asked) {
      const told = withoutPlaces(await reply(withHidden, request, method, narrow.text))
      const label = `${operation} ${request.path} ${request.body ?? ''}`
      expect(told, label).toBe(withoutPlaces(await reply(without, request, method, narrow.text)))
      // But for what the caller itself wrote.
      if (!/hidden|secret/.test(label)) expect(told, label).not.toMatch(/hidden|secret/)
    }
  }
}, 120_000)

test('what is compared there is no emptiness: who may read everything is told of the domain by every route', async () => {
  const same = new Set<string>()
  for (const [operation, asked] of Object.entries(REQUESTS)) {
    const method = operation.startsWith('post') ? 'POST' : 'GET'
    const pairs = await Promise.all(
      asked.map(async request => [
        await reply(withHidden, request, method, wide.text),
        await reply(without, request, method, wide.text),
      ]),
    )
    if (pairs.every(([a, b]) => a === b)) same.add(operation)
  }
  expect([...same]).toEqual(['get /livez'])
}, 120_000)

test('nobody who is not known comes further than the probes, whatever the route and the method', async () => {
  const paths = ['/', '/docs', '/openapi.json', '/whohad.js', '/metrics', '/nowhere', '/v1/nowhere']
  for (const path of paths) expect((await fetch(`${withHidden.url}${path}`)).status, path).toBe(401)
  for (const [operation, [request]] of Object.entries(REQUESTS)) {
    const path = request?.path ?? ''
    const isProbe = /livez|readyz|healthz/.test(operation)
    const method = operation.startsWith('post') ? 'POST' : 'GET'
    for (const one of [method, 'HEAD'])
      expect((await fetch(`${withHidden.url}${path}`, { method: one })).status, operation).toBe(isProbe ? 200 : 401)
  }
  const probe = await (await fetch(`${withHidden.url}/readyz`)).text()
  expect(JSON.parse(probe)).toMatchObject({ ready: true, sources: [], checks: [{ name: 'store', detail: 'well' }] })
  expect(probe).not.toMatch(/hidden|test\/|10\.9/)
}, 60_000)

test('live changes are those of the domains that may be read', async () => {
  const stopping = new AbortController()
  const headers = { authorization: `Bearer ${narrow.text}`, accept: 'text/event-stream' }
  const events = await fetch(`${withHidden.url}/v1/changes?since=0`, { headers, signal: stopping.signal })
  let text = ''
  for await (const chunk of events.body ?? []) {
    text += Buffer.from(chunk).toString('utf8')
    if (text.includes('size-drop')) break
  }
  stopping.abort()
  expect(text).toMatch(/10\.0\.0\.5/)
  expect(text).not.toMatch(/hidden|secret/)
}, 30_000)
