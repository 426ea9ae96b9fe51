import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { knowingAsOf, prefixesAround } from '../../src/api/as-of.ts'
import { toWire } from '../../src/changestream/wire.ts'
import type { Ip } from '../../src/ownership/address.ts'
import type { Question } from '../../src/ownership/answer.ts'
import { changesAsOf } from '../../src/ownership/as-of.ts'
import { type Change, sourceOf } from '../../src/ownership/claim.ts'
import { createOwnershipIndex } from '../../src/ownership/ownership-index.ts'
import { openStore } from '../../src/store/open-store.ts'
import type { Store, StoredChange } from '../../src/store/port.ts'
import { testApi } from '../support/api.ts'
import { askAsOf } from '../support/asked-as-of.ts'
import { temporaryFolder } from '../support/clickhouse-folder.ts'
import { recordedReport, testClock } from '../support/clickhouse-rows.ts'
import { owner, TestSource } from '../support/estate.ts'
import { type History, histories } from '../support/histories.ts'

let store: Store
beforeAll(async () => {
  const path = await temporaryFolder('as-of')
  store = await openStore({ driver: 'chdb', path }, { clock: testClock, report: recordedReport().report })
  await store.migrate()
}, 120_000)
afterAll(() => store?.close())

/** Answers as of an earlier moment, one question at a time. */
const askingAsOf = (parts: Parameters<typeof knowingAsOf>[0]) => {
  const knowAsOf = knowingAsOf(parts)
  return async (asked: Omit<Question, 'nowMs'>, asOfMs: number) =>
    (await knowAsOf(asked.domain, [asked.ip], asOfMs)).ask({ ...asked, nowMs: asOfMs })
}

/** Each source in a partition of its own; a change is logged a while after the one before. */
const logged = (changes: readonly Change[], stepMs: number, firstPartition: number): readonly StoredChange[] => {
  const partitions = new Map<string, number>()
  return changes.map((change, i) => {
    const source = sourceOf(change)
    const partition = partitions.get(source) ?? firstPartition + partitions.size
    partitions.set(source, partition)
    return { change, partition, offset: i, loggedAtMs: (i + 1) * stepMs }
  })
}

/** What no poller writes, as a start that was surely before all time, the log does not take. */
function isLoggable(change: Change): boolean {
  try {
    return toWire(change) !== undefined
  } catch {
    return false
  }
}

/** Nobody else's, as the store is one for all histories, and by one writer: who takes an epoch registers first, which these do not. */
const renamed = ({ changes, questions }: History, run: number): History => ({
  changes: changes.filter(isLoggable).map(change => {
    if (change.record === 'horizon') return { ...change, domain: `${run}-${change.domain}` }
    const source = `${run}/${change.source}`
    const { epoch, sequence } = change.revision
    const revision = { epoch: 1, sequence: epoch * 1000 + sequence }
    if (change.record === 'claim') {
      return { ...change, source, revision, id: `${run}-${change.id}`, domain: `${run}-${change.domain}` }
    }
    if (change.record === 'progress') return { ...change, source, revision }
    const scope = change.scope.map(part => ({ ...part, domain: `${run}-${part.domain}` }))
    return { ...change, source, revision, scope }
  }),
  questions: questions.map(asked => ({ ...asked, domain: `${run}-${asked.domain}` })),
})

describe('what the store says of an earlier moment', () => {
  test('is what all changes say that were logged by then', async () => {
    let run = 0
    await fc.assert(
      fc.asyncProperty(histories({ questions: 3 }), fc.integer({ min: 1, max: 40 }), async (history, asOfStep) => {
        const { changes, questions } = renamed(history, run++)
        const stored = logged(changes, 10, run * 10)
        // Twice, as after a crash, and the last first.
        await store.insertChanges(stored.toReversed())
        await store.insertChanges(stored)
        const asking = askingAsOf({ store, settled: async () => {} })
        const asOfMs = asOfStep * 10
        for (const { nowMs: _, ...asked } of questions) {
          const known = changesAsOf(stored, asOfMs)
          expect(await asking(asked, asOfMs)).toEqual(askAsOf(asked, asOfMs, known, createOwnershipIndex()))
        }
      }),
      { numRuns: 15 },
    )
  }, 300_000)

  test('keeps out what a writer still sent after its successor had registered', async () => {
    const source = new TestSource(createOwnershipIndex(), { source: 'fenced/one', covered: ['fenced 10.0.0.0/8'] })
    const api = { domain: 'fenced', address: '10.0.0.5', owner: owner('api') }
    const polled = [...source.poll(100, 105, [api]), ...source.poll(200, 205, [api])]
    const claim = polled.findLast(change => change.record === 'claim')
    const registered = polled.find(change => change.record === 'source')
    if (claim?.record !== 'claim' || registered?.record !== 'source') throw new Error('nothing was polled')
    const late = { ...claim, revision: { epoch: 1, sequence: 99 }, owners: [owner('zombie')] }
    const successor = { ...registered, revision: { epoch: 2, sequence: 0 } }
    const stored = (changes: readonly Change[]): readonly StoredChange[] =>
      changes.map((change, offset) => ({ change, partition: 901, offset, loggedAtMs: 1000 + offset }))
    const asking = askingAsOf({ store, settled: () => store.insertChanges(stored([...polled, successor, late])) })
    const asked = { domain: 'fenced', ip: '10.0.0.5' as Ip, fromMs: 150, untilMs: 151 }
    expect(await asking(asked, 5000)).toMatchObject({ state: 'owned', holding: { owner: { application: 'api' } } })
  }, 120_000)

  test('leaves out what came after, and waits until the store has what the log has', async () => {
    const source = new TestSource(createOwnershipIndex(), { source: 'late/one', covered: ['late 10.0.0.0/8'] })
    const api = { domain: 'late', address: '10.0.0.5', owner: owner('api') }
    const batch = { domain: 'late', address: '10.0.0.5', owner: owner('batch') }
    const changes = [source.poll(100, 105, [api]), source.poll(200, 205, [api]), source.poll(300, 305, [batch])]
    const stored = changes.flatMap((poll, i) =>
      poll.map((change, j) => ({ change, partition: 900, offset: i * 100 + j, loggedAtMs: (i + 1) * 1000 })),
    )
    const asking = askingAsOf({ store, settled: () => store.insertChanges(stored) })
    const asked = { domain: 'late', ip: '10.0.0.5' as Ip, fromMs: 150, untilMs: 151 }
    expect(await asking(asked, 999)).toMatchObject({ state: 'unknown', reason: 'no-such-domain' })
    expect(await asking(asked, 1999)).toMatchObject({ state: 'unknown' })
    expect(await asking(asked, 2000)).toMatchObject({ state: 'owned', holding: { owner: { application: 'api' } } })
    const later = { ...asked, fromMs: 250, untilMs: 251 }
    expect(await asking(later, 2000)).toMatchObject({ state: 'unknown' })
    expect(await asking(later, 3000)).toMatchObject({ state: 'ambiguous', reason: 'handoff' })
  }, 120_000)
})

describe('the routes that take as_of', () => {
  /** 10.0.0.1 to 10.0.0.200 are api's in the poll that is logged at 1000, batch's in the one of 3000; 10.0.0.9 is shown late. */
  async function asked() {
    const source = new TestSource(createOwnershipIndex(), { source: 'routes/one', covered: ['routes 10.0.0.0/8'] })
    const shown = (application: string) =>
      Array.from({ length: 200 }, (_, i) => ({
        domain: 'routes',
        address: `10.0.0.${i + 1}`,
        owner: owner(application, `i-${application}-${i}`),
      }))
    const polls = [shown('api'), shown('api'), shown('batch')].map((bindings, i) =>
      source.poll((i + 1) * 100, (i + 1) * 100 + 5, bindings),
    )
    const stored = polls.flatMap((poll, i) =>
      poll.map((change, j) => ({ change, partition: 902, offset: i * 1000 + j, loggedAtMs: (i + 1) * 1000 })),
    )
    let inserted: Promise<void> | undefined
    const index = createOwnershipIndex()
    for (const { change } of stored) index.apply(change)
    const { app } = await testApi({
      ask: question => index.ask(question),
      knowAsOf: knowingAsOf({ store, settled: () => (inserted ??= store.insertChanges(stored)) }),
      generation: () => index.generation(),
      index,
      clock: { now: () => 10_000, sleep: async () => {} },
    })
    const get = async (path: string, query: Record<string, string>) =>
      (await app.inject(`${path}?${new URLSearchParams(query)}`)).json()
    const post = async (type: string, payload: string, query: string) =>
      (await app.inject({ method: 'POST', url: `/v1/whohad${query}`, headers: { 'content-type': type }, payload })).body
    return { app, get, post }
  }
  // Small Unix times would be read as seconds.
  const iso = (ms: number) => new Date(ms).toISOString()

  test('answer many as they answer one, whatever the form', async () => {
    const { app, get, post } = await asked()
    const ips = Array.from({ length: 150 }, (_, i) => `10.0.0.${1 + ((i * 7) % 220)}`)
    for (const asOf of [iso(2000), iso(3000)]) {
      const singles: unknown[] = []
      for (const ip of ips.slice(0, 3)) {
        singles.push(await get('/v1/whohad', { ip, at: iso(150), domain: 'routes', as_of: asOf }))
      }
      const lines = ips.map(ip => JSON.stringify({ ip, at: iso(150), domain: 'routes' }))
      const query = `?as_of=${asOf}`
      const ndjson = (await post('application/x-ndjson', lines.join('\n'), query)).trim().split('\n')
      expect(ndjson).toHaveLength(ips.length)
      expect(JSON.parse(ndjson[0] ?? '').question.asOf.iso).toBe(asOf)
      expect(ndjson.slice(0, 3).map(line => JSON.parse(line))).toEqual(singles)
      expect(JSON.parse(await post('application/json', `[${lines}]`, query))).toEqual(
        ndjson.map(line => JSON.parse(line)),
      )
      const csv = await post('text/csv', `ip\n${ips.join('\n')}\n`, `${query}&domain=routes&at=${iso(150)}`)
      const rows = csv.trim().split('\n').slice(1)
      const states = ndjson.map(line => JSON.parse(line)).map(({ state, reason }) => `routes,${state},${reason}`)
      expect(rows.map(row => row.split(',').slice(1, 4).join(','))).toEqual(states)
    }
    const ahead = await post('text/csv', 'ip\n10.0.0.5', `?as_of=${iso(10_001)}`)
    expect(JSON.parse(ahead)).toMatchObject({ code: 'WHOHAD_AS_OF_AHEAD' })
    await app.close()
  }, 120_000)

  test('explain what was known then, and not what came after', async () => {
    const { app, get } = await asked()
    const question = { ip: '10.0.0.5', from: iso(120), to: iso(290), domain: 'routes' }
    const names = ({ timeline }: { timeline: { claim: { owners: { application: string }[] } }[] }) =>
      timeline.map(({ claim }) => claim.owners[0]?.application)
    const then = await get('/v1/explain', { ...question, as_of: iso(2000) })
    expect([names(then), then.answer.question.asOf.ms, then.answer.state]).toEqual([['api'], 2000, 'unknown'])
    const now = await get('/v1/explain', question)
    expect([names(now), now.answer.question.asOf]).toEqual([['api', 'batch'], null])
    const before = await get('/v1/explain', { ...question, as_of: iso(0) })
    expect([names(before), before.polls, before.answer.reason]).toEqual([[], [], 'no-such-domain'])
    await app.close()
  }, 120_000)

  test('tell an address’s life as it was known then, up to then', async () => {
    const { app, get } = await asked()
    const lifeOf = async (query: Record<string, string>) => {
      const found = await get('/v1/ips/10.0.0.5/history', { domain: 'routes', ...query })
      const names = found.claims.map((claim: { owners: { application: string }[] }) => claim.owners[0]?.application)
      const states = found.life.parts.map(({ state }: { state: string }) => state)
      return [found.asOf?.ms ?? null, names, states, found.during.until.ms, found.watermark?.ms ?? null]
    }
    expect(await lifeOf({ as_of: iso(2000) })).toEqual([2000, ['api'], ['ambiguous', 'owned', 'unknown'], 2000, 200])
    expect(await lifeOf({})).toEqual([null, ['api', 'batch'], ['owned', 'ambiguous', 'unknown'], 10_000, 300])
    expect(await lifeOf({ as_of: iso(999) })).toEqual([999, [], ['unknown'], 999, null])
    // "to" is left to the moment that was asked as of.
    const span = { from: iso(150), to: 'now', as_of: iso(3000) }
    expect(await lifeOf(span)).toEqual([3000, ['api', 'batch'], ['owned', 'ambiguous', 'unknown'], 3000, 300])
    expect(await get('/v1/ips/10.0.0.5/history', { as_of: iso(10_001) })).toMatchObject({ code: 'WHOHAD_AS_OF_AHEAD' })
    await app.close()
  }, 120_000)

  test('say nothing of earlier moments to who may not read the domain', async () => {
    const known: string[] = []
    const access = { readerOf: () => ({ readable: (domain: string) => domain === 'seen', domains: ['seen'] }) }
    const knowAsOf = async (domain: string) => {
      known.push(domain)
      return createOwnershipIndex()
    }
    const { app } = await testApi({ access, knowAsOf })
    const query = `as_of=${iso(1000)}`
    await app.inject(`/v1/whohad?ip=10.0.0.5&domain=hidden&${query}`)
    await app.inject(`/v1/explain?ip=10.0.0.5&domain=hidden&${query}`)
    const hidden = (await app.inject(`/v1/ips/10.0.0.5/history?domain=hidden&${query}`)).json()
    expect([hidden.claims, hidden.life.parts[0].reason]).toEqual([[], 'no-such-domain'])
    const headers = { 'content-type': 'text/csv' }
    await app.inject({ method: 'POST', url: `/v1/whohad?${query}`, headers, payload: 'ip,domain\n10.0.0.5,hidden' })
    expect(known).toEqual([])
    await app.inject({ method: 'POST', url: `/v1/whohad?${query}`, headers, payload: 'ip,domain\n10.0.0.5,seen' })
    expect(known).toEqual(['seen'])
    await app.close()
  })
})

test('the prefixes around an address are those that cover it, the widest first', () => {
  const around = prefixesAround('10.1.2.3' as Ip)
  expect(around.length).toBe(33)
  expect([around[0], around[8], around[31], around[32]]).toEqual([
    '0.0.0.0/0',
    '10.0.0.0/8',
    '10.1.2.2/31',
    '10.1.2.3/32',
  ])
  expect(prefixesAround('2001:db8::1' as Ip).slice(126)).toEqual([
    '2001:db8::/126',
    '2001:db8::/127',
    '2001:db8::1/128',
  ])
})
