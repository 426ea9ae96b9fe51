import { describe, expect, test } from 'vitest'
import { measureCoverage } from '../../bench/pollers/coverage.ts'
import type { Change } from '../../src/ownership/claim.ts'
import type { Snapshot } from '../../src/ownership/snapshot.ts'
import type { SourceState } from '../../src/ownership/snapshot-diff.ts'
import { DEFAULT_NARROWING, Narrowing } from '../../src/pollers/narrowing.ts'
import { diffContextOf, pollOnce } from '../../src/pollers/poll.ts'
import { runPoller } from '../../src/pollers/run-poller.ts'
import { fresh, inventory, parts, snapshotAt } from '../support/one-poll.ts'

const never = new AbortController().signal
const many = Array.from({ length: 10 }, (_, i) => `10.0.1.${i}`)

/** A poller that has polled twice, and between the polls 10.0.0.1 came. */
async function polledTwice(reply: (asked: readonly string[], atMs: number) => readonly string[], most?: number) {
  const use = parts()
  const asked: (readonly string[])[] = []
  const narrowing = new Narrowing({
    context: diffContextOf(inventory(async () => snapshotAt(0))),
    log: use.log,
    clock: use.clock,
    limits: { ...DEFAULT_NARROWING, ...(most !== undefined && { mostAddresses: most }) },
    async look(addresses): Promise<Pick<Snapshot, 'sighting' | 'bindings'>> {
      asked.push(addresses)
      use.clock.advance(10)
      return snapshotAt(use.clock.now(), ...reply(addresses, use.clock.now()))
    },
  })
  let state: SourceState = fresh
  const poll = async (...addresses: readonly string[]) => {
    use.clock.advance(100)
    const before = state
    const listing = inventory(async () => snapshotAt(use.clock.now(), ...addresses))
    state = await pollOnce(listing, before, use, never)
    narrowing.polled(before, state)
  }
  const look = async () => {
    const before = use.appended.length
    state = await narrowing.look(state, never)
    return use.appended.slice(before).flat() as readonly Change[]
  }
  await poll(...many)
  expect(narrowing.wanted()).toBe(false)
  await poll(...many, '10.0.0.1')
  return { use, asked, narrowing, poll, look, stateOf: () => state }
}

describe('looks between polls', () => {
  test('are for what changed hands, with a few witnesses that did not', async () => {
    const { asked, look } = await polledTwice(addresses => addresses)
    await look()
    expect(asked).toEqual([['10.0.0.1', '10.0.1.0', '10.0.1.1', '10.0.1.2']])
  })

  test('publish an absence, and no progress', async () => {
    const { look } = await polledTwice(addresses => addresses.filter(ip => ip !== '10.0.0.1'))
    expect(await look()).toMatchObject([{ record: 'claim', prefix: '10.0.0.1/32', state: 'missing' }])
    expect(await look()).toMatchObject([{ record: 'claim', prefix: '10.0.0.1/32', state: 'closed' }])
  })

  test('do not believe a reply without any witness', async () => {
    const { look, stateOf } = await polledTwice(() => [])
    const before = stateOf()
    expect(await look()).toEqual([])
    expect(stateOf()).toBe(before)
  })

  test('are as if they never were where they fail', async () => {
    const { look, stateOf } = await polledTwice(() => {
      throw new Error('throttled')
    })
    const before = stateOf()
    expect(await look()).toEqual([])
    expect(stateOf()).toBe(before)
  })

  test('take turns where there are more addresses than one look may ask for', async () => {
    const { asked, look, poll } = await polledTwice(addresses => addresses, 4)
    await poll(...many, '10.0.0.1', '10.0.0.2')
    await look()
    await look()
    await look()
    expect(asked.map(([first]) => first)).toEqual(['10.0.0.1', '10.0.0.2', '10.0.0.1'])
  })

  test('end half an hour after the last change', async () => {
    const { use, narrowing, look } = await polledTwice(addresses => addresses)
    use.clock.advance(DEFAULT_NARROWING.hotMs)
    await look()
    expect(narrowing.wanted()).toBe(false)
  })

  test('that the change stream refuses make the poller adopt its state anew', async () => {
    const { use, narrowing } = await polledTwice(addresses => addresses.filter(ip => ip !== '10.0.0.1'))
    let adopted = 0
    const before = await pollOnce(
      inventory(async () => snapshotAt(900, ...many, '10.0.0.1')),
      fresh,
      use,
      never,
    )
    const log = { append: () => Promise.reject(new Error('disk full')) }
    const failing = new Narrowing({
      context: diffContextOf(inventory(async () => snapshotAt(0))),
      log,
      clock: use.clock,
      limits: DEFAULT_NARROWING,
      look: async () => snapshotAt(1000, ...many),
    })
    failing.polled({ ...before, completeUpToMs: 0 }, before)
    async function* turns() {
      yield 'look' as const
      yield 'look' as const
    }
    const adopt = async () => {
      adopted++
      return before
    }
    await runPoller(
      inventory(async () => snapshotAt(0)),
      { ...use, adopt, turns: turns(), narrowing: failing },
      never,
    )
    expect(adopted).toBe(2)
    expect(use.happened.filter(what => what === 'publish failed')).toHaveLength(2)
    expect(narrowing.wanted()).toBe(true)
  })
})

test('handoffs of a median of ten minutes: looks buy coverage, and nothing is wrong', async () => {
  const limits = { longestMs: 60_000, fastestMs: 60_000 }
  const world = { addresses: 60, minutes: 60, limits }
  const alone = await measureCoverage({ ...world, lookEveryMs: null })
  const narrowed = await measureCoverage({ ...world, lookEveryMs: 5000 })
  expect([alone.wrong, narrowed.wrong]).toEqual([0, 0])
  expect(alone.owned / alone.ends).toBeGreaterThan(0.9)
  expect(narrowed.owned / narrowed.ends).toBeGreaterThan(0.96)
  expect(narrowed.polls).toBe(alone.polls)
})
