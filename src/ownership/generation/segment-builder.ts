import type { Family } from '../address.ts'
import { grown } from '../ledger/text-table.ts'
import { widthOf } from '../prefix.ts'
import type { Millis } from '../window.ts'
import { type Block, blockDirectory } from './block-directory.ts'
import { hostDirectory, LONG_COUNT, LONG_LOOK_BACK, MOST_DOMAINS } from './host-directory.ts'
import { POSSIBLE_UNTIL, REST, ROW, type RowRange, restOf } from './row-list.ts'
import { latestEndsOf } from './row-tree.ts'
import { NAMED, OUTSIDE_TIMES, type Row, Segment } from './segment.ts'
import { baseOf, isOutside, ticksOf } from './ticks.ts'

/** How much the columns are made for at first; they grow where it was too little. */
export type Expected = { readonly rows: number; readonly hosts4: number; readonly hosts6: number }

/**
 * Builds one segment: a prefix, then its rows, ordered by the start of what is possible, then the next prefix. Prefixes may
 * come in any order, each once.
 */
export class SegmentBuilder {
  private readonly slot: number
  private readonly baseMs: Millis
  private rows: Int32Array
  private named: Int32Array
  private hosts: Record<Family, Int32Array>
  private readonly hostWords: Record<Family, number> = { 4: 0, 6: 0 }
  private rowCount = 0
  private readonly blocks: Block[] = []
  private readonly outsideRows: number[] = []
  private readonly outsideTimes: number[] = []
  private readonly longLists: number[] = []
  private readonly latestEnds: number[] = []
  private domain = 0
  private family: Family = 4
  private length = 0
  private readonly words: [number, number, number, number] = [0, 0, 0, 0]
  private firstRow = -1
  private isLaidOut = false
  private inTurn = new Int32Array(64 * ROW)

  constructor(slot: number, expected: Expected) {
    this.slot = slot
    this.baseMs = baseOf(slot)
    this.rows = shared(expected.rows * ROW)
    this.named = shared(expected.rows * NAMED)
    this.hosts = { 4: shared(expected.hosts4 * 3), 6: shared(expected.hosts6 * 6) }
  }

  /** Begins a prefix. Domains count from 1. */
  prefix(domain: number, family: Family, length: number, a: number, b: number, c: number, d: number): void {
    this.endPrefix()
    if (domain > MOST_DOMAINS) throw new RangeError(`an index holds at most ${MOST_DOMAINS} routing domains`)
    this.domain = domain
    this.family = family
    this.length = length
    this.words[0] = a
    this.words[1] = b
    this.words[2] = c
    this.words[3] = d
    this.firstRow = this.rowCount
  }

  /** Adds a row to the prefix that was begun last. Its possible window touches the segment. */
  row(
    possibleFromMs: Millis,
    certainFromMs: Millis,
    certainUntilMs: Millis,
    possibleUntilMs: Millis,
    lastSightingMs: Millis,
    fact: number,
    claimRef: number,
  ): void {
    const { baseMs } = this
    const row = this.reserve(1)
    const at = row * ROW
    const { rows, named } = this
    const from = ticksOf(possibleFromMs, baseMs)
    const certainFrom = ticksOf(certainFromMs, baseMs)
    const certainUntil = ticksOf(certainUntilMs, baseMs)
    const until = ticksOf(possibleUntilMs, baseMs)
    const sighted = ticksOf(lastSightingMs === 0 ? Number.NEGATIVE_INFINITY : lastSightingMs, baseMs)
    // One after the other as long as nobody knows how many follow; `endPrefix` lays them out.
    rows[at] = from
    rows[at + 1] = certainFrom
    rows[at + 2] = certainUntil
    rows[at + 3] = until
    rows[at + 4] = fact
    named[row * NAMED] = claimRef
    named[row * NAMED + 1] = sighted
    if (
      isOutside(from) ||
      isOutside(certainFrom) ||
      isOutside(certainUntil) ||
      isOutside(until) ||
      isOutside(sighted)
    ) {
      this.outsideRows.push(row)
      this.outsideTimes.push(possibleFromMs, certainFromMs, certainUntilMs, possibleUntilMs, lastSightingMs)
    }
  }

  /** All rows of the prefix that was begun last, from another segment for the same thirty days, as they stand there. */
  copy(segment: Segment, { first, count }: RowRange): void {
    const { columns } = segment
    const at = this.reserve(count)
    this.isLaidOut = true
    for (let i = 0; i < count * ROW; i++) this.rows[at * ROW + i] = columns.rows[first * ROW + i] as number
    for (let i = 0; i < count * NAMED; i++) this.named[at * NAMED + i] = columns.named[first * NAMED + i] as number
    const { outsideRows, outsideTimes } = columns
    for (
      let i = segment.outsideFrom(first);
      i < outsideRows.length && (outsideRows[i] as number) < first + count;
      i++
    ) {
      this.outsideRows.push(at + (outsideRows[i] as number) - first)
      for (let t = 0; t < OUTSIDE_TIMES; t++) this.outsideTimes.push(outsideTimes[i * OUTSIDE_TIMES + t] as number)
    }
  }

  add(row: Row): void {
    const { possibleFromMs, certainFromMs, certainUntilMs, possibleUntilMs, lastSightingMs, fact, claimRef } = row
    this.row(possibleFromMs, certainFromMs, certainUntilMs, possibleUntilMs, lastSightingMs, fact, claimRef)
  }

  finish(): Segment {
    this.endPrefix()
    const hosts = (family: Family) => this.hosts[family].subarray(0, this.hostWords[family])
    return new Segment({
      slot: this.slot,
      rows: this.rows.subarray(0, this.rowCount * ROW),
      named: this.named.subarray(0, this.rowCount * NAMED),
      hosts4: hostDirectory(hosts(4), 1).table,
      hosts6: hostDirectory(hosts(6), 4).table,
      blocks: blockDirectory(this.blocks).columns,
      outsideRows: filled(Uint32Array, this.outsideRows),
      outsideTimes: filled(Float64Array, this.outsideTimes),
      longLists: filled(Uint32Array, this.longLists),
      latestEnds: filled(Int32Array, this.latestEnds),
    })
  }

  /** Room for more rows; returns the first of them. */
  private reserve(count: number): number {
    const first = this.rowCount
    this.rowCount += count
    if (this.rowCount * ROW > this.rows.length) {
      const wanted = Math.max(1024, Math.ceil(this.rowCount * 1.5))
      this.rows = grown(this.rows, wanted * ROW)
      this.named = grown(this.named, wanted * NAMED)
    }
    return first
  }

  private endPrefix(): void {
    if (this.firstRow < 0) return
    const { domain, family, length, firstRow } = this
    const count = this.rowCount - firstRow
    if (!this.isLaidOut) this.layOut(firstRow, count)
    this.isLaidOut = false
    const lookBack = this.lookBackOf(firstRow, count)
    if (lookBack === LONG_LOOK_BACK || count >= LONG_COUNT) {
      this.longLists.push(firstRow, count, this.latestEnds.length)
      const { rows } = this
      if (lookBack === LONG_LOOK_BACK) {
        for (const end of latestEndsOf(count, i => rows[restOf(firstRow, count, i) + POSSIBLE_UNTIL] as number)) {
          this.latestEnds.push(end)
        }
      }
    }
    this.firstRow = -1
    if (length < widthOf(family)) {
      this.blocks.push({ domain, family, length, words: [...this.words], firstRow, count, lookBack })
    } else this.pushHost(domain, family, firstRow, Math.min(count, LONG_COUNT), lookBack)
  }

  /** The starts of all rows side by side, then the rest of each (row-list.ts). */
  private layOut(first: number, count: number): void {
    if (count < 2) return
    if (count * ROW > this.inTurn.length) this.inTurn = new Int32Array(count * ROW * 2)
    const { rows, inTurn } = this
    const base = first * ROW
    for (let i = 0; i < count * ROW; i++) inTurn[i] = rows[base + i] as number
    for (let i = 0; i < count; i++) {
      rows[base + i] = inTurn[i * ROW] as number
      const rest = restOf(first, count, i)
      for (let word = 0; word < REST; word++) rows[rest + word] = inTurn[i * ROW + 1 + word] as number
    }
  }

  private pushHost(domain: number, family: Family, firstRow: number, count: number, lookBack: number): void {
    const addressWords = family === 4 ? 1 : 4
    const at = this.hostWords[family]
    if (at + addressWords + 2 > this.hosts[family].length) {
      this.hosts[family] = grown(this.hosts[family], Math.max(6 * 1024, this.hosts[family].length * 2))
    }
    const entries = this.hosts[family]
    for (let i = 0; i < addressWords; i++) entries[at + i] = this.words[i] as number
    entries[at + addressWords] = firstRow
    entries[at + addressWords + 1] = (domain << 16) | (lookBack << 12) | count
    this.hostWords[family] = at + addressWords + 2
  }

  /**
   * How many rows before the first that begins in a window may reach into it: for every row, the rows from the first that
   * is still possible when this one begins. LONG_LOOK_BACK where that is too many to walk through.
   */
  private lookBackOf(first: number, count: number): number {
    const { rows } = this
    const untilOf = (i: number): number => rows[restOf(first, count, i) + POSSIBLE_UNTIL] as number
    /** The latest end of all rows more than the longest walk ago. */
    let longAgo = -(2 ** 31)
    let lookBack = 0
    for (let i = 0; i < count; i++) {
      const begins = rows[first * ROW + i] as number
      const leaving = i - LONG_LOOK_BACK + 1
      if (leaving >= 0) longAgo = Math.max(longAgo, untilOf(leaving))
      if (longAgo > begins) return LONG_LOOK_BACK
      for (let back = Math.min(i, LONG_LOOK_BACK - 2); back >= lookBack; back--) {
        if (untilOf(i - back) > begins) {
          lookBack = back + 1
          break
        }
      }
    }
    return lookBack
  }
}

const shared = (length: number): Int32Array => new Int32Array(new SharedArrayBuffer(length * 4))

function filled<T extends Uint32Array | Int32Array | Float64Array>(
  make: new (buffer: SharedArrayBuffer) => T,
  numbers: readonly number[],
): T {
  const bytes = make === (Float64Array as unknown) ? 8 : 4
  const column = new make(new SharedArrayBuffer(numbers.length * bytes))
  column.set(numbers)
  return column
}
