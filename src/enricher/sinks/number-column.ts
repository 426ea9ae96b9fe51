import type { ChosenColumn } from '../../changestream/parquet/chosen-column.ts'
import type { DistinctNumbers } from './distinct-numbers.ts'

/** A field of whole numbers of the records of a row group, as the batches have it: no text is looked at. */
export class NumberColumn {
  private readonly numbers: Float64Array
  private readonly distinct: DistinctNumbers

  constructor(rows: number, distinct: DistinctNumbers) {
    this.numbers = new Float64Array(rows)
    this.distinct = distinct
  }

  /** Numbers at some places of a batch, ABSENT for none, for the rows from `row` on. */
  put(row: number, numbers: Float64Array | Int32Array | Int16Array, from: number, until: number): void {
    this.numbers.set(numbers.subarray(from, until), row)
  }

  /** Those of the first rows. Good until another column is asked. */
  ofRows(rows: number): ChosenColumn {
    return this.distinct.of(this.numbers, rows)
  }
}
