import type { ChosenColumn } from '../../changestream/parquet/chosen-column.ts'
import type { RecordBatch } from '../flowlogs/record-batch.ts'
import { PADDING_BYTES } from '../flowlogs/text-table.ts'
import { TokenColumn, type TokenReader } from './token-column.ts'

const CR = 13
const LF = 10
const SPACE = 32
const FIRST_LINE_BYTES = 4096

/**
 * All fields of the records of a row group, by column. A line of text is taken token by token from its bytes; what is no line, and a line
 * with anything but printable ASCII between single bytes of space, by `RecordBatch.tokensOf`, which is what both mean.
 */
export class RecordColumns {
  private readonly columns: readonly TokenColumn[]
  private bytes = new Uint8Array(0)
  private view = new DataView(this.bytes.buffer)

  constructor(readers: readonly TokenReader[], rows: number) {
    this.columns = readers.map(read => new TokenColumn(rows, read))
    this.makeRoom(FIRST_LINE_BYTES)
  }

  begin(): void {
    for (const column of this.columns) column.begin()
  }

  put(row: number, { tokensOf, lineOf }: RecordBatch, place: number): void {
    if (lineOf !== undefined && this.putLine(row, lineOf(place))) return
    const tokens = tokensOf(place)
    for (const [i, column] of this.columns.entries()) column.putText(row, tokens[i] ?? '-')
  }

  /** Those of the first rows. Ask once. */
  *ofRows(rows: number): Generator<ChosenColumn> {
    for (const column of this.columns) yield column.ofRows(rows)
  }

  /** False where the line has to be taken another way; all columns of the row are put again then. */
  private putLine(row: number, line: Uint8Array): boolean {
    const { length } = line
    if (length + PADDING_BYTES > this.bytes.length) this.makeRoom(length)
    const { bytes, view } = this
    bytes.set(line)
    bytes[length] = LF
    let at = 0
    for (const column of this.columns) {
      while (bytes[at] === SPACE) at++
      at = column.putAt(row, view, at)
      if (at < 0) return false
    }
    while (bytes[at] === SPACE) at++
    return at === length || (at === length - 1 && bytes[at] === CR)
  }

  private makeRoom(lineBytes: number): void {
    this.bytes = new Uint8Array(2 * lineBytes + PADDING_BYTES)
    this.view = new DataView(this.bytes.buffer)
  }
}
