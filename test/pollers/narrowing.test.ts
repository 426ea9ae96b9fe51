import { describe, expect, test } from 'vitest'
import { measureCoverage } from '../../bench/pollers/coverage.ts'
import type { Change, Claim, Progress } from '../../src/ownership/claim.ts'
import type { SourceState } from '../../src/ownership/snapshot-diff.ts'
import { DEFAULT_NARROWING, Narrowing } from '../../src/pollers/narrowing.ts'
import { diffContextOf, pollOnce } from '../../src/pollers/poll.ts'
import { runPoller } from '../../src/pollers/run-poller.ts'
import { fresh, inventory, lookAt, parts, snapshotAt } from '../support/one-poll.ts'

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
    report: use.report,
    limits: { ...DEFAULT_NARROWING, ...(most !== undefined && { mostAddresses: most }) },
    look: lookAt(addresses => {
      asked.push(addresses)
      use.clock.advance(10)
      return snapshotAt(use.clock.now(), ...reply(addresses, use.clock.now()))
    }),
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
    expect(asked).toEqual([['10.0.1.0', '10.0.1.1', '10.0.1.2', '10.0.0.1']])
  })

  test('publish an absence, and no progress', async () => {
    const { look } = await polledTwice(addresses => addresses.filter(ip => ip !== '10.0.0.1'))
    expect(await look()).toMatchObject([{ record: 'claim', prefix: '10.0.0.1/32', state: 'missing' }])
    expect(await look()).toMatchObject([{ record: 'claim', prefix: '10.0.0.1/32', state: 'closed' }])
  })

  test('do not believe a reply without any witness', async () => {
    const { use, look, stateOf } = await polledTwice(() => [])
    const before = stateOf()
    expect(await look()).toEqual([])
    expect(stateOf()).toBe(before)
    expect(use.happened.at(-1)).toBe('look disbelieved 0')
  })

  test('are as if they never were where they fail, and wait for the next poll', async () => {
    const { use, asked, narrowing, look, poll, stateOf } = await polledTwice(() => {
      throw new Error('throttled')
    })
    const before = stateOf()
    expect(await look()).toEqual([])
    expect(stateOf()).toBe(before)
    expect(use.happened.at(-1)).toBe('look failed 0')
    expect(narrowing.wanted()).toBe(false)
    await look()
    expect(asked).toHaveLength(1)
    await poll(...many, '10.0.0.1')
    expect(narrowing.wanted()).toBe(true)
  })

  test('say what they changed, so that the polls come faster by it', async () => {
    let isThere = true
    const { use, look } = await polledTwice(addresses => addresses.filter(ip => isThere || ip !== '10.0.0.1'))
    const said = async () => {
      await look()
      return use.happened.at(-1)
    }
    expect(await said()).toBe('look nothing 0')
    isThere = false
    expect([await said(), await said(), await said()]).toEqual(['look narrowed 1', 'look narrowed 1', 'look nothing 0'])
  })

  test('take turns where there are more addresses than one look may ask for', async () => {
    const { asked, look, poll } = await polledTwice(addresses => addresses, 1)
    await poll(...many, '10.0.0.1', '10.0.0.2')
    await look()
    await look()
    await look()
    expect(asked.map(addresses => addresses.at(-1))).toEqual(['10.0.0.1', '10.0.0.2', '10.0.0.1'])
  })

  test('are one for each kind of request, with witnesses of its own, and a kind that is not believed stops alone', async () => {
    const use = parts()
    const asked: string[] = []
    let isEmpty = false
    const odd = (address: string) => Number(address.at(-1)) % 2 === 1
    const at = lookAt(addresses => {
      asked.push(addresses.join(' '))
      use.clock.advance(10)
      return snapshotAt(use.clock.now(), ...(isEmpty && odd(addresses[0] ?? '') ? [] : addresses))
    })
    const laneOf = ({ prefix }: Claim) => (odd(prefix.replace('/32', '')) ? 'odd' : 'even')
    const narrowing = new Narrowing({
      context: diffContextOf(inventory(async () => snapshotAt(0))),
      log: use.log,
      clock: use.clock,
      report: use.report,
      limits: DEFAULT_NARROWING,
      look: { ...at, laneOf },
    })
    let state: SourceState = fresh
    for (const addresses of [many, [...many, '10.0.0.1', '10.0.0.2']]) {
      use.clock.advance(100)
      const before = state
      state = await pollOnce(
        inventory(async () => snapshotAt(use.clock.now(), ...addresses)),
        before,
        use,
        never,
      )
      narrowing.polled(before, state)
    }
    const look = async () => {
      state = await narrowing.look(state, never)
      return asked.splice(0)
    }
    const even = '10.0.1.0 10.0.1.2 10.0.1.4 10.0.0.2'
    expect(await look()).toEqual(['10.0.1.1 10.0.1.3 10.0.1.5 10.0.0.1', even])
    isEmpty = true
    expect(await look()).toHaveLength(2)
    expect(use.happened.slice(-2)).toEqual(['look disbelieved 0', 'look nothing 0'])
    expect(await look()).toEqual([even])
    expect([...state.claims.values()].filter(({ state: is }) => is !== 'open')).toEqual([])
  })

  test('go on in further requests where one does not take all, each with the witnesses', async () => {
    const { asked, look, poll } = await polledTwice(addresses => addresses)
    const news = Array.from({ length: 300 }, (_, i) => `10.0.${2 + (i >> 8)}.${i & 255}`)
    await poll(...many, '10.0.0.1', ...news)
    await look()
    expect(asked.map(addresses => addresses.length)).toEqual([200, 3 + 301 - 197])
    for (const addresses of asked) expect(addresses).toContain('10.0.1.0')
  })

  test('end half an hour after the last change', async () => {
    const { use, narrowing, look } = await polledTwice(addresses => addresses)
    use.clock.advance(DEFAULT_NARROWING.hotMs)
    await look()
    expect(narrowing.wanted()).toBe(false)
  })

  test('go on, after the state was given up, from the adopted one and after a poll of it', async () => {
    const use = parts()
    const asked: (readonly string[])[] = []
    let isFencedOff = false
    const log = {
      append: async (changes: readonly Change[]) => {
        if (isFencedOff) throw new Error('another poller took over')
        await use.log.append(changes)
      },
    }
    let shown = many
    const one = inventory(async () => {
      use.clock.advance(100)
      return snapshotAt(use.clock.now(), ...shown)
    })
    const narrowing = new Narrowing({
      context: diffContextOf(one),
      log,
      clock: use.clock,
      report: use.report,
      limits: DEFAULT_NARROWING,
      look: lookAt(addresses => {
        asked.push(addresses)
        use.clock.advance(10)
        return snapshotAt(use.clock.now(), ...many, '10.0.0.2')
      }),
    })
    // What another poller made of the estate: its claims are not those of this one's last polls.
    const theirs = await pollOnce(one, fresh, { ...use, log: { append: async () => {} } }, never)
    const states = [fresh, { ...theirs, epoch: 7, sequence: 0 }]
    const seen: (readonly string[])[] = []
    async function* turns() {
      yield 'poll' as const
      shown = [...many, '10.0.0.1', '10.0.0.2']
      yield 'poll' as const
      shown = many
      isFencedOff = true
      yield 'look' as const
      isFencedOff = false
      seen.push(asked.splice(0).flat())
      expect(narrowing.wanted()).toBe(false)
      yield 'look' as const
      expect(asked).toEqual([])
      yield 'poll' as const
      expect(narrowing.wanted()).toBe(true)
      yield 'look' as const
    }
    const adopt = async () => states.shift() ?? expect.unreachable('adopted too often')
    await runPoller(one, { ...use, log, adopt, turns: turns(), narrowing }, never)
    expect(seen[0]).toContain('10.0.0.1')
    expect(use.happened.filter(what => what !== 'completed 10')).toEqual([
      'completed 2',
      'publish failed',
      'completed 0',
      'look narrowed 1',
    ])
    const written = use.appended.flat()
    const progress = written.findLast((change): change is Progress => change.record === 'progress')
    const found = written.findLast(change => change.record === 'claim')
    expect(found).toMatchObject({ prefix: '10.0.0.2/32', revision: { epoch: 7, sequence: 2 } })
    // Its start window opens at the poll before it, and not at one of which nothing is left in the claims.
    expect(progress).toMatchObject({ record: 'progress', revision: { epoch: 7, sequence: 1 } })
    expect(found).toMatchObject({ start: { earliestMs: progress?.completeUpToMs } })
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
