import type { Millis } from '../../../src/ownership/window.ts'
import type { Holding } from './holdings.ts'
import type { Watcher } from './watching.ts'

/** Half-open on both counts: [possibleFromMs, possibleUntilMs) and [certainFromMs, certainUntilMs). */
export type Times = {
  readonly possibleFromMs: Millis
  readonly possibleUntilMs: Millis
  readonly certainFromMs: Millis
  readonly certainUntilMs: Millis
}

/**
 * A claim is possible from the first instant of its start window to the last of its end window, and certain between the two.
 * `onThePrefix` are all holdings of its prefix, `watchers` all sources. Nothing is certain from `nowMs` on.
 */
export function timesOf(
  holding: Holding,
  onThePrefix: readonly Holding[],
  watchers: readonly Watcher[],
  nowMs: Millis,
): Times {
  let possibleFromMs = holding.start.earliestMs
  let possibleUntilMs = holding.end.latestMs
  for (const other of onThePrefix) {
    if (!excludes(other, holding)) continue
    const { fromMs, untilMs } = other.certain
    if (hadEndedBy(fromMs, holding)) possibleUntilMs = Math.min(possibleUntilMs, fromMs)
    if (beganAfter(untilMs, holding)) possibleFromMs = Math.max(possibleFromMs, untilMs)
  }
  const certainFromMs = holding.start.latestMs
  const certainUntilMs = Math.min(nowMs, certainUntil(holding, watchers))
  // Once all its sources are removed, what only nobody has seen end was ignorance, not evidence.
  if (possibleUntilMs === Number.POSITIVE_INFINITY) {
    const removedMs = watchers.filter(({ name }) => holding.sources.includes(name)).map(watcher => watcher.removedMs)
    possibleUntilMs = Math.max(certainUntilMs, ...removedMs)
  }
  return { possibleFromMs, possibleUntilMs, certainFromMs, certainUntilMs }
}

/**
 * Rule 2: an open claim is certain up to its source's progress; of several sources, up to the furthest of those who name its
 * owner (decision 6).
 */
function certainUntil({ namedBy, state, end }: Holding, watchers: readonly Watcher[]): Millis {
  if (state !== 'open') return end.earliestMs
  const naming = watchers.filter(({ name }) => namedBy.includes(name))
  return Math.max(end.earliestMs, ...naming.map(watcher => watcher.progressMs))
}

/** An address that one owner holds alone, on all ports. Rule 8: what is shared neither cuts nor is cut. */
const isExclusive = ({ claim }: Holding): boolean => claim.owners.length === 1 && claim.ports === null

/** Rule 8: within one source and layer only, so that sources that contradict each other stay in sight. */
export const areRivals = (a: Holding, b: Holding): boolean =>
  a.claim.id !== b.claim.id &&
  a.sources.some(source => b.sources.includes(source)) &&
  a.claim.layer === b.claim.layer &&
  isExclusive(a) &&
  isExclusive(b)

/** By its own windows: its source's progress says nothing of when another one ended. */
const excludes = (other: Holding, holding: Holding): boolean =>
  areRivals(other, holding) && !other.isOfFlows && other.certain.fromMs < other.certain.untilMs

const wasSighted = (holding: Holding): boolean => holding.lastSightingMs > 0

/**
 * It had begun by then, it is not certain any more, and from then on another was certain: one holding has no gaps, so it had
 * ended. Of an open claim we are still sure: two at once are a contradiction to be shown.
 */
const hadEndedBy = (atMs: Millis, holding: Holding): boolean =>
  wasSighted(holding) && holding.state !== 'open' && holding.certain.fromMs <= atMs && holding.certain.untilMs <= atMs

/** It was still held then or later, it is not yet certain then, and until then another was certain: it began after that. */
const beganAfter = (atMs: Millis, holding: Holding): boolean =>
  wasSighted(holding) && atMs <= holding.certain.untilMs && atMs <= holding.certain.fromMs
