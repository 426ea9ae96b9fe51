import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createOwnershipIndex } from '../../src/ownership/ownership-index.ts'
import { question, TestSource } from '../support/estate.ts'
import {
  ADDRESS,
  BOUNDS,
  CLOCK_ERROR_MS,
  pollTold,
  type Schedule,
  schedules,
  schedulesInOrder,
  type Told,
  toldHistories,
} from '../support/stating-world.ts'

const offsets = fc.integer({ min: -CLOCK_ERROR_MS, max: CLOCK_ERROR_MS })

/** The answers around every instant at which something changes: there a bound that is too tight shows. */
function answersAbout(history: readonly Told[], schedule: Schedule, offsetMs: number) {
  const index = createOwnershipIndex()
  const source = new TestSource(index, { bounds: BOUNDS })
  const listed = pollTold(source, history, schedule, offsetMs)
  const changes = history.flatMap(({ fromMs, untilMs }) => [fromMs, untilMs])
  const instants = changes.flatMap(atMs => [-61, -26, -7, -4, -1, 0, 3, 6, 25, 60].map(shiftMs => atMs + shiftMs))
  const answers = instants.map(atMs => ({
    atMs,
    answer: index.ask(question(ADDRESS, atMs)),
    truth: history.find(({ fromMs, untilMs }) => fromMs <= atMs && atMs < untilMs),
  }))
  return { answers, listed, contradictions: source.contradictions }
}

test('whatever an inventory truly states of starts and ends, no owned answer is wrong', () => {
  const owned = { sighted: 0, 'authoritative-time': 0, bridged: 0, 'flow-sighting': 0 }
  fc.assert(
    fc.property(toldHistories, schedules, offsets, (history, schedule, offsetMs) => {
      for (const { atMs, answer, truth } of answersAbout(history, schedule, offsetMs).answers) {
        if (answer.state !== 'owned') continue
        owned[answer.reason]++
        expect(answer.holding?.owner.application, `at ${atMs}`).toBe(truth?.holder)
      }
    }),
    { numRuns: 300, seed: 20260 },
  )
  // A test that never sees an owned answer proves nothing.
  expect(owned.sighted).toBeGreaterThan(300)
  expect(owned['authoritative-time']).toBeGreaterThan(200)
})

test('nor does it contradict the polls, or leave the true holder out of the candidates', () => {
  let ambiguous = 0
  fc.assert(
    fc.property(toldHistories, schedulesInOrder, offsets, (history, schedule, offsetMs) => {
      const { answers, listed, contradictions } = answersAbout(history, schedule, offsetMs)
      expect(contradictions).toEqual([])
      for (const { atMs, answer, truth } of answers) {
        if (answer.state !== 'ambiguous' || (truth !== undefined && !listed.has(truth))) continue
        ambiguous++
        const candidates = answer.candidates.map(({ holding }) => holding?.owner.application)
        expect(candidates, `at ${atMs}`).toContain(truth?.holder)
      }
    }),
    { numRuns: 300, seed: 20261 },
  )
  expect(ambiguous).toBeGreaterThan(1000)
})
