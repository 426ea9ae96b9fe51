import { describe, expect, test } from 'vitest'
import { createOwnershipIndex } from '../../src/ownership/ownership-index.ts'
import type { StatedTime } from '../../src/ownership/stated-times.ts'
import { question, type Shown, TestSource } from '../support/estate.ts'
import { adopted, at, B, claimsOf, ending, held, says, world } from '../support/story.ts'

describe('rule 5: a stated end', () => {
  /** Sighted at 100 and 200, and listed on its way out at 300 and later. */
  const finished = (stated: StatedTime, bounds = {}) => {
    const { source, index, ask } = world({ bounds })
    for (const sent of [100, 200]) source.poll(sent, sent + 5, [held()])
    source.poll(300, 305, [ending(stated)])
    return { source, ask, index, claim: () => claimsOf(source.changes)[0] }
  }

  test('that is processed says by when it was over, and closes the claim at once', () => {
    const { source, ask, index, claim } = finished(says('end processed-at binding', 250), { clockErrorMs: 2 })
    expect(claim()).toMatchObject({ state: 'closed', end: { earliestMs: 198, latestMs: 252 }, evidence: 'sighted' })
    expect(ask(251)).toBe('ambiguous tail api|nobody')
    expect(ask(252)).toBe('unowned absent-in-complete-polls')
    expect(index.ask(question(at, 150)).final).toBe(true)
    for (const sent of [400, 500]) source.poll(sent, sent + 5, [ending(says('end processed-at binding', 250))])
    expect(claimsOf(source.changes)).toHaveLength(1) // still listed, and told already
    expect(source.contradictions).toEqual([])
  })

  test('that is exact carries certainty to it, past the last sighting', () => {
    const { ask, claim } = finished(says('end exact binding', 250), { clockErrorMs: 2 })
    expect(ask(247)).toBe('owned authoritative-time api')
    expect(ask(249)).toBe('ambiguous tail api|nobody')
    expect(ask(252)).toBe('unowned absent-in-complete-polls')
    expect(claim()).toMatchObject({ state: 'closed', evidence: 'authoritative-time' })
  })

  test('of the attachment bounds the binding from above, and never says that it lasted so long', () => {
    const { ask, claim } = finished(says('end exact attachment', 250))
    expect(ask(220)).toBe('ambiguous tail api|nobody') // the address may have left the interface first
    expect(ask(250)).toBe('unowned absent-in-complete-polls')
    expect(claim()).toMatchObject({ state: 'closed', evidence: 'sighted' })
  })

  test('that is a lower bound carries certainty to it and closes nothing', () => {
    const { ask, claim } = finished(says('end not-before binding', 250))
    expect(ask(249)).toBe('owned sighted api')
    expect(ask(250)).toBe('ambiguous tail api|nobody')
    expect(claim()).toMatchObject({ state: 'missing', end: { earliestMs: 250, latestMs: Number.POSITIVE_INFINITY } })
  })

  test('that lies ahead is a deadline: the claim waits for it, or for being gone before', () => {
    const { source, claim } = finished(says('end not-after binding', 900))
    expect(claim()).toMatchObject({ state: 'missing', end: { earliestMs: 200, latestMs: 900 } })
    source.poll(400, 405, [])
    expect(claim()).toMatchObject({ state: 'missing', end: { earliestMs: 200, latestMs: 405 } })
    source.poll(500, 505, [])
    expect(claim()).toMatchObject({ state: 'closed', end: { earliestMs: 200, latestMs: 405 } })
  })

  test('of a task that had vanished closes its missing claim at once', () => {
    const { source } = world()
    for (const sent of [100, 200]) source.poll(sent, sent + 5, [held()])
    source.poll(300, 305, [])
    source.poll(400, 405, [ending(says('end exact binding', 250))])
    expect(claimsOf(source.changes)).toMatchObject([{ state: 'closed', end: { earliestMs: 250, latestMs: 250 } }])
  })

  test('that the polls refute is not believed: it was seen after', () => {
    const { source, ask, claim } = finished(says('end processed-at binding', 150))
    expect(claim()).toMatchObject({ state: 'missing', end: { earliestMs: 200, latestMs: Number.POSITIVE_INFINITY } })
    expect(ask(199)).toBe('owned sighted api')
    expect(ask(250)).toBe('ambiguous tail api|nobody')
    expect(source.contradictions).toMatchObject([{ edge: 'end', polled: { earliestMs: 200 } }])
  })

  test('does not make the task new again while it stays listed, however close to the last poll it ended', () => {
    const { source, claim } = finished(says('end processed-at binding', 304), { lagMs: 10 })
    expect(claim()).toMatchObject({ state: 'closed', end: { latestMs: 304 } })
    for (const sent of [320, 340, 360]) source.poll(sent, sent + 5, [ending(says('end processed-at binding', 304))])
    source.poll(380, 385, [])
    expect(claimsOf(source.changes)).toHaveLength(1)
    expect(source.contradictions).toEqual([])
  })

  test('is told already when a successor finds the task still listed', () => {
    const stated = says('end processed-at binding', 250)
    const { source, index } = finished(stated)
    const successor = new TestSource(index, { state: adopted(source.changes) })
    for (const sent of [400, 500]) successor.poll(sent, sent + 5, [ending(stated)])
    expect(claimsOf(successor.changes)).toEqual([])
    expect(successor.contradictions).toEqual([])
  })

  test('of something that is still held is not heard: it has no end yet', () => {
    const { source, ask } = world()
    for (const sent of [100, 200]) source.poll(sent, sent + 5, [held()])
    for (const sent of [300, 400]) source.poll(sent, sent + 5, [held(says('end not-after binding', 350))])
    expect(ask(370)).toBe('owned sighted api')
    expect(source.contradictions).toEqual([])
  })

  test('of what may be another binding of the same address says nothing of this one', () => {
    const { source, ask } = world({ bounds: { bridgeMs: 150 } })
    const loose = (shown: Shown): Shown => ({ ...shown, lifetimeId: null })
    for (const sent of [100, 200]) source.poll(sent, sent + 5, [loose(held())])
    source.refuse()
    // It may have left at 300 and come back at 900: then 950 is the end of that.
    source.poll(1000, 1005, [loose(ending(says('end exact binding', 950)))])
    expect(ask(500)).not.toMatch(/^owned/)
  })

  test('does not keep the address from being sighted again', () => {
    const { source, ask } = finished(says('end exact binding', 250))
    for (const sent of [400, 500]) source.poll(sent, sent + 5, [held()])
    expect(ask(247)).toBe('owned authoritative-time api')
    expect(ask(290)).toBe('unowned absent-in-complete-polls')
    expect(ask(450)).toBe('owned sighted api')
  })
})

describe('rule 5: a holding that no poll saw', () => {
  const cameAndWent = (...stated: readonly StatedTime[]) => {
    const { source, ask, index } = world()
    source.poll(100, 105, [])
    source.poll(300, 305, [ending(...stated)])
    return { source, ask, index }
  }

  test('is certain between two times that are stated of this binding', () => {
    const { source, ask } = cameAndWent(says('start exact binding', 150), says('end exact binding', 250))
    expect([149, 150, 249, 250].map(atMs => ask(atMs))).toEqual([
      'unowned absent-in-complete-polls',
      'owned authoritative-time api',
      'owned authoritative-time api',
      'unowned absent-in-complete-polls',
    ])
    expect(claimsOf(source.changes)).toMatchObject([{ state: 'closed', lastSightingMs: 0 }])
  })

  test('is a candidate and no more where only its end is known', () => {
    const { ask } = cameAndWent(says('end exact binding', 250))
    for (const atMs of [150, 249]) expect(ask(atMs)).toBe('ambiguous head api|nobody')
    expect(ask(250)).toBe('unowned absent-in-complete-polls')
  })

  test('does not end before it starts: such times are not believed', () => {
    const { source, ask } = cameAndWent(says('start exact binding', 250), says('end exact binding', 150))
    expect(ask(200)).not.toMatch(/^owned/)
    expect(source.contradictions).toMatchObject([{ edge: 'end' }])
  })
})

test('a successor that finds a finished task still listed does not take its address from the next one', () => {
  const index = createOwnershipIndex()
  const source = new TestSource(index)
  const over = ending(says('end processed-at binding', 150))
  const next: Shown = { address: at, owner: B }
  source.poll(200, 205, [over, next])
  for (const sent of [300, 400, 500]) source.poll(sent, sent + 5, [over, next])
  expect(claimsOf(source.changes).map(({ state }) => state)).toEqual(['closed', 'open'])
  expect(index.ask(question(at, 250)).holding?.owner.application).toBe('batch')
})
