import type { Millis, Window } from './window.ts'

export const ALL_TIME: Window = { fromMs: Number.NEGATIVE_INFINITY, untilMs: Number.POSITIVE_INFINITY }

/**
 * The stretches over which two things that change in steps differ, each as long as it can be. Between two neighbouring
 * `turnsMs`, before the first and after the last, both must stay what they are; their values are compared by identity.
 */
export function whereDifferent(
  turnsMs: Iterable<Millis>,
  before: (atMs: Millis) => unknown,
  after: (atMs: Millis) => unknown,
): readonly Window[] {
  const points = [...new Set([ALL_TIME.fromMs, ...turnsMs])].sort((a, b) => (a < b ? -1 : 1))
  const different: Window[] = []
  for (const [i, fromMs] of points.entries()) {
    const untilMs = points[i + 1] ?? ALL_TIME.untilMs
    if (fromMs < untilMs && before(fromMs) !== after(fromMs)) different.push({ fromMs, untilMs })
  }
  return union(different)
}

/** The same instants in the fewest windows, in order of time. */
export function union(windows: readonly Window[]): readonly Window[] {
  const joined: Window[] = []
  for (const window of [...windows].sort((a, b) => (a.fromMs < b.fromMs ? -1 : 1))) {
    const last = joined.at(-1)
    if (last === undefined || window.fromMs > last.untilMs) joined.push(window)
    else joined[joined.length - 1] = { fromMs: last.fromMs, untilMs: Math.max(last.untilMs, window.untilMs) }
  }
  return joined
}
