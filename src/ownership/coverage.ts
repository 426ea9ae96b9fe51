import type { UnknownReason } from './answer.ts'
import { type Progress, type SourceRecord, supersedes } from './claim.ts'
import { WatchedSpace } from './scope.ts'
import type { Millis, Window } from './window.ts'

type Blindness = Extract<UnknownReason, 'before-coverage' | 'source-stale' | 'not-yet'>

/**
 * One source over time: its registration, and the spans over which its polls were complete and close enough together.
 * Records may arrive in any order and any number of times.
 */
export class SourceHistory {
  record: SourceRecord | undefined
  space: WatchedSpace | undefined
  /** Everything before this instant is in the claims. */
  completeUpToMs: Millis | undefined
  refused: Progress['refused'] = null
  private newest: Progress | undefined
  /** Instants up to which complete polls vouched, ascending, and when each of those polls was over. */
  private readonly marks: Millis[] = []
  private readonly overAt: Millis[] = []

  register(record: SourceRecord): void {
    if (this.record !== undefined && !supersedes(record, this.record)) return
    this.record = record
    this.space = new WatchedSpace(record)
  }

  advance(progress: Progress): void {
    if (this.newest === undefined || supersedes(progress, this.newest)) {
      this.newest = progress
      this.refused = progress.refused
    }
    if (progress.refused !== null) return
    this.completeUpToMs = Math.max(this.completeUpToMs ?? Number.NEGATIVE_INFINITY, progress.completeUpToMs)
    const at = this.firstMarkAfter(progress.completeUpToMs)
    if (this.marks[at - 1] === progress.completeUpToMs) return
    this.marks.splice(at, 0, progress.completeUpToMs)
    this.overAt.splice(at, 0, progress.overAtMs)
  }

  /**
   * Whether complete polls stood close enough together over the whole of `part` for absence in them to count, and if not,
   * why: before the source watched, after its last word, or in a hole between two polls.
   */
  blindness(part: Window, sinceMs: Millis, nowMs: Millis): Blindness | undefined {
    const longestGapMs = this.record?.bounds.longestGapMs ?? 0
    const first = this.marks[0]
    if (first === undefined || part.fromMs < Math.max(first, sinceMs)) return 'before-coverage'
    const last = this.marks.at(-1) ?? first
    if (part.untilMs > last) return nowMs - last > longestGapMs ? 'source-stale' : 'not-yet'
    let i = this.firstMarkAfter(part.fromMs)
    for (; i < this.marks.length && (this.marks[i - 1] ?? last) < part.untilMs; i++) {
      if ((this.marks[i] ?? last) - (this.marks[i - 1] ?? first) > longestGapMs) return 'source-stale'
    }
    return undefined
  }

  /** Whether complete polls stood close together over the whole window. */
  sawAll(window: Window): boolean {
    return this.blindness(window, Number.NEGATIVE_INFINITY, window.untilMs) === undefined
  }

  /**
   * Whether nobody can have come and gone unseen between the polls around `part`: the shortest holding is longer than the
   * time from the earliest moment that one poll may show to the latest that the next may.
   */
  provesAbsence(part: Window): boolean {
    const briefestMs = this.record?.bounds.briefestHoldingMs ?? 0
    let from = this.firstMarkAfter(part.fromMs)
    // A poll that was not over by then may show a moment later than `part` begins: start from one that was.
    while (from > 0 && (this.overAt[from - 1] ?? 0) > part.fromMs) from--
    for (let i = from; i < this.marks.length; i++) {
      const before = this.marks[i - 1]
      if (before === undefined || (this.overAt[i] ?? Number.POSITIVE_INFINITY) - before >= briefestMs) return false
      if ((this.marks[i] ?? 0) >= part.untilMs) return true
    }
    return false
  }

  /** Index of the first mark later than `atMs`. */
  private firstMarkAfter(atMs: Millis): number {
    let low = 0
    let high = this.marks.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.marks[middle] ?? 0) <= atMs) low = middle + 1
      else high = middle
    }
    return low
  }
}
