import { get, type IncomingMessage } from 'node:http'
import { afterEach, describe, expect, test } from 'vitest'
import { coveredWithin } from '../../src/api/coverage.ts'
import { apiErrors } from '../../src/api/errors.ts'
import { listen } from '../../src/api/listen.ts'
import { openEmbeddedLog } from '../../src/changestream/embedded/embedded-log.ts'
import type { Change } from '../../src/ownership/claim.ts'
import { createOwnershipIndex } from '../../src/ownership/ownership-index.ts'
import { systemClock } from '../../src/runtime/clock.ts'
import { storeErrors } from '../../src/store/errors.ts'
import type { GapQuery } from '../../src/store/port.ts'
import { testApi } from '../support/api.ts'
import { temporaryFolder } from '../support/clickhouse-folder.ts'
import { owner, TestSource } from '../support/estate.ts'

const START_MS = 1_700_000_000_000
const at = (seconds: number) => START_MS + seconds * 1000
const NOW_MS = at(1000)

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

/** 10.0.0.5 is api's at 100 and 200 s and batch's from 300 s on, every 100 s; api keeps 10.0.0.6. No poll from 500 to 800. */
async function lived(over: Parameters<typeof testApi>[0] = {}) {
  const index = createOwnershipIndex()
  const bounds = { longestGapMs: 150_000 }
  const source = new TestSource(index, { bounds, covered: ['d1 10.0.0.0/8', 'd2 10.0.0.0/8'] })
  const first = { address: '10.0.0.5', owner: owner('api', 'i-1', { namedBy: 'tag:app' }) }
  const second = { address: '10.0.0.5', owner: owner('batch', 'i-2') }
  const kept = { address: '10.0.0.6', owner: owner('api', 'i-3') }
  for (const seconds of [100, 200, 300, 400, 500, 800, 900]) {
    source.poll(at(seconds), at(seconds) + 50, [seconds < 300 ? first : second, kept])
  }
  const clock = { now: () => NOW_MS, sleep: systemClock.sleep }
  const api = await testApi({ ask: question => index.ask(question), index, clock, ...over })
  closing.push(() => api.app.close())
  return { ...api, changes: source.changes, index }
}
const urlOf = (path: string, query: Record<string, string> = {}) => `${path}?${new URLSearchParams(query)}`

describe('GET /v1/ips/{ip}/history', () => {
  test('tells an address’s life with its windows as windows', async () => {
    const { app } = await lived()
    const reply = await app.inject(urlOf('/v1/ips/10.0.0.5/history', { domain: 'd1' }))
    expect(reply.statusCode).toBe(200)
    const { life, claims, claimsTotal, during } = reply.json()
    expect(during.until.ms).toBe(NOW_MS)
    expect(
      life.parts.map(
        (part: { state: string; holding: { owner: { application: string } } | null }) =>
          `${part.state} ${part.holding?.owner.application ?? '-'}`,
      ),
    ).toEqual(['owned api', 'ambiguous -', 'owned batch', 'unknown -'])
    expect(claims.map((claim: { owners: { application: string }[] }) => claim.owners[0]?.application)).toEqual([
      'api',
      'batch',
    ])
    expect(claimsTotal).toBe(2)
    expect(claims[0].end).toEqual({
      earliest: { ms: at(200), iso: new Date(at(200)).toISOString() },
      latest: { ms: at(300) + 50, iso: new Date(at(300) + 50).toISOString() },
    })
  })

  test('is cut to a span, and to so many claims', async () => {
    const { app } = await lived()
    const span = { domain: 'd1', from: String(at(120)), to: String(at(180)) }
    const cut = (await app.inject(urlOf('/v1/ips/10.0.0.5/history', span))).json()
    expect([cut.life.total, cut.claimsTotal, cut.life.parts[0].state]).toEqual([1, 1, 'owned'])
    const one = (await app.inject(urlOf('/v1/ips/10.0.0.5/history', { domain: 'd1', limit: '1' }))).json()
    expect(one.claims.map((claim: { owners: { application: string }[] }) => claim.owners[0]?.application)).toEqual([
      'batch',
    ])
  })

  test('of a domain that the caller may not read is that of one that is not there', async () => {
    const access = { readerOf: () => ({ readable: (domain: string) => domain === 'd2' }) }
    const { app } = await lived({ access })
    const reply = (await app.inject(urlOf('/v1/ips/10.0.0.5/history', { domain: 'd1' }))).json()
    expect(reply).toMatchObject({ claims: [], claimsTotal: 0, watermark: null })
    expect(reply.life.parts).toMatchObject([{ state: 'unknown', reason: 'no-such-domain' }])
  })
})

describe('GET /v1/apps/{app}/addresses', () => {
  const addressesOf = (reply: {
    json(): { addresses: { claim: { prefix: string }; state: string; owned: boolean }[] }
  }) => reply.json().addresses.map(({ claim, state, owned }) => `${claim.prefix} ${state} ${owned}`)

  test('names what an application had, and what it may have had', async () => {
    const { app } = await lived()
    const then = await app.inject(urlOf('/v1/apps/api/addresses', { at: String(at(150)) }))
    expect(addressesOf(then)).toEqual(['10.0.0.5/32 owned true', '10.0.0.6/32 owned true'])
    const between = await app.inject(urlOf('/v1/apps/api/addresses', { at: String(at(250)) }))
    expect(addressesOf(between)).toEqual(['10.0.0.5/32 ambiguous false', '10.0.0.6/32 owned true'])
    const later = await app.inject(urlOf('/v1/apps/api/addresses', { from: String(at(310)), to: String(at(390)) }))
    expect(addressesOf(later)).toEqual(['10.0.0.6/32 owned true'])
    for (const query of [{ domain: 'd2' }, { at: String(at(-900)) }]) {
      const none = await app.inject(urlOf('/v1/apps/api/addresses', query))
      expect(addressesOf(none).filter(text => text.includes('true'))).toEqual([])
    }
    expect((await app.inject('/v1/apps/nobody/addresses')).json()).toMatchObject({ addresses: [], next: null })
  })

  test('comes in pages', async () => {
    const { app } = await lived()
    const query = { at: String(at(150)), limit: '1' }
    const first = await app.inject(urlOf('/v1/apps/api/addresses', query))
    const second = await app.inject(urlOf('/v1/apps/api/addresses', { ...query, after: first.json().next }))
    expect([...addressesOf(first), ...addressesOf(second)]).toEqual([
      '10.0.0.5/32 owned true',
      '10.0.0.6/32 owned true',
    ])
    expect(second.json().next).toBe(null)
  })

  test('is not told from half of the history, and not of domains that the caller may not read', async () => {
    const replaying = await lived({
      refuseWhileReplaying: () => {
        throw apiErrors.stillReplaying({ detail: 'half' })
      },
    })
    for (const path of ['/v1/apps/api/addresses', '/v1/coverage']) {
      expect((await replaying.app.inject(path)).statusCode).toBe(503)
    }
    const { app } = await lived({ access: { readerOf: () => ({ readable: () => false }) } })
    expect(addressesOf(await app.inject(urlOf('/v1/apps/api/addresses', { at: String(at(150)) })))).toEqual([])
    expect((await app.inject('/v1/coverage')).json().sources).toEqual([])
  })
})

describe('GET /v1/coverage', () => {
  test('tells where polls stood close together and where they did not', async () => {
    const { app } = await lived()
    const reply = (await app.inject(urlOf('/v1/coverage', { from: String(at(0)), to: String(at(1000)) }))).json()
    expect(reply.sources).toMatchObject([{ source: 'test/one', polls: 7, late: false, watermark: { ms: at(900) } }])
    const spans = (list: { from: { ms: number }; until: { ms: number } }[]) =>
      list.map(({ from, until }) => [(from.ms - START_MS) / 1000, (until.ms - START_MS) / 1000])
    expect(spans(reply.sources[0].intervals)).toEqual([
      [100, 500],
      [800, 900],
    ])
    expect(spans(reply.sources[0].gaps)).toEqual([
      [0, 100],
      [500, 800],
      [900, 1000],
    ])
  })

  test('tells where flow logs have no records: what AWS lost, and what had no traffic where that is asked for', async () => {
    const asked: GapQuery[] = []
    const gap = { account: '123456789012', recorder: 'eni-1', domains: ['d1'], lines: 3 }
    const span = { fromMs: at(10), untilMs: at(70) }
    const { app } = await lived({
      store: {
        traffic: async () => [],
        captureGaps: async query => {
          asked.push(query)
          return [{ ...gap, ...span, status: query.status }]
        },
      },
    })
    const path = urlOf('/v1/coverage', { from: String(at(0)), to: String(at(1000)), domain: 'd1' })
    const { captureGaps } = (await app.inject(path)).json()
    expect(captureGaps).toMatchObject([
      { status: 'SKIPDATA', interface: 'eni-1', during: { from: { ms: at(10) }, until: { ms: at(70) } }, lines: 3 },
    ])
    expect(asked).toMatchObject([{ fromMs: at(0), untilMs: at(1000), status: 'SKIPDATA', domain: 'd1' }])
    const both = (await app.inject(`${path}&nodata=true`)).json().captureGaps
    expect(both.map(({ status }: { status: string }) => status)).toEqual(['SKIPDATA', 'NODATA'])
    expect((await app.inject(`${path}&source=test%2Fone`)).json().captureGaps).toBeNull()
  })

  test('goes on without the store, which then cannot tell of the logs', async () => {
    const captureGaps = () => Promise.reject(storeErrors.statementFailed({ statement: 'SELECT', reason: 'down' }))
    const { app } = await lived({ store: { traffic: async () => [], captureGaps } })
    const reply = await app.inject('/v1/coverage')
    expect([reply.statusCode, reply.json().captureGaps]).toEqual([200, null])
    const hidden = await lived({
      access: { readerOf: () => ({ readable: () => false }) },
      store: {
        traffic: async () => [],
        captureGaps: async ({ status }) => [
          { status, account: '', recorder: 'eni-1', domains: ['d1'], fromMs: 0, untilMs: 1, lines: 1 },
        ],
      },
    })
    expect((await hidden.app.inject('/v1/coverage')).json().captureGaps).toEqual([])
  })

  test('is cut at the ends of the span, also between two polls', () => {
    const cut = (fromMs: number, untilMs: number) =>
      coveredWithin(Float64Array.of(10, 20, 30, 60), 10, { fromMs, untilMs })
    expect(cut(12, 18)).toEqual({ intervals: [{ fromMs: 12, untilMs: 18 }], gaps: [], polls: 0 })
    expect(cut(25, 70)).toEqual({
      intervals: [{ fromMs: 25, untilMs: 30 }],
      gaps: [{ fromMs: 30, untilMs: 70 }],
      polls: 2,
    })
    expect(cut(35, 50)).toEqual({ intervals: [], gaps: [{ fromMs: 35, untilMs: 50 }], polls: 0 })
    expect(coveredWithin(Float64Array.of(), 10, { fromMs: 0, untilMs: 5 }).gaps).toEqual([{ fromMs: 0, untilMs: 5 }])
  })
})

describe('GET /v1/explain', () => {
  test('names the claims that compete, the polls around, the rule, and says it in words', async () => {
    const { app } = await lived()
    const reply = (await app.inject(urlOf('/v1/explain', { q: `10.0.0.5 @ ${at(250)} in d1` }))).json()
    expect(reply.answer).toMatchObject({ state: 'ambiguous', reason: 'handoff' })
    expect(
      reply.timeline.map(
        ({
          role,
          claim,
          certain,
        }: {
          role: string
          certain: unknown
          claim: { owners: { application: string }[] }
        }) => [role, claim.owners[0]?.application, certain !== null],
      ),
    ).toEqual([
      ['candidate', 'api', true],
      ['candidate', 'batch', true],
    ])
    expect(reply.polls).toEqual([
      expect.objectContaining({
        source: 'test/one',
        completeBefore: expect.objectContaining({ ms: at(200) }),
        completeAfter: expect.objectContaining({ ms: at(300) }),
      }),
    ])
    const words = reply.words.join('\n')
    expect(words).toMatch(/The rule: One owner left and another came between two polls/)
    expect(words).toMatch(
      /test\/one says that api \(instance i-1\) held 10\.0\.0\.5\/32 .*a candidate\. The rule "tag:app" gave it its name/,
    )
    expect(words).toMatch(/complete up to 2023-.* before it; the next vouches up to/)
  })

  test('says whose an owned address is, and what was beneath', async () => {
    const { app } = await lived()
    const reply = (await app.inject(urlOf('/v1/explain', { ip: '10.0.0.6', at: String(at(150)), domain: 'd1' }))).json()
    expect(reply).toMatchObject({ rule: { reason: 'sighted' }, timeline: [{ role: 'owner' }] })
    expect(reply.words.at(-1)).toMatch(/is final/)
    expect((await app.inject('/v1/explain?ip=x')).statusCode).toBe(400)
  })
})

describe('GET /v1/changes', () => {
  async function logged(over: Parameters<typeof testApi>[0] = {}) {
    const folder = await temporaryFolder('changes-route')
    const log = await openEmbeddedLog({
      folder,
      segmentBytes: 1 << 20,
      sync: 'always',
      clock: systemClock,
      onTornTail: () => {},
      onOldClaims: () => {},
    })
    closing.push(() => log.close())
    const api = await lived({ log, ...over })
    return { ...api, log }
  }
  const records = (page: { changes: { record: string }[] }) => page.changes.map(({ record }) => record)

  test('comes in pages that end where the next begins', async () => {
    const { app, log, changes } = await logged()
    await log.append(changes)
    const whole = (await app.inject('/v1/changes')).json()
    expect(records(whole)).toEqual(changes.map(({ record }) => record))
    expect(whole.end).toBe(true)
    const read: string[] = []
    for (let position = ''; ; ) {
      const page = (await app.inject(urlOf('/v1/changes', { limit: '3', ...(position && { position }) }))).json()
      read.push(...records(page))
      position = page.next
      if (page.end) break
    }
    expect(read).toEqual(records(whole))
    const claims = (await app.inject(urlOf('/v1/changes', { app: 'batch' }))).json()
    expect(new Set(records(claims))).toEqual(new Set(['claim']))
    expect(claims.changes[0]).toMatchObject({ domain: 'd1', prefix: '10.0.0.5/32', owners: [{ application: 'batch' }] })
    expect((await app.inject(urlOf('/v1/changes', { since: String(Date.now() + 60_000) }))).json().changes).toEqual([])
    for (const position of ['x', '999999', '0.0.0.0.0.0.0.0.0.0.0.0.0.0']) {
      expect((await app.inject(urlOf('/v1/changes', { position }))).json().code).toBe('WHOHAD_POSITION_MALFORMED')
    }
  })

  test('shows nobody what is of a domain that it may not read', async () => {
    const access = { readerOf: () => ({ readable: (domain: string) => domain === 'd2' }) }
    const { app, log, changes } = await logged({ access })
    await log.append([...changes, { record: 'horizon', domain: 'd1', beforeMs: 5 }])
    const page = (await app.inject('/v1/changes')).json()
    expect(new Set(records(page))).toEqual(new Set(['source', 'progress']))
    expect(JSON.stringify(page)).not.toMatch(/d1|10\.0\.0\.5/)
  })

  test('comes live, goes on after the last event that the client has, and ends with the server', async () => {
    const { app, log, changes } = await logged()
    const { port } = await listen(app, { host: '127.0.0.1', port: 0 })
    const [first, ...rest] = changes
    await log.append([first as Change])
    const live = await events(port)
    expect(await live.next()).toMatchObject({ data: undefined })
    await log.append(rest.slice(0, 2))
    const [one, two] = [await live.next(), await live.next()]
    expect([one?.event, two?.event]).toEqual(rest.slice(0, 2).map(({ record }) => record))
    live.close()
    await log.append(rest.slice(2, 4))
    const again = await events(port, one?.id)
    await again.next()
    const seen = [await again.next(), await again.next(), await again.next()]
    expect(seen.map(event => event?.event)).toEqual(rest.slice(1, 4).map(({ record }) => record))
    expect(seen[0]?.id).toBe(two?.id)
    const closed = again.next()
    await app.close()
    expect(await closed).toBeUndefined()
  }, 30_000)
})

type SentEvent = {
  readonly id: string | undefined
  readonly event: string | undefined
  readonly data: string | undefined
}

async function events(port: number, lastEventId?: string) {
  const headers = { accept: 'text/event-stream', ...(lastEventId && { 'last-event-id': lastEventId }) }
  const reply = await new Promise<IncomingMessage>((resolve, reject) => {
    get({ port, path: '/v1/changes', headers }, resolve).on('error', reject)
  })
  expect(reply.headers['content-type']).toMatch(/^text\/event-stream/)
  const found = read(reply)
  return {
    next: async () => (await found.next()).value as SentEvent | undefined,
    close: () => reply.destroy(),
  }
}

async function* read(reply: IncomingMessage): AsyncGenerator<SentEvent> {
  let text = ''
  try {
    for await (const chunk of reply) {
      text += chunk
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const fields = new Map(
          text
            .slice(0, end)
            .split('\n')
            .map(line => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
        )
        text = text.slice(end + 2)
        yield { id: fields.get('id'), event: fields.get('event'), data: fields.get('data') }
      }
    }
  } catch {
    // The server has cut the connection.
  }
}
