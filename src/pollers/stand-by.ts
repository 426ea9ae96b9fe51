import type { Incumbent } from '../changestream/incumbents.ts'
import { compareRevisions } from '../ownership/claim.ts'
import type { Millis } from '../ownership/window.ts'

export type Patience = {
  /** Longest time between two polls of the source. */
  readonly longestMs: Millis
  /** So many of them may be missed. */
  readonly silentPolls: number
  /** From 0 to 1, drawn once: so that of several that stand by one comes first. */
  readonly jitter: number
}

/** A leader that polls this much more slowly than it should is given no more time than that. */
const SLOWEST_PACE = 10
const MOST_DOUBLINGS = 5
const JITTER = 0.25
/** Longest time between two that stand by, where nothing is to be waited for. */
const FREE_JITTER_MS = 1_000

/** Nobody leads: the poller said that it stops, or two took one epoch, and neither has it. */
export const isFree = ({ isStopped, contenders, hasSpoken }: Incumbent): boolean =>
  isStopped || (contenders > 1 && !hasSpoken)

/**
 * For how long to stand by from `nowMs` on; 0 or less: take over. A leader that is slow is given the time that its polls take.
 * Where pollers took over one after the other and none of them came to the end of a poll, the next one waits twice as long as the
 * one before, or they would only fence each other off.
 */
export function standByMs(incumbent: Incumbent, { longestMs, silentPolls, jitter }: Patience, nowMs: Millis): Millis {
  const { heardAtMs, paceMs, silentTakeovers } = incumbent
  // A log whose clock is ahead of ours does not make us wait for longer.
  const silentMs = nowMs - Math.min(heardAtMs, nowMs)
  if (isFree(incumbent)) return Math.ceil(jitter * Math.min(FREE_JITTER_MS, JITTER * longestMs) - silentMs)
  const intervalMs = Math.max(longestMs, Math.min(paceMs, longestMs * SLOWEST_PACE))
  const doublings = Math.min(MOST_DOUBLINGS, Math.max(0, silentTakeovers - 1))
  return Math.ceil(intervalMs * silentPolls * 2 ** doublings + jitter * JITTER * longestMs - silentMs)
}

/** Whether both know of the same records. */
export const isSame = (a: Incumbent, b: Incumbent): boolean =>
  compareRevisions(a.newest, b.newest) === 0 && a.contenders === b.contenders

/** What was read, or what was heard since. */
export function newerOf(read: Incumbent, heard: Incumbent | undefined): Incumbent {
  if (heard === undefined || compareRevisions(heard.newest, read.newest) < 0 || isSame(heard, read)) return read
  return { ...heard, paceMs: Math.max(heard.paceMs, read.paceMs) }
}
