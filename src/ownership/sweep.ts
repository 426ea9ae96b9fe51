import { byLevel, type LiveSpan } from './live-span.ts'
import type { Millis, Window } from './window.ts'

/**
 * Cuts the window at every instant at which some span begins or ends to be possible, certain or watched, and at `turnsMs`, and
 * visits the parts in order of time, each with the spans that are possible in it, ordered `byLevel`. About n log n for n
 * spans of which few are live at once.
 */
export function sweep(
  window: Window,
  spans: readonly LiveSpan[],
  turnsMs: readonly Millis[],
  visit: (part: Window, live: readonly LiveSpan[]) => void,
): void {
  const coming = [...spans].sort((a, b) => b.possibleFromMs - a.possibleFromMs || byLevel(a, b))
  let live: LiveSpan[] = []
  let nextEndMs = Number.POSITIVE_INFINITY
  const points = cutPoints(window, spans, turnsMs)
  for (let i = 0; i + 1 < points.length; i++) {
    const fromMs = points[i] as Millis
    const before = live
    if (nextEndMs <= fromMs) live = live.filter(span => span.possibleUntilMs > fromMs)
    const begun: LiveSpan[] = []
    while ((coming.at(-1)?.possibleFromMs ?? Number.POSITIVE_INFINITY) <= fromMs) begun.push(coming.pop() as LiveSpan)
    if (begun.length > 0) live = [...live, ...begun].sort(byLevel)
    if (live !== before)
      nextEndMs = live.reduce((ms, span) => Math.min(ms, span.possibleUntilMs), Number.POSITIVE_INFINITY)
    visit({ fromMs, untilMs: points[i + 1] as Millis }, live)
  }
}

function cutPoints(window: Window, spans: readonly LiveSpan[], turnsMs: readonly Millis[]): readonly Millis[] {
  const points = [window.fromMs, window.untilMs]
  const cut = (atMs: Millis) => {
    if (atMs > window.fromMs && atMs < window.untilMs) points.push(atMs)
  }
  for (const span of spans) {
    cut(span.possibleFromMs)
    cut(span.possibleUntilMs)
    cut(span.certainFromMs)
    cut(span.sureUntilMs)
    cut(span.watchedSinceMs)
    cut(span.watchedUntilMs)
  }
  for (const atMs of turnsMs) cut(atMs)
  return points.length === 2 ? points : [...new Set(points)].sort((a, b) => a - b)
}
