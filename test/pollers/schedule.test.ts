import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { afterPoll, afterRefusal, type Pace, type PollOutcome, unhurried } from '../../src/pollers/schedule.ts'

const limits = { longestMs: 60_000, fastestMs: 15_000 }
const MINUTES_10 = 600_000

/** Polls one after the other, each at the pace that the one before it set. */
function live(polls: number, outcomeAfter: (elapsedMs: number) => Omit<PollOutcome, 'completeUpToMs'>, from?: Pace) {
  let pace = from ?? afterPoll(unhurried(limits), { completeUpToMs: 0, bindings: 0, changed: 0, tookMs: 0 }, limits)
  for (let poll = 0; poll < polls; poll++) {
    const completeUpToMs = (pace.completeUpToMs ?? 0) + pace.intervalMs
    pace = afterPoll(pace, { completeUpToMs, ...outcomeAfter(pace.intervalMs) }, limits)
  }
  return pace
}

/** 10,000 addresses, held for `meanMs` on average; every turnover is three changes. */
const churning =
  (meanMs: number, tookMs = 1000) =>
  (elapsedMs: number) => ({
    bindings: 10_000,
    changed: Math.round((3 * 10_000 * elapsedMs) / meanMs),
    tookMs,
  })
const quiet = () => ({ bindings: 10_000, changed: 0, tookMs: 1000 })

describe('the interval of a source', () => {
  test('is the longest one where nothing changes', () => {
    expect(live(5, quiet).intervalMs).toBe(60_000)
  })

  test('is a fiftieth of the mean lifetime of a holding, once that is measured', () => {
    expect(live(20, churning(2_000_000)).intervalMs).toBeCloseTo(40_000, -3)
  })

  test('is never shorter than the fastest', () => {
    expect(live(20, churning(60_000)).intervalMs).toBe(15_000)
  })

  test('leaves a source alone for as long as its listing took', () => {
    expect(live(20, churning(60_000, 20_000)).intervalMs).toBe(40_000)
  })

  test('is never longer than the longest, even where a listing takes most of it', () => {
    expect(live(20, churning(60_000, 50_000)).intervalMs).toBe(60_000)
  })

  test('decays back after a deployment', () => {
    const busy = live(20, churning(MINUTES_10))
    expect(busy.intervalMs).toBe(15_000)
    expect(live(4, quiet, busy).intervalMs).toBeGreaterThan(15_000)
    expect(live(30, quiet, busy).intervalMs).toBe(60_000)
  })

  test('learns nothing from the first poll: what it finds did not change just now', () => {
    const outcome = { completeUpToMs: 5, bindings: 100, changed: 100, tookMs: 10 }
    expect(afterPoll(unhurried(limits), outcome, limits).intervalMs).toBe(60_000)
  })

  test('is the longest after a refused poll', () => {
    expect(afterRefusal(live(20, churning(MINUTES_10)), limits).intervalMs).toBe(60_000)
  })

  test('stays within its limits, whatever the polls say', () => {
    const outcome = fc.record({
      completeUpToMs: fc.integer({ min: -1e6, max: 1e7 }),
      bindings: fc.nat(1e6),
      changed: fc.nat(3e6),
      tookMs: fc.nat(200_000),
    })
    fc.assert(
      fc.property(fc.array(outcome, { maxLength: 20 }), outcomes => {
        let pace = unhurried(limits)
        for (const one of outcomes) {
          pace = afterPoll(pace, one, limits)
          expect(pace.intervalMs).toBeGreaterThanOrEqual(limits.fastestMs)
          expect(pace.intervalMs).toBeLessThanOrEqual(limits.longestMs)
        }
      }),
    )
  })
})
