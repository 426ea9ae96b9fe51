import { areAlike, type ChosenColumn } from '../../changestream/parquet/chosen-column.ts'
import type { Side } from '../attribute.ts'
import type { AnsweredBatch } from '../join/answered-batch.ts'
import { END_FIELDS } from './added-columns.ts'
import { DistinctPlaces } from './distinct-places.ts'
import type { PlainEndTexts } from './plain-end-texts.ts'

/**
 * What one end of the records of a row group was answered with. Rows of a group have few distinct ends, so a text is looked at
 * once for each of these, and a row costs a look into a table for each column.
 */
export class AnswerColumns {
  private readonly side: Side
  private readonly plain: PlainEndTexts
  /** By row: numbers of ends. */
  private readonly ends: Int32Array
  private readonly distinct: DistinctPlaces
  /** By place among the distinct ends: that of its text in the column. */
  private readonly keys: Int32Array
  /** Of the places of the batch that is taken. */
  private answers: Int32Array = new Int32Array(0)
  private readonly chosen: Int32Array

  constructor(side: Side, plain: PlainEndTexts, rows: number) {
    this.side = side
    this.plain = plain
    this.ends = new Int32Array(rows)
    this.distinct = new DistinctPlaces(rows)
    this.keys = new Int32Array(rows)
    this.chosen = new Int32Array(rows)
  }

  /** Puts the records at some places of a batch into rows from `row` on. */
  put(row: number, answered: AnsweredBatch, from: number, until: number): void {
    this.answers = this.plain.ends.number(answered, this.side, this.answers)
    this.ends.set(this.answers.subarray(from, until), row)
  }

  /** Those of the first rows, in the order of the added columns. Each is good until the next is asked for. */
  *ofRows(rows: number): Generator<ChosenColumn> {
    const { plain, distinct, keys } = this
    distinct.readFrom(this.ends, rows, plain.ends.size)
    const { numbers, count } = distinct
    plain.take(numbers, count)
    for (const { field } of END_FIELDS) {
      if (field === 'candidates') plain.putLists(numbers, count, keys)
      else plain.putTexts(field, count, keys)
      yield { values: plain.column, chosen: this.chosenOf(count, rows) }
    }
  }

  private chosenOf(count: number, rows: number): Int32Array | undefined {
    const { keys, chosen } = this
    const { places } = this.distinct
    if (areAlike(this.plain.column.size, keys, count)) return undefined
    for (let row = 0; row < rows; row++) chosen[row] = keys[places[row] as number] as number
    return chosen
  }
}
