import { type FactTable, OPEN, PLAIN } from '../ledger/fact-table.ts'
import type { Millis } from '../window.ts'
import { LONG_LOOK_BACK } from './host-directory.ts'
import { rowsEndingAfter } from './row-tree.ts'
import { ticksOf } from './ticks.ts'

/** A row: possible from, certain from, certain until, possible until (ticks), fact. Those of one prefix by the first. */
export const ROW = 5
export const CERTAIN_FROM = 1
export const CERTAIN_UNTIL = 2
export const POSSIBLE_UNTIL = 3
export const FACT = 4

/** Nobody holds addresses by this prefix in the window: a shorter one decides. */
export const NOBODY = -1
/** Somebody may hold the address, and only the whole question tells who. */
export const IN_FULL = -2

/** What decides whether an open row is still certain: the facts, and the progress of their sources by number. */
export type Certainty = { readonly facts: FactTable; readonly progressMs: Float64Array }

/** Up to so many rows of a prefix are looked through one by one. */
const FEW = 8

/** Of the prefixes whose rows reach far over one another: where the tree of their latest ends begins, by first row. */
export type LongLists = ReadonlyMap<number, { readonly count: number; readonly tree: number }>

/** The rows of one segment, asked prefix by prefix. */
export class RowList {
  readonly rows: Int32Array
  private readonly baseMs: Millis
  private readonly longLists: LongLists
  private readonly latestEnds: Int32Array

  constructor(rows: Int32Array, baseMs: Millis, longLists: LongLists, latestEnds: Int32Array) {
    this.rows = rows
    this.baseMs = baseMs
    this.longLists = longLists
    this.latestEnds = latestEnds
  }

  /**
   * The row of the one owner who is certain throughout [from, until) (ticks within the segment) and whom nothing else that
   * is kept for this prefix disputes; NOBODY, or IN_FULL. Allocates nothing unless the list is a long one.
   */
  certainRow(first: number, count: number, lookBack: number, from: number, until: number, known: Certainty): number {
    if (lookBack === LONG_LOOK_BACK)
      return this.topOf(this.touching(first, count, lookBack, from, until), from, until, known)
    const { rows } = this
    let found = NOBODY
    let left = lookBack
    for (let row = this.firstNotBefore(first, count, until) - 1; row >= first; row--) {
      if ((rows[row * ROW] as number) < from) {
        if (left-- === 0) break
        if ((rows[row * ROW + POSSIBLE_UNTIL] as number) <= from) continue
      }
      if (found !== NOBODY) {
        return this.topOf(this.touching(first, count, lookBack, from, until), from, until, known)
      }
      found = row
    }
    return found === NOBODY ? NOBODY : this.ifCertain(found, from, until, known)
  }

  /** All rows of the prefix that touch [from, until), ascending. */
  touching(first: number, count: number, lookBack: number, from: number, until: number): readonly number[] {
    const { rows } = this
    if (lookBack === LONG_LOOK_BACK) return this.touchingLong(first, from, until)
    const found: number[] = []
    let left = lookBack
    for (let row = this.firstNotBefore(first, count, until) - 1; row >= first; row--) {
      if ((rows[row * ROW] as number) < from) {
        if (left-- === 0) break
        if ((rows[row * ROW + POSSIBLE_UNTIL] as number) <= from) continue
      }
      found.push(row)
    }
    return found.reverse()
  }

  private touchingLong(first: number, from: number, until: number): readonly number[] {
    const { count, tree } = this.longLists.get(first) as { count: number; tree: number }
    const endOf = (i: number) => this.rows[(first + i) * ROW + POSSIBLE_UNTIL] as number
    const before = this.firstNotBefore(first, count, until) - first
    return rowsEndingAfter(from, before, count, endOf, this.latestEnds, tree).map(i => first + i)
  }

  /** Of several rows, the highest layer's, if it is alone there and certain. */
  private topOf(touching: readonly number[], from: number, until: number, known: Certainty): number {
    let top = NOBODY
    let topRank = -1
    let isAlone = true
    for (const row of touching) {
      const fact = this.rows[row * ROW + FACT] as number
      if (!known.facts.holdsAddresses(fact)) continue
      const rank = known.facts.layerRank(fact)
      if (rank > topRank) {
        top = row
        topRank = rank
        isAlone = true
      } else if (rank === topRank) isAlone = false
    }
    if (top === NOBODY) return NOBODY
    return isAlone ? this.ifCertain(top, from, until, known) : IN_FULL
  }

  private ifCertain(row: number, from: number, until: number, known: Certainty): number {
    const { rows } = this
    const at = row * ROW
    const fact = rows[at + FACT] as number
    if ((fact & PLAIN) === 0) return known.facts.holdsAddresses(fact) ? IN_FULL : NOBODY
    if ((rows[at + CERTAIN_FROM] as number) > from) return IN_FULL
    // A claim that contradicts itself may be certain where it is not even possible: `ask` cuts it there.
    if ((rows[at] as number) > from || until > (rows[at + POSSIBLE_UNTIL] as number)) return IN_FULL
    if (until <= (rows[at + CERTAIN_UNTIL] as number)) return row
    if ((fact & OPEN) === 0) return IN_FULL
    return until <= ticksOf(known.progressMs[known.facts.sourceNumber(fact)] as number, this.baseMs) ? row : IN_FULL
  }

  /** The first row of the prefix that begins at `until` or later. */
  private firstNotBefore(first: number, count: number, until: number): number {
    const { rows } = this
    let low = first
    let high = first + count
    while (high - low > FEW) {
      const middle = (low + high) >>> 1
      if ((rows[middle * ROW] as number) < until) low = middle + 1
      else high = middle
    }
    while (low < high && (rows[low * ROW] as number) < until) low++
    return low
  }
}
