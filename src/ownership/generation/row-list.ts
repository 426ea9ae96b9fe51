import { type FactTable, OPEN, PLAIN } from '../ledger/fact-table.ts'
import type { Millis } from '../window.ts'
import { LONG_LOOK_BACK } from './host-directory.ts'
import { rowsEndingAfter } from './row-tree.ts'
import { ticksOf } from './ticks.ts'

/**
 * Numbers of a row. Those of one prefix lie together: first, side by side and ascending, from when on each is possible, which
 * is all that a search reads; then for each row the rest.
 */
export const ROW = 5
export const REST = 4
export const CERTAIN_FROM = 0
export const CERTAIN_UNTIL = 1
export const POSSIBLE_UNTIL = 2
export const FACT = 3

/** Where the rest of a row lies: the i-th of a prefix with so many rows, of which `first` is the first. */
export const restOf = (first: number, count: number, i: number): number => first * ROW + count + i * REST

/** Nobody holds addresses by this prefix in the window: a shorter one decides. */
export const NOBODY = -1
/** Somebody may hold the address, and only the whole question tells who. */
export const IN_FULL = -2

/** What decides whether an open row is still certain: the facts, and the progress of their sources by number. */
export type Certainty = { readonly facts: FactTable; readonly progressMs: Float64Array }

/** Where the rows of one prefix lie, and how many before the first that begins in a window may reach into it. */
export type RowRange = { readonly first: number; readonly count: number; readonly lookBack: number }

/** From the first tick up to the second, which is not in it. */
export type Ticks = { readonly from: number; readonly until: number }

/** Up to so many rows of a prefix are looked through one by one. */
const FEW = 16

/** Of the prefixes whose rows reach far over one another: where the tree of their latest ends begins, by first row. */
export type LongLists = ReadonlyMap<number, { readonly count: number; readonly tree: number }>

/** The rows of one segment, asked prefix by prefix. Rows are counted from the first of their prefix. */
export class RowList {
  readonly rows: Int32Array
  /** The row, among all of the segment, by which `certainFact` last found an owner. */
  deciding = 0
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
   * The marked fact of the one owner who is certain throughout [from, until) (ticks within the segment) and whom nothing
   * else that is kept for this prefix disputes; NOBODY, or IN_FULL. Allocates nothing unless several rows touch the window.
   */
  certainFact(range: RowRange, from: number, until: number, known: Certainty): number {
    const { first, count, lookBack } = range
    if (lookBack === LONG_LOOK_BACK) return this.topOf(range, this.touching(range, from, until), from, until, known)
    const { rows } = this
    let found = NOBODY
    let left = lookBack
    for (let i = this.firstNotBefore(first, count, until) - 1; i >= 0; i--) {
      if ((rows[first * ROW + i] as number) < from) {
        if (left-- === 0) break
        if ((rows[restOf(first, count, i) + POSSIBLE_UNTIL] as number) <= from) continue
      }
      if (found !== NOBODY) return this.topOf(range, this.touching(range, from, until), from, until, known)
      found = i
    }
    return found === NOBODY ? NOBODY : this.ifCertain(range, found, from, until, known)
  }

  /** The ticks over which `certainFact` names the owner that it found, of a prefix with one row; undefined where it has more. */
  stretchOfOnly({ first, count }: RowRange, { facts, progressMs }: Certainty): Ticks | undefined {
    if (count !== 1) return undefined
    const { rows } = this
    const at = restOf(first, count, 0)
    const fact = rows[at + FACT] as number
    const isOpen = (fact & OPEN) !== 0
    const completeUpTo = isOpen ? ticksOf(progressMs[facts.sourceNumber(fact)] as number, this.baseMs) : 0
    const certainUntil = rows[at + CERTAIN_UNTIL] as number
    return {
      from: Math.max(rows[first * ROW] as number, rows[at + CERTAIN_FROM] as number),
      until: Math.min(
        isOpen ? Math.max(certainUntil, completeUpTo) : certainUntil,
        rows[at + POSSIBLE_UNTIL] as number,
      ),
    }
  }

  /** All rows of the prefix that touch [from, until), ascending. */
  touching(range: RowRange, from: number, until: number): readonly number[] {
    const { first, count, lookBack } = range
    if (lookBack === LONG_LOOK_BACK) return this.touchingLong(range, from, until)
    const { rows } = this
    const found: number[] = []
    let left = lookBack
    for (let i = this.firstNotBefore(first, count, until) - 1; i >= 0; i--) {
      if ((rows[first * ROW + i] as number) < from) {
        if (left-- === 0) break
        if ((rows[restOf(first, count, i) + POSSIBLE_UNTIL] as number) <= from) continue
      }
      found.push(i)
    }
    return found.reverse()
  }

  private touchingLong({ first, count }: RowRange, from: number, until: number): readonly number[] {
    const { tree } = this.longLists.get(first) as { tree: number }
    const endOf = (i: number) => this.rows[restOf(first, count, i) + POSSIBLE_UNTIL] as number
    const before = this.firstNotBefore(first, count, until)
    return rowsEndingAfter(from, before, count, endOf, this.latestEnds, tree)
  }

  /** Of several rows, the highest layer's, if it is alone there and certain. */
  private topOf(range: RowRange, touching: readonly number[], from: number, until: number, known: Certainty): number {
    const { first, count } = range
    let top = NOBODY
    let topRank = -1
    let isAlone = true
    for (const i of touching) {
      const fact = this.rows[restOf(first, count, i) + FACT] as number
      if (!known.facts.holdsAddresses(fact)) continue
      const rank = known.facts.layerRank(fact)
      if (rank > topRank) {
        top = i
        topRank = rank
        isAlone = true
      } else if (rank === topRank) isAlone = false
    }
    if (top === NOBODY) return NOBODY
    return isAlone ? this.ifCertain(range, top, from, until, known) : IN_FULL
  }

  private ifCertain({ first, count }: RowRange, i: number, from: number, until: number, known: Certainty): number {
    const { rows } = this
    const at = restOf(first, count, i)
    const fact = rows[at + FACT] as number
    if ((fact & PLAIN) === 0) return known.facts.holdsAddresses(fact) ? IN_FULL : NOBODY
    if ((rows[at + CERTAIN_FROM] as number) > from) return IN_FULL
    // A claim that contradicts itself may be certain where it is not even possible: `ask` cuts it there.
    if ((rows[first * ROW + i] as number) > from || until > (rows[at + POSSIBLE_UNTIL] as number)) return IN_FULL
    this.deciding = first + i
    if (until <= (rows[at + CERTAIN_UNTIL] as number)) return fact
    if ((fact & OPEN) === 0) return IN_FULL
    return until <= ticksOf(known.progressMs[known.facts.sourceNumber(fact)] as number, this.baseMs) ? fact : IN_FULL
  }

  /** The first row of the prefix that begins at `until` or later. */
  private firstNotBefore(first: number, count: number, until: number): number {
    const { rows } = this
    const base = first * ROW
    let low = 0
    let high = count
    while (high - low > FEW) {
      const middle = (low + high) >>> 1
      if ((rows[base + middle] as number) < until) low = middle + 1
      else high = middle
    }
    while (low < high && (rows[base + low] as number) < until) low++
    return low
  }
}
