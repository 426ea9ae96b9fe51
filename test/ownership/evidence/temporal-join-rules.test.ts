import { describe, expect, test } from 'vitest'
import type { Change } from '../../../src/ownership/claim.ts'
import { createOwnershipIndex } from '../../../src/ownership/ownership-index.ts'
import { indexOf, inWords, owner, question, TestSource } from '../../support/estate.ts'
import { A, askOf, at, B, claimsOf, world } from '../../support/story.ts'

const held = { address: at, owner: A }
const heldByB = { address: at, owner: B }
/** A starts, and B starts, at an instant that the source states to the millisecond. */
const from = (atMs: number) => ({ stated: [{ edge: 'start', kind: 'exact', subject: 'binding', atMs }] }) as const

/** All orders of a short list. */
const ordersOf = <T>(list: readonly T[]): readonly (readonly T[])[] =>
  list.length < 2 ? [list] : list.flatMap((first, i) => ordersOf(list.toSpliced(i, 1)).map(rest => [first, ...rest]))

/**
 * The rules of the study on temporal joins that say something of evidence (temporal-join.md, section D). R2 is the flow's
 * window (test/enricher), R8 the prefixes (answers.test.ts), R11, R12 and R14 emitting, correcting and restoring.
 */
describe('R1: intervals are half-open', () => {
  test('a handoff at a stated instant gives that instant to the new owner alone', () => {
    const { source, ask } = world()
    source.poll(100, 105, [held])
    source.poll(200, 205, [{ ...heldByB, ...from(150) }])
    source.poll(300, 305, [heldByB])
    expect(ask(150)).toBe('owned authoritative-time batch')
    expect(ask(149)).toBe('ambiguous tail api|nobody')
  })

  test('a claim of no length matches no instant', () => {
    const { source, ask, index } = world()
    for (const sent of [100, 200]) source.poll(sent, sent + 5, [{ ...held, owner: owner(null, 'i-a') }])
    source.poll(300, 305, [held])
    expect(index.counts().claims).toBe(2) // the unnamed one was emptied in favour of the named one
    for (let atMs = 0; atMs < 300; atMs += 10) expect(ask(atMs)).not.toContain('i-a')
  })
})

describe('R3: the order of arrival decides nothing', () => {
  test('every order of a handoff’s changes ends in the same answers', () => {
    const { source } = world()
    source.poll(100, 105, [held])
    source.poll(200, 205, [heldByB])
    source.poll(300, 305, [heldByB])
    const answers = (changes: readonly Change[]) => {
      const ask = askOf(indexOf(changes))
      return [50, 102, 150, 202, 250, 299].map(atMs => ask(atMs)).join()
    }
    const orders = ordersOf(source.changes.slice(2, 7))
    expect(orders).toHaveLength(120)
    expect(new Set(orders.map(order => answers([...order, ...source.changes]))).size).toBe(1)
    expect(new Set(orders.map(order => answers([...source.changes.slice(0, 2), ...order]))).size).toBe(1)
  })
})

describe('R4: a release ends the claim of its own holder only', () => {
  test('a task that is gone does not end the one that has its address since', () => {
    const { source, ask } = world()
    source.poll(100, 105, [held])
    source.poll(200, 205, [{ ...held, state: 'ending' }, heldByB])
    for (const sent of [300, 400]) source.poll(sent, sent + 5, [heldByB]) // A is absent twice, and closed
    expect(ask(350)).toBe('owned sighted batch')
    expect(claimsOf(source.changes).map(({ state }) => state)).toEqual(['closed', 'open'])
  })
})

describe('R5: on an exclusive address the next holder ends the last one', () => {
  test('otherwise than R5 the end lies in a window, not at the start of the next: nobody saw the instant', () => {
    const { source, ask } = world()
    source.poll(100, 105, [held])
    for (const sent of [200, 300]) source.poll(sent, sent + 5, [heldByB])
    expect(ask(150)).toBe('ambiguous handoff api|batch|nobody')
    expect(ask(205)).toBe('owned sighted batch')
  })
})

describe('R6: an orphan release', () => {
  test('otherwise than R6 no claim is inferred from an end alone: polls have no releases, and a guess is a defect', () => {
    const { source, ask } = world()
    source.poll(100, 105, [])
    const over = [{ edge: 'end', kind: 'exact', subject: 'binding', atMs: 250 }] as const
    source.poll(300, 305, [{ ...held, state: 'ending', stated: over }])
    source.poll(400, 405, [])
    expect(ask(249)).toBe('ambiguous head api|nobody') // a candidate from the last poll without it, never certain
    expect(ask(260)).toBe('unowned absent-in-complete-polls')
  })
})

describe('R7: polls', () => {
  test('A seen, then B seen: between them either, or nobody', () => {
    const { source, ask } = world()
    source.poll(100, 105, [held])
    for (const sent of [200, 300]) source.poll(sent, sent + 5, [heldByB])
    expect([105, 150, 204].map(atMs => ask(atMs))).toEqual(Array(3).fill('ambiguous handoff api|batch|nobody'))
  })

  test('a stated time between them takes the place of the doubt', () => {
    const { source, ask } = world()
    source.poll(100, 105, [held])
    for (const sent of [200, 300]) source.poll(sent, sent + 5, [{ ...heldByB, ...from(130) }])
    expect(ask(130)).toBe('owned authoritative-time batch')
  })

  test('a failed poll is no evidence and widens the gap; absence in it proves nothing', () => {
    const { source, ask } = world()
    for (const sent of [100, 200]) source.poll(sent, sent + 5, [held])
    source.refuse()
    source.poll(400, 405, [held])
    expect(ask(300)).toBe('owned sighted api')
    source.refuse()
    for (const sent of [600, 700]) source.poll(sent, sent + 5, [heldByB])
    expect(ask(500)).toBe('ambiguous handoff api|batch|nobody')
  })
})

describe('R9: never a bare null', () => {
  test('never owned, released, not looked at, not yet and no such domain are told apart', () => {
    const { source, ask } = world({ covered: ['d1 10.0.0.0/24'] })
    for (const sent of [100, 200]) source.poll(sent, sent + 5, [held])
    for (const sent of [300, 400]) source.poll(sent, sent + 5, [])
    expect(ask(350)).toBe('unowned absent-in-complete-polls')
    expect(ask(50)).toBe('unknown before-coverage api|nobody')
    expect(ask(400, 401, { nowMs: 410 })).toBe('unknown not-yet')
    expect(ask(150, 151, { domain: 'd9' })).toBe('unknown no-such-domain')
  })
})

describe('R10: the clock is what polls have proved, not what they have shown', () => {
  test('an idle source that polls on moves it, one that is refused does not', () => {
    const { source, index } = world()
    const watermark = () => index.ask(question(at, 150)).watermarkMs
    source.poll(100, 105, [held])
    source.poll(200, 205, [held])
    expect(watermark()).toBe(200)
    source.refuse()
    expect(watermark()).toBe(200)
    source.poll(300, 305, [held])
    expect(watermark()).toBe(300)
  })
})

describe('R13: retention', () => {
  test('below the horizon everything is expired, above it the claim that began below it still answers', () => {
    const { source, index, ask } = world()
    for (const sent of [100, 200, 300]) source.poll(sent, sent + 5, [held])
    index.apply({ record: 'horizon', domain: 'd1', beforeMs: 250 })
    expect(ask(249)).toBe('unknown expired')
    expect(ask(250)).toBe('owned sighted api')
  })
})

describe('R15: an end is a version of its own', () => {
  test('what was closed is not revived by an older word that comes late', () => {
    const { source } = world()
    for (const sent of [100, 200]) source.poll(sent, sent + 5, [held])
    const old = [...source.changes]
    for (const sent of [300, 400]) source.poll(sent, sent + 5, [])
    const ask = askOf(indexOf([...source.changes, ...old]))
    expect(ask(350)).toBe('unowned absent-in-complete-polls')
  })
})

describe('R16: what contradicts itself is counted', () => {
  test('every stated time that the polls refute is handed to the poller, with the window that stands', () => {
    const index = createOwnershipIndex()
    const source = new TestSource(index)
    source.poll(100, 105, [])
    source.poll(200, 205, [{ ...held, ...from(50) }])
    expect(source.contradictions).toEqual([
      {
        binding: expect.objectContaining({ prefix: '10.0.0.5/32' }),
        edge: 'start',
        polled: { earliestMs: 100, latestMs: 205 },
      },
    ])
    expect(inWords(index.ask(question(at, 150)))).toBe('ambiguous head api|nobody')
  })
})
