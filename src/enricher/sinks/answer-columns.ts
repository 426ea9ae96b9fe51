import { type ChosenColumn, NO_VALUE } from '../../changestream/parquet/chosen-column.ts'
import type { Side } from '../attribute.ts'
import type { AnsweredBatch } from '../join/answered-batch.ts'
import { END_FIELDS, textOfList } from './added-columns.ts'
import { distinctOf, type EndText, type EndTexts } from './end-texts.ts'

/** What one end of the records of a row group was answered with. */
export class AnswerColumns {
  private readonly side: Side
  private readonly texts: EndTexts
  /** By row: numbers of ends. */
  private readonly ends: Int32Array
  /** Of the places of the batch that is taken. */
  private answers = new Int32Array(0)
  private readonly chosen: Int32Array

  constructor(side: Side, texts: EndTexts, rows: number) {
    this.side = side
    this.texts = texts
    this.ends = new Int32Array(rows)
    this.chosen = new Int32Array(rows)
  }

  /** Puts the records at some places of a batch into rows from `row` on. */
  put(row: number, answered: AnsweredBatch, from: number, until: number): void {
    const { count, capacity } = answered.batch
    if (this.answers.length < count) this.answers = new Int32Array(capacity)
    this.texts.number(answered, this.side, this.answers)
    this.ends.set(this.answers.subarray(from, until), row)
  }

  /** Those of the first rows, in the order of the added columns. Each is good until the next is asked for. */
  *ofRows(rows: number): Generator<ChosenColumn> {
    const distinct = distinctOf(this.ends, rows, this.texts.size)
    for (const { field } of END_FIELDS) {
      const { texts, keyOfEnd } = field === 'candidates' ? this.listsOf(distinct) : this.textsOf(field, distinct)
      const { ends, chosen } = this
      for (let row = 0; row < rows; row++) chosen[row] = keyOfEnd[ends[row] as number] as number
      yield { values: texts, chosen }
    }
  }

  /** The empty text is none. */
  private textsOf(field: EndText, distinct: Int32Array) {
    const { texts, keyOfEnd } = this.texts.keysOf(field, distinct)
    const empty = texts.indexOf('')
    if (empty < 0) return { texts, keyOfEnd }
    for (const end of distinct) {
      const key = keyOfEnd[end] as number
      if (key >= empty) keyOfEnd[end] = key === empty ? NO_VALUE : key - 1
    }
    return { texts: texts.toSpliced(empty, 1), keyOfEnd }
  }

  private listsOf(distinct: Int32Array) {
    const keys = new Map<string, number>([['', NO_VALUE]])
    const keyOfEnd = new Int32Array(this.texts.size)
    for (const end of distinct) {
      const text = textOfList(this.texts.candidates[end] ?? [])
      const key = keys.get(text) ?? keys.size - 1
      keys.set(text, key)
      keyOfEnd[end] = key
    }
    return { texts: [...keys.keys()].slice(1), keyOfEnd }
  }
}
