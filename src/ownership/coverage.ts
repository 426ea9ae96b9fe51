import type { UnknownReason } from './answer.ts'
import { countUpTo } from './ascending.ts'
import { isGoodbye, type Progress, type SourceRecord, supersedes } from './claim.ts'
import { WatchedSpace } from './scope.ts'
import type { SteadyStretch } from './steady-stretch.ts'
import { ALL_TIME } from './stretches.ts'
import type { Millis, Window } from './window.ts'

/** What another thread, or a checkpoint, needs to know of a source. The columns do not change any more. */
export type HistoryColumns = {
  readonly source: string
  readonly record: SourceRecord | null
  readonly newest: Progress | null
  readonly marks: Float64Array
  readonly overAt: Float64Array
}

/** Why absence from a source's polls tells nothing. */
export type Blindness = Extract<UnknownReason, 'before-coverage' | 'source-stale' | 'not-yet'>

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
  readonly source: string
  /** Instants up to which complete polls vouched, ascending, and when each of those polls was over. */
  private marks: Float64Array
  private overAt: Float64Array
  private markCount = 0
  /** `turnsMs` of all time, ascending, and the first mark; made when it is first asked for. */
  private turningPoints: Float64Array | undefined

  constructor(source: string, columns?: HistoryColumns) {
    this.source = source
    this.marks = columns?.marks ?? new Float64Array(0)
    this.overAt = columns?.overAt ?? new Float64Array(0)
    this.markCount = this.marks.length
    if (columns?.record) this.register(columns.record)
    if (columns?.newest) this.newest = columns.newest
    this.refused = this.newest?.refused ?? null
    this.completeUpToMs = this.marks.at(-1)
  }

  register(record: SourceRecord): void {
    if (this.record !== undefined && !supersedes(record, this.record)) return
    this.record = record
    this.space = new WatchedSpace(record)
    this.turningPoints = undefined
  }

  advance(progress: Progress): void {
    // Tells nothing of what it polls: why the poll before was refused still holds.
    if (isGoodbye(progress)) return
    if (this.newest === undefined || supersedes(progress, this.newest)) {
      this.newest = progress
      this.refused = progress.refused
    }
    if (progress.refused !== null) return
    this.turningPoints = undefined
    this.completeUpToMs = Math.max(this.completeUpToMs ?? Number.NEGATIVE_INFINITY, progress.completeUpToMs)
    const at = this.firstMarkAfter(progress.completeUpToMs)
    if (at === 0 || this.marks[at - 1] !== progress.completeUpToMs) this.insert(at, progress)
    // Of two polls that vouch for as much the shorter one tells more, whichever came first.
    else if (progress.overAtMs < (this.overAt[at - 1] as number)) this.shorten(at - 1, progress.overAtMs)
  }

  columns(): HistoryColumns {
    return {
      source: this.source,
      record: this.record ?? null,
      newest: this.newest ?? null,
      marks: this.marks.subarray(0, this.markCount),
      overAt: this.overAt.subarray(0, this.markCount),
    }
  }

  /**
   * Whether complete polls stood close enough together over the whole of `part` for absence in them to count, and if not,
   * why: before the source watched, after its last word, or in a hole between two polls.
   */
  blindness(part: Window, sinceMs: Millis, nowMs: Millis): Blindness | undefined {
    const longestGapMs = this.record?.bounds.longestGapMs ?? 0
    const first = this.markCount > 0 ? this.marks[0] : undefined
    if (first === undefined || part.fromMs < Math.max(first, sinceMs)) return 'before-coverage'
    const last = this.marks[this.markCount - 1] ?? first
    if (part.untilMs > last) return this.isLate(nowMs) ? 'source-stale' : 'not-yet'
    let i = this.firstMarkAfter(part.fromMs)
    for (; i < this.markCount && (this.marks[i - 1] ?? last) < part.untilMs; i++) {
      if ((this.marks[i] ?? last) - (this.marks[i - 1] ?? first) > longestGapMs) return 'source-stale'
    }
    return undefined
  }

  /** Whether it has been silent for longer than it may be, or was removed: waiting for its next poll is then no use. */
  isLate(nowMs: Millis): boolean {
    const { bounds, validity } = this.record ?? {}
    const lastMs = this.completeUpToMs ?? Number.NEGATIVE_INFINITY
    return nowMs - lastMs > (bounds?.longestGapMs ?? 0) || nowMs >= (validity?.untilMs ?? Number.POSITIVE_INFINITY)
  }

  /** The first complete poll that vouches from `sinceMs` or later, by what it vouches for and when it was over. */
  firstPollSince(sinceMs: Millis): { readonly fromMs: Millis; readonly overAtMs: Millis } {
    let first = this.firstMarkAfter(sinceMs)
    if (this.marks[first - 1] === sinceMs) first--
    if (first >= this.markCount) return { fromMs: Number.POSITIVE_INFINITY, overAtMs: Number.POSITIVE_INFINITY }
    const fromMs = this.marks[first] as Millis
    return { fromMs, overAtMs: Math.max(fromMs, this.overAt[first] as Millis) }
  }

  /** When the first complete poll was over that vouches from `sinceMs` or later; Infinity before there is one. */
  speaksFromMs(sinceMs: Millis): Millis {
    return this.firstPollSince(sinceMs).overAtMs
  }

  /** Instants at which, within the window, what its polls tell changes: the last word, and both ends of every hole. */
  turnsMs(window: Window): readonly Millis[] {
    const { longestGapMs = 0, briefestHoldingMs = 0 } = this.record?.bounds ?? {}
    const turns = [this.completeUpToMs ?? window.untilMs]
    let unprovedUntilMs = Number.NEGATIVE_INFINITY
    const first = this.firstPollOverAfter(window.fromMs)
    for (let i = Math.max(1, first); i < this.markCount; i++) {
      const [before, after] = [this.marks[i - 1] as Millis, this.marks[i] as Millis]
      if (before >= window.untilMs) break
      if (after - before > longestGapMs) turns.push(before, after)
      // Where no holding is too brief to be seen, nothing is ever proved.
      if (briefestHoldingMs === 0 || (this.overAt[i] as Millis) - before < briefestHoldingMs) continue
      if (before > unprovedUntilMs) turns.push(unprovedUntilMs, before)
      unprovedUntilMs = Math.max(unprovedUntilMs, this.overByMs(i))
    }
    turns.push(unprovedUntilMs)
    return turns
  }

  /** Tells a stretch of all instants at which what its polls tell changes. */
  cut(stretch: SteadyStretch): void {
    this.turningPoints ??= Float64Array.from(
      new Set([...this.turnsMs(ALL_TIME), ...this.marks.subarray(0, Math.min(1, this.markCount))]),
    ).sort()
    stretch.cutAtNearest(this.turningPoints)
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
    for (let i = this.firstPollOverAfter(part.fromMs); i < this.markCount; i++) {
      const before = this.marks[i - 1]
      if (before === undefined || (this.overAt[i] ?? Number.POSITIVE_INFINITY) - before >= briefestMs) return false
      if ((this.marks[i] ?? 0) >= part.untilMs) return true
    }
    return false
  }

  /**
   * Index of the first poll behind one that was over by `atMs`: a poll that was not over by then may show a moment later
   * than that.
   */
  private firstPollOverAfter(atMs: Millis): number {
    let first = this.firstMarkAfter(atMs)
    while (first > 0 && (this.overAt[first - 1] ?? 0) > atMs) first--
    return first
  }

  /** When a poll, or a later one, was over: from then on it is not asked any more what came before it. */
  private overByMs(poll: number): Millis {
    let overByMs = this.overAt[poll] as Millis
    for (let i = poll + 1; i < this.markCount && (this.marks[i] as Millis) < overByMs; i++) {
      overByMs = Math.min(overByMs, Math.max(this.marks[i] as Millis, this.overAt[i] as Millis))
    }
    return overByMs
  }

  private shorten(at: number, overAtMs: Millis): void {
    this.overAt = this.overAt.slice()
    this.overAt[at] = overAtMs
  }

  /** A mark behind the last goes into the columns as they are; before others it makes new ones, as readers hold the old. */
  private insert(at: number, { completeUpToMs, overAtMs }: Progress): void {
    if (at < this.markCount || this.markCount === this.marks.length) {
      const room = Math.max(64, this.markCount * 2)
      this.marks = withGap(this.marks.subarray(0, this.markCount), at, room)
      this.overAt = withGap(this.overAt.subarray(0, this.markCount), at, room)
    }
    this.marks[at] = completeUpToMs
    this.overAt[at] = overAtMs
    this.markCount++
  }

  /** Index of the first mark later than `atMs`. */
  private firstMarkAfter(atMs: Millis): number {
    return countUpTo(this.marks, atMs, this.markCount)
  }
}

/** A longer copy in which the values from `at` on lie one further. */
function withGap(column: Float64Array, at: number, room: number): Float64Array {
  const longer = new Float64Array(new SharedArrayBuffer(room * 8))
  longer.set(column.subarray(0, at))
  longer.set(column.subarray(at), at + 1)
  return longer
}
