import type { AddressBits, Family } from './address.ts'
import { CellFold } from './cell-fold.ts'
import type { ChangedCell } from './generation/fold.ts'
import { latestEndsOf, rowsEndingAfter } from './generation/row-tree.ts'
import type { Row } from './generation/segment.ts'
import { slotOf } from './generation/ticks.ts'
import type { ClaimLedger } from './ledger/claim-ledger.ts'
import { grown } from './ledger/text-table.ts'
import { maskWords } from './prefix.ts'
import { RowColumns } from './row-columns.ts'
import type { Millis, Window } from './window.ts'

/** Lengths of the prefixes that changed, by family, in one domain. */
type Lengths = Record<Family, Set<number>>

/** The rows of a prefix that was asked about, and the tree of their latest ends. */
type Asked = { readonly rows: RowColumns; readonly latestEnds: readonly number[] }

/** Changed prefixes as they are now, and the thirty days in which somebody may begin or end to hold one of them. */
export type FoldedCells = { readonly cells: readonly ChangedCell[]; readonly slots: ReadonlySet<number> }

/** Prefixes between two pauses of whoever folds. */
const PREFIXES_AT_A_TIME = 4096

/** The prefixes whose claims changed since the segments were built: asked first, and folded in from time to time. */
export class ChangedCells {
  private readonly ledger: ClaimLedger
  private readonly fold: CellFold
  private numbers = new Uint32Array(64)
  private count = 0
  /** 1 where the cell of this number is among them. */
  private isChanged = new Uint8Array(64)
  private readonly lengths = new Map<number, Lengths>()
  /** By the number of the cell; made from the ledger when one is first asked about after a change. */
  private readonly asked = new Map<number, Asked>()

  constructor(ledger: ClaimLedger) {
    this.ledger = ledger
    this.fold = new CellFold(ledger)
  }

  get size(): number {
    return this.count
  }

  /** A claim in the cell of this number is new, or was revised. */
  mark(number: number): void {
    if (this.isChanged[number] === 1) {
      if (this.asked.size > 0) this.asked.delete(number)
      return
    }
    if (number >= this.isChanged.length)
      this.isChanged = grown(this.isChanged, Math.max(number + 1, this.ledger.cellCount) * 2)
    if (this.count === this.numbers.length) this.numbers = grown(this.numbers, this.count * 2)
    this.isChanged[number] = 1
    this.numbers[this.count++] = number
    this.markLength(number)
  }

  markAll(others: ChangedCells): void {
    for (let i = 0; i < others.count; i++) this.mark(others.numbers[i] as number)
  }

  /** Every changed prefix that covers the address, with its rows that touch the window. */
  *covering(
    domain: number,
    address: AddressBits,
    window: Window,
  ): Generator<{ readonly length: number; readonly rows: readonly Row[] }> {
    for (const length of this.lengths.get(domain)?.[address.family] ?? []) {
      const words = maskWords(address.words, length)
      const number = this.ledger.cellNumberOf({ domain, family: address.family, length, words })
      if (number >= 0 && this.isChanged[number] === 1) yield { length, rows: touching(this.rowsOf(number), window) }
    }
  }

  /** All of them as they are at some moment from now on: what changes between two steps may or may not be in. */
  *folded(): Generator<void, FoldedCells> {
    const rows = new RowColumns(this.count)
    const cells: ChangedCell[] = []
    const slots = new Set<number>()
    for (let i = 0; i < this.count; i++) {
      if (i % PREFIXES_AT_A_TIME === PREFIXES_AT_A_TIME - 1) yield
      const number = this.numbers[i] as number
      const firstRow = rows.count
      this.fold.fold(number, rows)
      const held = heldBy(rows, firstRow, slots)
      cells.push({ ...this.ledger.cellAt(number), held, rows, firstRow, rowCount: rows.count - firstRow })
    }
    // Held since ever and for ever: any thirty days tell of it.
    if (slots.size === 0 && this.count > 0) slots.add(0)
    return { cells, slots }
  }

  private markLength(number: number): void {
    const { domain, family, length } = this.ledger.cellAt(number)
    let lengths = this.lengths.get(domain)
    if (lengths === undefined) {
      lengths = { 4: new Set<number>(), 6: new Set<number>() }
      this.lengths.set(domain, lengths)
    }
    lengths[family].add(length)
  }

  private rowsOf(number: number): Asked {
    const known = this.asked.get(number)
    if (known) return known
    const rows = new RowColumns()
    this.fold.fold(number, rows)
    const asked = { rows, latestEnds: latestEndsOf(rows.count, row => rows.possibleUntilMs(row)) }
    this.asked.set(number, asked)
    return asked
  }
}

function touching({ rows, latestEnds }: Asked, { fromMs, untilMs }: Window): readonly Row[] {
  const before = firstNotBefore(rows, untilMs)
  const endOf = (row: number): Millis => rows.possibleUntilMs(row)
  return rowsEndingAfter(fromMs, before, rows.count, endOf, latestEnds, 0).map(row => rows.row(row))
}

function firstNotBefore(rows: RowColumns, untilMs: Millis): number {
  let low = 0
  let high = rows.count
  while (low < high) {
    const middle = (low + high) >>> 1
    if (rows.possibleFromMs(middle) < untilMs) low = middle + 1
    else high = middle
  }
  return low
}

/** From the first instant at which somebody may hold a prefix to the last; adds the days of every edge. */
function heldBy(rows: RowColumns, firstRow: number, slots: Set<number>): Window {
  let fromMs = Number.POSITIVE_INFINITY
  let untilMs = Number.NEGATIVE_INFINITY
  for (let row = firstRow; row < rows.count; row++) {
    const from = rows.possibleFromMs(row)
    const until = rows.possibleUntilMs(row)
    if (Number.isFinite(from)) slots.add(slotOf(from))
    if (Number.isFinite(until)) slots.add(slotOf(until - 1))
    if (from < fromMs) fromMs = from
    if (until > untilMs) untilMs = until
  }
  return { fromMs, untilMs }
}
