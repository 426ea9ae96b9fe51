import type { Verdict } from '../../../src/ownership/answer.ts'
import type { Millis, Window } from '../../../src/ownership/window.ts'
import { speaksFromMs, type Watcher } from './watching.ts'

/** From when on a source speaks of the address at whatever layer, networks and services among them. */
const everSpeaksFromMs = (watcher: Watcher): Millis =>
  Math.min(
    Number.POSITIVE_INFINITY,
    ...watcher.scope.flatMap(({ layers }) => layers.map(layer => speaksFromMs(watcher, layer))),
  )

/**
 * The least progress of the sources that speak of the address at some instant of the window (design.md §2, "watermark"). Who
 * was removed within it and had seen all until then holds nothing up, while others do. Where nobody speaks within the window,
 * those count that came after it. Null where there is none. `watchers` are the sources that ever watch the address.
 */
export function watermarkMs(watchers: readonly Watcher[], window: Window): Millis | null {
  const during = watchers.filter(
    watcher => everSpeaksFromMs(watcher) < window.untilMs && window.fromMs < watcher.removedMs,
  )
  const owing = during.filter(watcher => window.untilMs <= watcher.removedMs || watcher.progressMs < watcher.removedMs)
  const after = watchers.filter(
    watcher => window.untilMs <= everSpeaksFromMs(watcher) && watcher.progressMs > Number.NEGATIVE_INFINITY,
  )
  const concerned = [owing, during, after].find(found => found.length > 0) ?? []
  const leastMs = Math.min(...concerned.map(watcher => watcher.progressMs))
  return Number.isFinite(leastMs) ? leastMs : null
}

/** From when on its claims may tell of the address: those of its second poll reach back into the first. */
const tellsFromMs = ({ scope, polls }: Watcher): Millis =>
  Math.min(
    Number.POSITIVE_INFINITY,
    ...scope.flatMap(({ fromMs }) => polls.find(poll => poll.vouchedMs >= fromMs)?.vouchedMs ?? []),
  )

/**
 * Whether no later poll can change what the sources say of an instant: each that speaks of it has seen it, or was removed and
 * sees nothing any more. An instant that is unknown because nobody watched yet stays so once somebody has begun to watch after
 * it.
 */
export function isSettledAt(watchers: readonly Watcher[], atMs: Millis, nowMs: Millis, { state }: Verdict): boolean {
  const speaking = watchers.filter(watcher => everSpeaksFromMs(watcher) <= atMs && atMs < watcher.removedMs)
  if (speaking.length > 0) return speaking.every(watcher => watcher.removedMs <= nowMs || atMs < watcher.progressMs)
  const hasBegun = watchers.some(watcher => tellsFromMs(watcher) <= atMs && atMs < watcher.removedMs)
  const beganAfter = watchers.some(watcher => atMs < tellsFromMs(watcher) && atMs < watcher.progressMs)
  return state === 'unknown' && !hasBegun && beganAfter
}
