import { countUpTo } from '../ownership/ascending.ts'
import type { Millis, Window } from '../ownership/window.ts'

/** Over which parts of a window a source's polls were complete and close together, and over which they were not. */
export type Covered = {
  readonly intervals: readonly Window[]
  readonly gaps: readonly Window[]
  readonly polls: number
}

/** `marks` are the instants up to which complete polls vouched, ascending (`HistoryColumns`). */
export function coveredWithin(marks: Float64Array, longestGapMs: Millis, window: Window): Covered {
  const intervals: Window[] = []
  let polls = 0
  let open: { fromMs: Millis; untilMs: Millis } | undefined
  for (let i = countUpTo(marks, window.fromMs - 1); i < marks.length; i++) {
    const mark = marks[i] as Millis
    const before = marks[i - 1]
    const reaches = before !== undefined && mark - before <= longestGapMs
    if (before !== undefined && before >= window.untilMs) break
    if (mark < window.untilMs) polls++
    const fromMs = Math.max(window.fromMs, reaches ? before : mark)
    const untilMs = Math.min(window.untilMs, mark)
    if (open !== undefined && reaches) open.untilMs = untilMs
    else if (reaches && fromMs < untilMs) {
      open = { fromMs, untilMs }
      intervals.push(open)
    } else open = undefined
  }
  return { intervals, gaps: gapsBetween(intervals, window), polls }
}

function gapsBetween(intervals: readonly Window[], window: Window): readonly Window[] {
  const gaps: Window[] = []
  let fromMs = window.fromMs
  for (const interval of intervals) {
    if (fromMs < interval.fromMs) gaps.push({ fromMs, untilMs: interval.fromMs })
    fromMs = interval.untilMs
  }
  if (fromMs < window.untilMs) gaps.push({ fromMs, untilMs: window.untilMs })
  return gaps
}
