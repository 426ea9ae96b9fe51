import type { Family, Words } from '../address.ts'
import { widthOf } from '../prefix.ts'
import type { Millis, Window } from '../window.ts'
import { type BlockColumns, BlockDirectory } from './block-directory.ts'
import { HostDirectory, LONG_COUNT } from './host-directory.ts'
import {
  CERTAIN_FROM,
  CERTAIN_UNTIL,
  type Certainty,
  FACT,
  type LongLists,
  POSSIBLE_UNTIL,
  ROW,
  RowList,
  type RowRange,
  restOf,
  type Ticks,
} from './row-list.ts'
import { baseOf, isOutside, millisOf, SEGMENT_MS, ticksOf } from './ticks.ts'

/** Beside a row, for people: which claim it is (ref of the ledger), and the tick of its last sighting. */
export const NAMED = 2
export const OUTSIDE_TIMES = 5

/** Rows on one prefix that covers an address. A prefix that is there without rows is one of which nothing is left. */
export type CoveringRows = { readonly length: number; readonly rows: readonly Row[] }

/** All of a segment, in shared memory. Nothing of it changes once it is built. */
export type SegmentColumns = {
  readonly slot: number
  readonly rows: Int32Array
  readonly named: Int32Array
  readonly hosts4: Int32Array
  readonly hosts6: Int32Array
  readonly blocks: BlockColumns
  /** Rows with a finite time outside of the segment, ascending, and their four windows and last sighting in milliseconds. */
  readonly outsideRows: Uint32Array
  readonly outsideTimes: Float64Array
  /** Of prefixes whose rows reach far over one another: first row, count, start of their tree of latest ends. */
  readonly longLists: Uint32Array
  readonly latestEnds: Int32Array
}

/** What stands in a row, in milliseconds again. */
export type Row = {
  readonly possibleFromMs: Millis
  readonly certainFromMs: Millis
  readonly certainUntilMs: Millis
  readonly possibleUntilMs: Millis
  readonly lastSightingMs: Millis
  readonly fact: number
  readonly claimRef: number
}

/** All claims that touch thirty days, folded: who holds which prefix from when to when. Shared by all threads. */
export class Segment {
  readonly columns: SegmentColumns
  readonly hosts4: HostDirectory
  readonly hosts6: HostDirectory
  readonly blocks: BlockDirectory
  readonly fromMs: Millis
  readonly untilMs: Millis
  private readonly list: RowList
  private readonly longLists: LongLists

  constructor(columns: SegmentColumns) {
    this.columns = columns
    this.fromMs = baseOf(columns.slot)
    this.untilMs = this.fromMs + SEGMENT_MS
    this.hosts4 = new HostDirectory(columns.hosts4, 1)
    this.hosts6 = new HostDirectory(columns.hosts6, 4)
    this.blocks = new BlockDirectory(columns.blocks)
    this.longLists = longListsOf(columns.longLists)
    this.list = new RowList(columns.rows, this.fromMs, this.longLists, columns.latestEnds)
  }

  hosts(family: Family): HostDirectory {
    return family === 4 ? this.hosts4 : this.hosts6
  }

  get rowCount(): number {
    return this.columns.rows.length / ROW
  }

  /** As `ownerOf` of the generation, for a host that has an entry here. */
  ownerByHost(hosts: HostDirectory, entry: number, from: number, until: number, known: Certainty): number {
    return this.list.certainFact(this.rangeOf(hosts, entry), from, until, known)
  }

  /** As `ownerOf` of the generation, for one block. */
  ownerByBlock(block: number, from: number, until: number, known: Certainty): number {
    return this.list.certainFact(this.blocks.rangeOf(block), from, until, known)
  }

  /** As `RowList.stretchOfOnly`, for a block by which an owner was found. */
  stretchOfBlock(block: number, known: Certainty): Ticks | undefined {
    return this.list.stretchOfOnly(this.blocks.rangeOf(block), known)
  }

  /** Ref of the claim of the owner that was found last. */
  decidingClaim(): number {
    return this.columns.named[this.list.deciding * NAMED] as number
  }

  /** Rows of a host by its entry in a directory. */
  rangeOf(hosts: HostDirectory, entry: number): RowRange {
    return { first: hosts.firstRow(entry), count: this.countOf(hosts, entry), lookBack: hosts.lookBack(entry) }
  }

  /** Rows of every prefix that covers the address, the longest first. */
  *covering(
    domain: number,
    family: Family,
    words: Words,
  ): Generator<{ readonly length: number; readonly range: RowRange }> {
    const [a, b, c, d] = [words[0] | 0, words[1] | 0, words[2] | 0, words[3] | 0]
    const hosts = this.hosts(family)
    const entry = hosts.find(domain, a, b, c, d)
    if (entry >= 0) yield { length: widthOf(family), range: this.rangeOf(hosts, entry) }
    const { blocks } = this
    for (let i = blocks.narrowestAround(domain, family, a, b, c, d); i >= 0; i = blocks.widerThan(i)) {
      yield { length: blocks.length(i), range: blocks.rangeOf(i) }
    }
  }

  /** Those of them that touch the window, on each prefix. */
  rowsAround(domain: number, family: Family, words: Words, window: Window): readonly CoveringRows[] {
    const found: CoveringRows[] = []
    for (const { length, range } of this.covering(domain, family, words)) {
      found.push({ length, rows: this.touching(range, window) })
    }
    return found
  }

  /**
   * Rows of one prefix that touch the window. Where no part of it lies in the segment: those that touch the segment's edge
   * on that side, among them all that reach over it.
   */
  touching(range: RowRange, window: Window): readonly Row[] {
    const fromMs = Math.min(Math.max(window.fromMs, this.fromMs), this.untilMs - 1)
    const untilMs = Math.max(Math.min(window.untilMs, this.untilMs), fromMs + 1)
    const touching = this.list.touching(range, ticksOf(fromMs, this.fromMs), ticksOf(untilMs, this.fromMs))
    return touching.map(i => this.row(range, i))
  }

  /** As `RowList.touching`. */
  rowsTouching(range: RowRange, from: number, until: number): readonly number[] {
    return this.list.touching(range, from, until)
  }

  private row({ first, count }: RowRange, i: number): Row {
    const { rows, named } = this.columns
    const at = restOf(first, count, i)
    const row = first + i
    const ticks = [
      rows[first * ROW + i],
      rows[at + CERTAIN_FROM],
      rows[at + CERTAIN_UNTIL],
      rows[at + POSSIBLE_UNTIL],
      named[row * NAMED + 1],
    ] as number[]
    const outside = ticks.some(isOutside) ? this.outsideFrom(row) * OUTSIDE_TIMES : 0
    const time = (t: number): Millis =>
      millisOf(ticks[t] as number, this.fromMs) ?? (this.columns.outsideTimes[outside + t] as number)
    return {
      possibleFromMs: time(0),
      certainFromMs: time(1),
      certainUntilMs: time(2),
      possibleUntilMs: time(3),
      // "Never sighted" has the tick of a time before all others.
      lastSightingMs: Math.max(0, time(4)),
      fact: rows[at + FACT] as number,
      claimRef: named[row * NAMED] as number,
    }
  }

  private countOf(hosts: HostDirectory, entry: number): number {
    const count = hosts.count(entry)
    return count === LONG_COUNT ? (this.longLists.get(hosts.firstRow(entry))?.count ?? 0) : count
  }

  /** Index of the first of `outsideRows` that is not before a row. */
  outsideFrom(row: number): number {
    const { outsideRows } = this.columns
    let low = 0
    let high = outsideRows.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((outsideRows[middle] as number) < row) low = middle + 1
      else high = middle
    }
    return low
  }
}

function longListsOf(column: Uint32Array): LongLists {
  const lists = new Map<number, { readonly count: number; readonly tree: number }>()
  for (let i = 0; i < column.length; i += 3) {
    lists.set(column[i] as number, { count: column[i + 1] as number, tree: column[i + 2] as number })
  }
  return lists
}
