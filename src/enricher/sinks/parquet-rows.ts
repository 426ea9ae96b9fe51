import type { TableWriter } from '../../changestream/parquet/table-writer.ts'
import type { AnsweredBatch } from '../join/answered-batch.ts'
import { AnswerColumns } from './answer-columns.ts'
import type { EndTexts } from './end-texts.ts'
import { RecordColumns } from './record-columns.ts'
import type { TokenReader } from './token-column.ts'

/** The rows of a row group, by column, filled again and again: each text of a column is looked at once in a group. */
export class ParquetRows {
  private rows = 0
  private readonly table: TableWriter
  private readonly texts: EndTexts
  private readonly capacity: number
  private readonly own: RecordColumns
  private readonly source: AnswerColumns
  private readonly destination: AnswerColumns

  constructor(table: TableWriter, readers: readonly TokenReader[], texts: EndTexts, capacity: number) {
    this.table = table
    this.texts = texts
    this.capacity = capacity
    this.own = new RecordColumns(readers, capacity)
    this.source = new AnswerColumns('source', texts, capacity)
    this.destination = new AnswerColumns('destination', texts, capacity)
  }

  get areFull(): boolean {
    return this.rows === this.capacity
  }

  /** Records of the table so far, without those that are held. */
  get records(): number {
    return this.table.rows
  }

  /** Takes the records of a batch from a place on, as many as there is room for. Returns the place of the first that it left. */
  take(answered: AnsweredBatch, from: number): number {
    const { batch } = answered
    if (this.rows === 0) this.texts.forgetIfMany()
    const until = Math.min(batch.count, from + this.capacity - this.rows)
    this.source.put(this.rows, answered, from, until)
    this.destination.put(this.rows, answered, from, until)
    for (let place = from; place < until; place++) this.own.put(this.rows++, batch, place)
    return until
  }

  /** The bytes of a row group of what is held. */
  written(): Uint8Array {
    const bytes = this.table.putGroup(this.rows, this.columns())
    this.own.begin()
    this.rows = 0
    return bytes
  }

  /** The rest of the file. */
  finish(): Uint8Array {
    const rest = this.rows > 0 ? this.written() : new Uint8Array()
    return Buffer.concat([rest, this.table.finish()])
  }

  private *columns() {
    yield* this.own.ofRows(this.rows)
    yield* this.source.ofRows(this.rows)
    yield* this.destination.ofRows(this.rows)
  }
}
