import { describe, expect, test } from 'vitest'
import { createOwnershipIndex } from '../../../src/ownership/ownership-index.ts'
import { changesOf, HOST, ms } from '../../support/claimed-events.ts'
import { inWords, owner, question, TestSource } from '../../support/estate.ts'

/** Instantaneous polls of a source without any doubt in it, by second: who was shown, or null where it was refused. */
function polled(
  polls: readonly (readonly [second: number, shown: string | null])[],
  options: ConstructorParameters<typeof TestSource>[1] & { lifetimeId?: null } = {},
) {
  const index = createOwnershipIndex()
  const source = new TestSource(index, options)
  for (const [second, shown] of polls) {
    if (shown === null) source.refuse('partial')
    else {
      const lifetime = options.lifetimeId === null ? { lifetimeId: null } : { lifetimeId: `life of ${shown}` }
      source.poll(ms(second), ms(second), [{ address: HOST, owner: owner(shown, `i-${shown}`), ...lifetime }])
    }
  }
  const at = (second: number, nowSecond = 900) =>
    inWords(index.ask(question(HOST, ms(second), ms(second) + 1, { nowMs: ms(nowSecond) })))
  return { index, at }
}

const handoff = [
  [5, 'A'],
  [10, 'A'],
  [20, 'B'],
  [30, 'B'],
] as const

describe('what polls prove', () => {
  test('case 51: between the poll that last saw one owner and the poll that first saw the next, both are possible', () => {
    // Nobody as well: the address may have been free in between.
    const { at } = polled(handoff)
    expect([at(9.999), at(15), at(20)]).toEqual(['owned sighted A', 'ambiguous handoff A|B|nobody', 'owned sighted B'])
    // A sighting is a moment without length, so A is certain until 10 and not in the millisecond that begins there.
    expect([at(10), at(19.999)]).toEqual(Array(2).fill('ambiguous handoff A|B|nobody'))
  })

  test('case 52: an event with an exact time narrows the handoff that polls saw', () => {
    // Whatever the second source is called: one before the poller's in the alphabet, one after it.
    for (const source of ['events', 'stream', 'trail']) {
      const { index, at } = polled(handoff)
      for (const change of changesOf([{ events: '+B@13', source, lifetimes: true }])) index.apply(change)
      expect(at(9.999)).toBe('owned sighted A')
      // That B came at 13 does not say that A stayed until then.
      expect([at(10), at(12.999)]).toEqual(Array(2).fill('ambiguous tail A|nobody'))
      for (const second of [13, 15, 19.999, 20])
        expect([source, second, at(second)]).toEqual([source, second, expect.stringMatching(/^owned .* B$/)])
    }
  })

  test('case 53: a failed poll is no evidence, and the doubt goes on to the next complete one', () => {
    const { at } = polled([
      [5, 'A'],
      [10, 'A'],
      [20, null],
      [30, 'B'],
      [40, 'B'],
    ])
    expect([at(10), at(19), at(25), at(29.999)]).toEqual(Array(4).fill('ambiguous handoff A|B|nobody'))
    expect([at(9.999), at(30)]).toEqual(['owned sighted A', 'owned sighted B'])
  })

  test('case 54: a partial poll without the address releases nothing', () => {
    // It does not carry the owner on either: what comes after the last complete poll is not known until the next one.
    const before = [
      [5, 'A'],
      [10, 'A'],
      [20, null],
    ] as const
    expect(polled(before).at(9)).toBe('owned sighted A')
    expect(polled(before).at(25, 30)).toBe('unknown not-yet A|nobody')
    const after = polled([...before, [30, 'A'], [40, 'A']])
    expect([after.at(20), after.at(25), after.at(39)]).toEqual(Array(3).fill('owned sighted A'))
  })

  test('case 55: the same owner in two polls held on between them, where it cannot have left and come back', () => {
    const polls = [
      [10, 'A'],
      [20, 'A'],
      [30, 'A'],
    ] as const
    expect(polled(polls).at(15)).toBe('owned sighted A')
    // Without a lifetime id that is for the source to promise: a bounce of less than the declared bridge is impossible.
    const bridged = (bridgeMs: number) => polled(polls, { lifetimeId: null, bounds: { bridgeMs } }).at(15)
    expect(bridged(10_000)).toBe('owned sighted A')
    expect(bridged(9999)).toBe('ambiguous handoff A|A|nobody')
  })
})
