import { areAlike, type ChosenColumn, NO_VALUE } from '../../changestream/parquet/chosen-column.ts'
import { ABSENT, type TextNumbers } from '../flowlogs/record-batch.ts'
import { larger } from './word-rows.ts'

/**
 * A field of texts of the records of a row group, of which the batches have numbers. Where numbers come from another table than
 * before, the same text is the same here.
 */
export class NumberedTexts {
  private readonly texts: string[] = []
  private readonly places = new Map<string, number>()
  private readonly chosen: Int32Array
  private source: TextNumbers | undefined
  /** By number of the source: one more than the place here, or 0. */
  private known = new Int32Array(256)

  constructor(rows: number) {
    this.chosen = new Int32Array(rows)
  }

  begin(): void {
    this.texts.length = 0
    this.places.clear()
    this.known.fill(0)
  }

  /** Numbers of `source` at some places of a batch, ABSENT for none, for the rows from `row` on. */
  put(row: number, source: TextNumbers, numbers: Int32Array, from: number, until: number): void {
    if (this.source !== source) this.known.fill(0)
    this.source = source
    if (this.known.length < source.size) this.known = larger(this.known, source.size)
    const { known, chosen } = this
    for (let place = from, at = row; place < until; place++, at++) {
      const number = numbers[place] as number
      const here = number === ABSENT ? NO_VALUE : (known[number] as number) - 1
      chosen[at] = here >= 0 || number === ABSENT ? here : this.add(source, number)
    }
  }

  /** Those of the first rows. Good until the next put. */
  ofRows(rows: number): ChosenColumn {
    const { texts, chosen } = this
    return { values: texts, chosen: areAlike(texts.length, chosen, rows) ? undefined : chosen }
  }

  private add(source: TextNumbers, number: number): number {
    const text = source.text(number)
    const place = this.places.get(text) ?? this.texts.push(text) - 1
    this.places.set(text, place)
    this.known[number] = place + 1
    return place
  }
}
