import { type ChosenColumn, NO_VALUE } from '../../changestream/parquet/chosen-column.ts'
import type { Side } from '../attribute.ts'
import type { AnsweredBatch } from '../join/answered-batch.ts'
import { END_FIELDS } from './added-columns.ts'
import type { PlainEndTexts } from './plain-end-texts.ts'
import { larger } from './word-rows.ts'

/**
 * What one end of the records of a row group was answered with. Rows of a group have few distinct ends, so a text is looked at
 * once for each of these, and a row costs a look into a table for each column.
 */
export class AnswerColumns {
  private readonly side: Side
  private readonly plain: PlainEndTexts
  /** By row: numbers of ends, and then places among the distinct ones. */
  private readonly ends: Int32Array
  private readonly distinct: Int32Array
  /** By number of an end: one more than its place among the distinct ones, or 0. */
  private placeOfEnd = new Int32Array(1024)
  /** By place among the distinct ends: that of its text in the column. */
  private readonly keys: Int32Array
  /** Of the places of the batch that is taken. */
  private answers = new Int32Array(0)
  private readonly chosen: Int32Array

  constructor(side: Side, plain: PlainEndTexts, rows: number) {
    this.side = side
    this.plain = plain
    this.ends = new Int32Array(rows)
    this.distinct = new Int32Array(rows)
    this.keys = new Int32Array(rows)
    this.chosen = new Int32Array(rows)
  }

  /** Puts the records at some places of a batch into rows from `row` on. */
  put(row: number, answered: AnsweredBatch, from: number, until: number): void {
    const { count, capacity } = answered.batch
    if (this.answers.length < count) this.answers = new Int32Array(capacity)
    this.plain.ends.number(answered, this.side, this.answers)
    this.ends.set(this.answers.subarray(from, until), row)
  }

  /** Those of the first rows, in the order of the added columns. Each is good until the next is asked for. Ask once. */
  *ofRows(rows: number): Generator<ChosenColumn> {
    const { plain, distinct, keys } = this
    const count = this.findDistinct(rows)
    plain.take(distinct, count)
    for (const { field } of END_FIELDS) {
      if (field === 'candidates') plain.putLists(distinct, count, keys)
      else plain.putTexts(field, count, keys)
      yield { values: plain.column, chosen: this.chosenOf(count, rows) }
    }
  }

  /** Returns how many there are. */
  private findDistinct(rows: number): number {
    const { size } = this.plain.ends
    if (this.placeOfEnd.length < size) this.placeOfEnd = larger(this.placeOfEnd, size)
    const { ends, distinct, placeOfEnd } = this
    let count = 0
    for (let row = 0; row < rows; row++) {
      const end = ends[row] as number
      let place = (placeOfEnd[end] as number) - 1
      if (place < 0) {
        distinct[count] = end
        place = count++
        placeOfEnd[end] = count
      }
      ends[row] = place
    }
    for (let i = 0; i < count; i++) placeOfEnd[distinct[i] as number] = 0
    return count
  }

  private chosenOf(count: number, rows: number): Int32Array | undefined {
    const { ends, keys, chosen } = this
    const { size } = this.plain.column
    if (size === 0 || (size === 1 && !keys.subarray(0, count).includes(NO_VALUE))) return undefined
    for (let row = 0; row < rows; row++) chosen[row] = keys[ends[row] as number] as number
    return chosen
  }
}
