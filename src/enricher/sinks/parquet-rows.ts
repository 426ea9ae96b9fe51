import type { TableWriter } from '../../changestream/parquet/table-writer.ts'
import type { AnsweredBatch } from '../join/answered-batch.ts'
import { AnswerColumns } from './answer-columns.ts'
import type { PlainEndTexts } from './plain-end-texts.ts'
import { RecordColumns } from './record-columns.ts'
import type { TokenReader } from './token-column.ts'

/** The rows of a row group, by column, filled again and again: each value of a column is looked at once in a group. */
export class ParquetRows {
  private rows = 0
  private readonly plain: PlainEndTexts
  private readonly capacity: number
  private readonly own: RecordColumns
  private readonly source: AnswerColumns
  private readonly destination: AnswerColumns

  constructor(
    names: readonly string[],
    readerOf: (name: string) => TokenReader,
    plain: PlainEndTexts,
    capacity: number,
  ) {
    this.plain = plain
    this.capacity = capacity
    this.own = new RecordColumns(names, readerOf, capacity)
    this.source = new AnswerColumns('source', plain, capacity)
    this.destination = new AnswerColumns('destination', plain, capacity)
  }

  get areFull(): boolean {
    return this.rows === this.capacity
  }

  /** Lets go of what is held. */
  begin(): void {
    this.own.begin()
    this.rows = 0
  }

  /** Takes the records of a batch from a place on, as many as there is room for. Returns the place of the first that it left. */
  take(answered: AnsweredBatch, from: number): number {
    const { batch } = answered
    if (this.rows === 0) this.plain.ends.forgetIfMany()
    const until = Math.min(batch.count, from + this.capacity - this.rows)
    this.source.put(this.rows, answered, from, until)
    this.destination.put(this.rows, answered, from, until)
    this.own.put(this.rows, batch, from, until)
    this.rows += until - from
    return until
  }

  /** What is held as a row group of a table, of which the bytes are returned; nothing is held then. */
  writtenTo(table: TableWriter): Uint8Array {
    if (this.rows === 0) return new Uint8Array()
    const bytes = table.putGroup(this.rows, this.columns())
    this.begin()
    return bytes
  }

  private *columns() {
    yield* this.own.ofRows(this.rows)
    yield* this.source.ofRows(this.rows)
    yield* this.destination.ofRows(this.rows)
  }
}
