import type { Millis } from '../ownership/window.ts'

/** Between which two intervals a source is polled. The longest is the one that its declared gaps in coverage follow from. */
export type PaceLimits = { readonly longestMs: Millis; readonly fastestMs: Millis }

/** What a complete poll tells of how fast its source changes. */
export type PollOutcome = {
  readonly completeUpToMs: Millis
  readonly bindings: number
  /** Claims that it, or a look since the complete poll before it, opened or revised. */
  readonly changed: number
  readonly tookMs: Millis
}

/** How often a source is polled, and the measurement that it comes from. */
export type Pace = {
  readonly intervalMs: Millis
  /** Share of the holdings that give way to others, per millisecond: one over their mean lifetime. */
  readonly turnoverPerMs: number
  /** Of the last complete poll; null before there was one. */
  readonly completeUpToMs: Millis | null
}

/**
 * Share of the holdings' time that may lie between two polls and so prove nobody: about interval / mean lifetime
 * (design.md §5). What lag loses comes on top, and no polling buys it back.
 */
const LOST_SHARE = 0.02
/** Where a holding gives way to another one, the new claim opens, and the old one goes missing and is closed. */
const CHANGES_PER_TURNOVER = 3
/** The churn of a quiet source is half forgotten after so many of its longest intervals. */
const HALF_FORGOTTEN_AFTER = 2
/** A source is left alone for at least as long as its listing took. */
const LEAST_INTERVAL_IN_POLLS = 2

export const unhurried = ({ longestMs }: PaceLimits): Pace => ({
  intervalMs: longestMs,
  turnoverPerMs: 0,
  completeUpToMs: null,
})

/** Faster at once where there is churn, slower little by little where there was; never outside the limits. */
export function afterPoll(pace: Pace, outcome: PollOutcome, limits: PaceLimits): Pace {
  const { completeUpToMs } = outcome
  // What the first poll finds was held before; it did not change just now.
  const elapsedMs = pace.completeUpToMs === null ? 0 : completeUpToMs - pace.completeUpToMs
  if (elapsedMs <= 0) return { ...pace, completeUpToMs }
  const measured = outcome.changed / CHANGES_PER_TURNOVER / Math.max(1, outcome.bindings) / elapsedMs
  const remembered = pace.turnoverPerMs * 2 ** (-elapsedMs / (limits.longestMs * HALF_FORGOTTEN_AFTER))
  const turnoverPerMs = Math.max(remembered, (pace.turnoverPerMs + measured) / 2)
  const leastMs = Math.max(limits.fastestMs, outcome.tookMs * LEAST_INTERVAL_IN_POLLS)
  const wantedMs = Math.max(leastMs, LOST_SHARE / turnoverPerMs)
  return { intervalMs: Math.min(limits.longestMs, wantedMs), turnoverPerMs, completeUpToMs }
}

/** A source that fails, throttles or is not believed is not helped by more requests. */
export const afterRefusal = (pace: Pace, { longestMs }: PaceLimits): Pace => ({ ...pace, intervalMs: longestMs })
