import type { LineWindow } from './any-line-scanner.ts'
import type { Format } from './fields.ts'
import { LineScanner } from './line-scanner.ts'
import { RecordBatch } from './record-batch.ts'
import { PADDING_BYTES, TextTable } from './text-table.ts'

/** What is read at a time, beside a line that has begun: small enough to stay in a processor's cache. */
const WINDOW_BYTES = 256 * 1024

/**
 * What reading a text needs, and the next one as well: a batch, a window of bytes, texts by number, a scanner. Made once for all that a
 * thread reads one after the other, since a megabyte or two for each object are what makes V8 collect its heap. And the same
 * texts have the same numbers in the next object, which most interfaces are in as well.
 */
export class TextRoom {
  readonly batch: RecordBatch
  readonly longestLineBytes: number
  readonly bytes: Buffer<ArrayBuffer>
  readonly window: LineWindow
  /** Numbers mean the same for as long as this is the same table. */
  texts = new TextTable()
  #scanner: { readonly columns: string; readonly scanner: LineScanner } | undefined

  constructor(batchRecords: number, longestLineBytes: number) {
    this.batch = new RecordBatch(batchRecords)
    this.longestLineBytes = longestLineBytes
    this.bytes = Buffer.alloc(WINDOW_BYTES + longestLineBytes + 1 + PADDING_BYTES)
    const { buffer, byteOffset, length } = this.bytes
    this.window = { bytes: new Uint8Array(buffer, byteOffset, length), view: new DataView(buffer, byteOffset, length) }
  }

  /** Begins lines of a format, with an empty batch. */
  scannerFor(format: Format): LineScanner {
    const columns = format.columns.join(' ')
    if (this.#scanner?.columns !== columns) {
      this.#scanner = { columns, scanner: new LineScanner(format, this.batch, this.longestLineBytes) }
    }
    const { scanner } = this.#scanner
    scanner.begin()
    this.batch.columns = format.columns
    return scanner
  }

  /** Between two batches: other texts than before, where there are as many as are kept. */
  renewTextsIfFull(): void {
    if (this.texts.isFull) this.texts = new TextTable()
    this.batch.texts = this.texts
  }
}
