import type { AddressBits } from '../address.ts'
import type { Window } from '../window.ts'
import { type CoveringRows, type Row, Segment, type SegmentColumns } from './segment.ts'

/**
 * Segments in the order of time. There is one for every thirty days in which some claim may begin or end; what lies
 * between two of them, or after the last, is told by the rows that reach over the edge of the one before.
 */
export class SegmentSet {
  readonly segments: readonly Segment[]
  private readonly bySlot: ReadonlyMap<number, Segment>

  constructor(columns: readonly SegmentColumns[]) {
    this.segments = columns.map(column => new Segment(column)).sort((a, b) => a.fromMs - b.fromMs)
    this.bySlot = new Map(this.segments.map(segment => [segment.columns.slot, segment]))
  }

  get(slot: number): Segment | undefined {
    return this.bySlot.get(slot)
  }

  /** The segments that together hold every row that touches the window. */
  around(window: Window): readonly Segment[] {
    const { segments } = this
    let from = 0
    while (from < segments.length && (segments[from] as Segment).untilMs <= window.fromMs) from++
    let until = from
    while (until < segments.length && (segments[until] as Segment).fromMs < window.untilMs) until++
    const reachesBefore = from === until || (segments[from] as Segment).fromMs > window.fromMs
    if (!reachesBefore) return segments.slice(from, until)
    // Nothing begins or ends between two segments: who is there reaches over the edge of the one before, or of the first.
    return segments.slice(Math.max(0, from - 1), from === 0 ? Math.max(until, 1) : until)
  }

  /** Rows on each prefix that covers the address: all that touch the window, perhaps others with them. */
  covering(domain: number, { family, words }: AddressBits, window: Window): readonly CoveringRows[] {
    const around = this.around(window)
    const [only] = around
    if (only && around.length === 1) return only.rowsAround(domain, family, words, window)
    const byLength = new Map<number, Map<number, Row>>()
    for (const segment of around) {
      for (const { length, range } of segment.covering(domain, family, words)) {
        const rows = byLength.get(length) ?? new Map<number, Row>()
        byLength.set(length, rows)
        for (const row of segment.touching(range, window)) rows.set(row.claimRef, row)
      }
    }
    return [...byLength].map(([length, rows]) => ({ length, rows: [...rows.values()] }))
  }
}
