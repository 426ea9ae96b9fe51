import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { SourceBounds } from '../../../src/ownership/claim.ts'
import { createOwnershipIndex, type OwnershipIndex } from '../../../src/ownership/ownership-index.ts'
import type { SourceState } from '../../../src/ownership/snapshot-diff.ts'
import { pollOnce } from '../../../src/pollers/poll.ts'
import { titusInventory } from '../../../src/pollers/titus/inventory.ts'
import { noDoubt, prefix } from '../../support/estate.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { fresh, parts } from '../../support/one-poll.ts'
import { startTitusStub, type TitusAnswer, wireJob, wirePage, wireTask } from '../../support/titus-wire.ts'

const bounds: SourceBounds = { ...noDoubt, lagMs: 10, clockErrorMs: 1 }
const place = { domain: 'vpc-1', vpc: 'vpc-1', account: '1', region: 'us-east-1' }
const MINUTE_MS = 60_000
const signal = new AbortController().signal

let clock: ManualClock
let stub: Awaited<ReturnType<typeof startTitusStub>>
let listed: readonly unknown[]
let archive: (id: string) => TitusAnswer
let poll: () => Promise<void>
let index: OwnershipIndex
let refused: readonly string[]

beforeEach(async () => {
  clock = new ManualClock(1_000_000)
  index = createOwnershipIndex()
  archive = () => ({ status: 404, body: {} })
  stub = await startTitusStub(({ pathname }) => {
    if (pathname === '/api/v3/tasks') return { body: wirePage(listed) }
    if (pathname === '/api/v3/jobs') return { body: wirePage([wireJob('job-1')]) }
    return archive(pathname.split('/').at(-1) ?? '')
  })
  const inventory = titusInventory({
    name: 'main',
    url: stub.url,
    interfacePlace: eni => (eni === 'eni-1' ? place : undefined),
    scope: [{ domain: 'vpc-1', prefix: prefix('100.64.0.0/10'), layers: ['container'] }],
    bounds,
    clock,
    retries: { attempts: 1, firstDelayMs: 0, longestDelayMs: 0 },
  })
  let state: SourceState = fresh
  const use = parts()
  refused = use.happened
  const log = {
    append: async (changes: Parameters<typeof use.log.append>[0]) => {
      for (const change of changes) index.apply(change)
    },
  }
  poll = async () => {
    state = await pollOnce(inventory, state, { ...use, log, clock, guards: NO_GUARDS }, signal)
  }
})
afterEach(() => stub.close())

const NO_GUARDS = { fewestHoldings: Number.POSITIVE_INFINITY, largestDrop: 1, largestNamedDrop: 1 }

/** As the archive has it: what it reached, and when. */
const ended = (reason: string, times: { readonly killed?: number; readonly finished: number }, context = {}) => {
  const { status: _, statusHistory: history, ...task } = wireTask('task-1', { context })
  const killed = times.killed === undefined ? [] : [{ state: 'KillInitiated', timestamp: String(times.killed) }]
  return {
    ...task,
    status: { state: 'Finished', reasonCode: reason, timestamp: String(times.finished) },
    statusHistory: [...history, { state: 'Started', timestamp: '990000' }, ...killed],
  }
}

/** Seen running at 1,000,000 and 1,060,000, no more at 1,120,000. */
async function pollThrice(): Promise<void> {
  const other = wireTask('task-2', { context: { 'task.containerIp': '100.66.9.10', 'task.containerIPv4': '' } })
  listed = [wireTask('task-1'), other]
  await poll()
  clock.advance(MINUTE_MS)
  await poll()
  clock.advance(MINUTE_MS)
  listed = [other]
  await poll()
}

const claimOf = (resourceId: string) =>
  [...index.claimsOf('container')].filter(c => c.owners[0]?.resourceId === resourceId)
const asked = () => stub.requests.filter(({ pathname }) => pathname.startsWith('/api/v3/tasks/')).length

describe('a task that is no longer listed', () => {
  test('gave its address back before the end that its executor reported, and after it was told to end', async () => {
    archive = () => ({ body: ended('normal', { killed: 1_100_000, finished: 1_105_000 }) })
    await pollThrice()
    const [claim, ...others] = claimOf('task-1')
    expect(others).toEqual([])
    expect(claim).toMatchObject({ state: 'closed', end: { earliestMs: 1_100_000 - 11, latestMs: 1_105_001 } })
  })

  test.each([
    ['was killed', 'killed'],
    ['failed', 'failed'],
    ['ended for a reason that a later Titus may give', 'bored'],
  ])(
    'which %s was gone by the listing that lacks it, and held its address when it was told to end',
    async (_, reason) => {
      archive = () => ({ body: ended(reason, { killed: 1_100_000, finished: 1_105_000 }) })
      await pollThrice()
      expect(claimOf('task-1')).toMatchObject([
        { state: 'closed', end: { earliestMs: 1_100_000 - 11, latestMs: 1_120_001 } },
      ])
    },
  )

  test.each(['lost', 'stuckInKillingState', 'inconsistent'])(
    'and whose end (%s) was only concluded may live on for a while',
    async reason => {
      archive = () => ({ body: ended(reason, { finished: 1_105_000 }) })
      await pollThrice()
      const missing = { state: 'missing', end: { earliestMs: 1_060_000 - 11, latestMs: Number.POSITIVE_INFINITY } }
      expect(claimOf('task-1')).toMatchObject([missing])
      clock.advance(34 * MINUTE_MS)
      await poll()
      expect(claimOf('task-1')).toMatchObject([missing])
      clock.advance(2 * MINUTE_MS)
      await poll()
      expect(claimOf('task-1')).toMatchObject([{ end: { latestMs: clock.now() + 1 } }])
      expect(asked()).toBe(1)
    },
  )

  test('and is still active was missed by the walk: asking for it is a sighting', async () => {
    archive = () => ({ body: wireTask('task-1') })
    await pollThrice()
    expect(claimOf('task-1')).toMatchObject([{ state: 'open', end: { latestMs: Number.POSITIVE_INFINITY } }])
    clock.advance(MINUTE_MS)
    archive = () => ({ body: ended('normal', { finished: 1_150_000 }) })
    await poll()
    expect(claimOf('task-1')).toMatchObject([{ end: { earliestMs: 1_120_000 - 11, latestMs: 1_150_001 } }])
  })

  test('and with it all others, which are active all the same, was not looked for: a hollow walk is refused', async () => {
    archive = id => ({ body: id === 'task-1' ? wireTask('task-1') : { status: 404, body: {} } })
    await pollThrice()
    const progressMs = () => index.sources()[0]?.completeUpToMs
    const before = progressMs()
    clock.advance(MINUTE_MS)
    listed = []
    await poll()
    // Who started since is in no list, and its absence must not be taken for proved.
    expect(progressMs()).toBe(before)
    expect(refused.filter(text => text.includes('malformed-reply'))).toHaveLength(1)
    clock.advance(MINUTE_MS)
    listed = [wireTask('task-1')]
    await poll()
    expect(progressMs()).toBeGreaterThan(before ?? 0)
  })

  test.each([
    ['is not known any more', { status: 404, body: {} }],
    ['cannot be asked for', { status: 503, body: '' }],
    ['is answered for by something else', { body: '<html>' }],
    [
      'is on an interface that is gone',
      { body: ended('normal', { finished: 1_105_000 }, { 'task.networkInterfaceId': 'eni-9' }) },
    ],
    [
      'has an end without a time',
      { body: { ...wireTask('task-1'), status: { state: 'Finished', reasonCode: 'normal' } } },
    ],
  ])('and %s is absent, and no more', async (_, reply) => {
    archive = () => reply
    await pollThrice()
    expect(claimOf('task-1')).toMatchObject([{ end: { earliestMs: 1_060_000 - 11, latestMs: 1_120_001 } }])
    expect(refused.filter(text => text.startsWith('refused'))).toEqual([])
  })

  test('under a job by then that nobody names may be another application’s when it was told to end', async () => {
    archive = id =>
      id === 'task-1'
        ? { body: { ...ended('normal', { killed: 1_100_000, finished: 1_105_000 }), jobId: 'job-2' } }
        : { status: 404, body: {} }
    await pollThrice()
    const ends = claimOf('task-1').map(({ owners, end }) => [owners[0]?.application, end.earliestMs, end.latestMs])
    expect(ends).toEqual([['my-app', 1_060_000 - 11, 1_105_001]])
  })

  test('is asked for once, and no more than a hundred are in one poll', async () => {
    listed = Array.from({ length: 250 }, (_, i) =>
      wireTask(`task-${i}`, {
        context: { 'task.containerIp': `100.66.${i >> 7}.${i & 127}`, 'task.containerIPv4': '' },
      }),
    )
    await poll()
    clock.advance(MINUTE_MS)
    listed = [wireTask('task-0')]
    await poll()
    expect(asked()).toBe(100)
    clock.advance(MINUTE_MS)
    await poll()
    expect(asked()).toBe(100)
  })
})
