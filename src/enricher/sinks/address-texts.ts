import type { ChosenColumn } from '../../changestream/parquet/chosen-column.ts'
import type { Plain } from '../../changestream/parquet/plain-values.ts'
import type { AddressColumn } from '../flowlogs/record-batch.ts'
import { TextTable } from '../flowlogs/text-table.ts'
import { type DistinctNumbers, NO_NUMBER } from './distinct-numbers.ts'
import { zeroBytes } from './line-words.ts'
import type { PlainTexts } from './plain-texts.ts'

/** Instead of a number: the record has an IPv6 address here, whose text was not seen yet. */
const UNSEEN = -2
/** Numbers from here on are those of texts; those below are IPv4 addresses. */
const FIRST_TEXT = 2 ** 32
const DOTS = 0x2e2e2e2e

/**
 * A field of addresses of the records of a row group, as they were written. An IPv4 address has one text, and comes as a number; of any
 * other (IPv6, and IPv4 in the form of IPv6) the text has to be put as well, as it may be written in many ways.
 */
export class AddressTexts {
  private readonly keys: Float64Array
  private readonly distinct: DistinctNumbers
  private readonly plain: PlainTexts
  private tokens = new TextTable()
  private readonly numbers = new Map<string, number>()

  constructor(rows: number, distinct: DistinctNumbers, plain: PlainTexts) {
    this.keys = new Float64Array(rows)
    this.distinct = distinct
    this.plain = plain
  }

  begin(): void {
    if (this.tokens.size > 0) this.tokens = new TextTable()
    this.numbers.clear()
  }

  /** Addresses at some places of a batch for the rows from `row` on. Their texts must follow: see `putAt` and `putText`. */
  put(row: number, { families, words }: AddressColumn, from: number, until: number): void {
    const { keys } = this
    for (let place = from, at = row; place < until; place++, at++) {
      const family = families[place] as number
      keys[at] = family === 4 ? (words[place * 4] as number) >>> 0 : family === 0 ? NO_NUMBER : UNSEEN
    }
  }

  /** The text of a row's address, which begins at `at`. False where it has to be put as text. */
  putAt(row: number, view: DataView, at: number): boolean {
    const key = this.keys[row] as number
    if (key === NO_NUMBER || (key >= 0 && hasDot(view.getInt32(at, true)))) return true
    const number = this.tokens.numberAt(view, at, -1)
    if (number >= 0) this.keys[row] = FIRST_TEXT + number
    return number >= 0
  }

  putText(row: number, token: string): void {
    const key = this.keys[row] as number
    if (key === NO_NUMBER || (key >= 0 && !token.includes(':'))) return
    let number = this.numbers.get(token)
    if (number === undefined) {
      number = this.tokens.numberOf(token)
      this.numbers.set(token, number)
    }
    this.keys[row] = FIRST_TEXT + number
  }

  /** Those of the first rows. Good until another column is asked. */
  ofRows(rows: number): ChosenColumn {
    const { values, chosen } = this.distinct.of(this.keys, rows)
    const { plain } = this
    plain.clear()
    for (let i = 0; i < values.length; i++) {
      const key = values[i] as number
      if (key < FIRST_TEXT) plain.addIpv4(key | 0)
      else plain.add(this.tokens.text(key - FIRST_TEXT))
    }
    return { values: plain satisfies Plain, chosen }
  }
}

/** Of the first four bytes of an address: only IPv4 in its own form has a dot among them. */
const hasDot = (word: number): boolean => zeroBytes(word ^ DOTS) !== 0
