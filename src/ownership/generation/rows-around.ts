import type { Family } from '../address.ts'
import { layerRank } from '../claim.ts'
import { type FactTable, OPEN } from '../ledger/fact-table.ts'
import type { Generation } from './generation.ts'
import { CERTAIN_FROM, CERTAIN_UNTIL, FACT, POSSIBLE_UNTIL, ROW, type RowRange, restOf } from './row-list.ts'
import { NAMED, type Segment } from './segment.ts'
import { AFTER_ALL_TIME } from './ticks.ts'

/** An address with more rows around a window is no plain case. */
const MOST_ROWS = 16
const SERVICE = layerRank('service')

/**
 * The rows that may hold an address within a window, of all prefixes around it, as columns of numbers and in the order of
 * `byLevel` (live-span.ts). Filled anew for each address. Times are ticks of the segment; an open row is certain without end.
 */
export class RowsAround {
  count = 0
  readonly possibleFroms = new Int32Array(MOST_ROWS)
  readonly certainFroms = new Int32Array(MOST_ROWS)
  readonly certainUntils = new Int32Array(MOST_ROWS)
  readonly possibleUntils = new Int32Array(MOST_ROWS)
  /** Marked, as rows have them. */
  readonly facts = new Int32Array(MOST_ROWS)
  readonly sources = new Int32Array(MOST_ROWS)
  /** Where in the order the level of a row begins: rows of one prefix and layer have the same. */
  readonly levels = new Int32Array(MOST_ROWS)
  private readonly ranks = new Int32Array(MOST_ROWS)
  private readonly refs = new Int32Array(MOST_ROWS)
  private readonly generation: Generation
  private readonly table: FactTable

  constructor(generation: Generation) {
    this.generation = generation
    this.table = generation.facts
  }

  /** False where they are too many, some are about several owners or some ports, or a service is among them. */
  fill(
    segment: Segment,
    domain: number,
    family: Family,
    a: number,
    b: number,
    c: number,
    d: number,
    from: number,
    until: number,
  ): boolean {
    this.count = 0
    const hosts = segment.hosts(family)
    const entry = hosts.find(domain, a, b, c, d)
    if (entry >= 0 && !this.take(segment, segment.rangeOf(hosts, entry), from, until)) return false
    const { blocks } = segment
    for (let i = blocks.narrowestAround(domain, family, a, b, c, d); i >= 0; i = blocks.widerThan(i)) {
      if (!this.take(segment, blocks.rangeOf(i), from, until)) return false
    }
    return true
  }

  /** Adds those of one prefix that touch the window: behind all of longer ones. */
  private take(segment: Segment, range: RowRange, from: number, until: number): boolean {
    const { table } = this
    const { rows, named } = segment.columns
    const { first, count } = range
    const begin = this.count
    for (const i of segment.rowsTouching(range, from, until)) {
      const at = restOf(first, count, i)
      const fact = rows[at + FACT] as number
      const rank = table.layerRank(fact)
      if (rank === SERVICE) return false
      // What holds no address is told of nowhere in an answer that names candidates.
      if (!table.holdsAddresses(fact)) continue
      if (!table.isExclusive(fact) || this.count === MOST_ROWS) return false
      const place = this.makeRoom(begin, rank, named[(first + i) * NAMED] as number)
      this.possibleFroms[place] = rows[first * ROW + i] as number
      this.certainFroms[place] = rows[at + CERTAIN_FROM] as number
      this.certainUntils[place] = (fact & OPEN) !== 0 ? AFTER_ALL_TIME : (rows[at + CERTAIN_UNTIL] as number)
      this.possibleUntils[place] = rows[at + POSSIBLE_UNTIL] as number
      this.facts[place] = fact
      this.sources[place] = table.sourceNumber(fact)
    }
    this.tellLevels(begin)
    return true
  }

  /** Moves those behind the new row on, and returns its place: higher layers first, then by the claim's id. */
  private makeRoom(begin: number, rank: number, ref: number): number {
    let place = this.count++
    for (; place > begin && this.isBefore(rank, ref, place - 1); place--) this.copy(place - 1, place)
    this.ranks[place] = rank
    this.refs[place] = ref
    return place
  }

  private isBefore(rank: number, ref: number, place: number): boolean {
    const other = this.ranks[place] as number
    if (rank !== other) return rank > other
    const { generation } = this
    return generation.claimId(ref) < generation.claimId(this.refs[place] as number)
  }

  private copy(from: number, to: number): void {
    this.ranks[to] = this.ranks[from] as number
    this.refs[to] = this.refs[from] as number
    this.possibleFroms[to] = this.possibleFroms[from] as number
    this.certainFroms[to] = this.certainFroms[from] as number
    this.certainUntils[to] = this.certainUntils[from] as number
    this.possibleUntils[to] = this.possibleUntils[from] as number
    this.facts[to] = this.facts[from] as number
    this.sources[to] = this.sources[from] as number
  }

  private tellLevels(begin: number): void {
    for (let i = begin; i < this.count; i++) {
      this.levels[i] = i > begin && this.ranks[i] === this.ranks[i - 1] ? (this.levels[i - 1] as number) : i
    }
  }
}
