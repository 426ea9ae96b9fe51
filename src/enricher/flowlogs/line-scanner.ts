import { AnyLineScanner, type LineWindow } from './any-line-scanner.ts'
import { DefaultLineScanner, isDefault, LONGEST_DEFAULT_LINE_BYTES } from './default-line-scanner.ts'
import type { Format } from './fields.ts'
import { RecentIds } from './recent-ids.ts'
import type { RecordBatch } from './record-batch.ts'
import { blankColumns } from './scan-plan.ts'
import type { TextTable } from './text-table.ts'

/** How many lines that are not as by default are taken in a row, at most, before the next is tried as one. */
const MOST_OTHERS = 64

/** Reads lines of one format from bytes into the columns of a batch, in the quickest of two ways that takes each. */
export class LineScanner {
  /** After `scan`: where the first line begins that was not taken, and how many were. */
  at = 0
  taken = 0
  /** Where the lines of the batch's records begin in the window. */
  readonly begins: Int32Array
  readonly #format: Format
  readonly #batch: RecordBatch
  readonly #any: AnyLineScanner
  readonly #default: DefaultLineScanner | undefined

  constructor(format: Format, batch: RecordBatch, longestLineBytes: number) {
    const ids = new RecentIds()
    this.#format = format
    this.#batch = batch
    this.begins = new Int32Array(batch.capacity)
    this.#any = new AnyLineScanner(format, longestLineBytes, batch, this.begins, ids)
    const mayBeDefault = isDefault(format) && longestLineBytes >= LONGEST_DEFAULT_LINE_BYTES
    this.#default = mayBeDefault ? new DefaultLineScanner(batch, this.begins, ids) : undefined
  }

  /** Fills the columns that the format lacks, before the first of its lines and after those of any other. */
  begin(): void {
    blankColumns(this.#batch)
    this.#batch.transits.fill(this.#format.transit ? 1 : 0)
  }

  /**
   * Takes lines until `until`, which is just behind a newline, until the batch is full, or until a line that is left to
   * `lineParser`. `firstLine` is the number of the line at `from`.
   */
  scan(window: LineWindow, from: number, until: number, firstLine: number, texts: TextTable): void {
    const batch = this.#batch
    const { count: before, capacity } = batch
    let others = this.#default ? 1 : capacity
    this.at = from
    while (this.at < until && batch.count < capacity) {
      const first = batch.count
      if (this.#default) {
        this.#default.scan(window.view, this.at, until, firstLine + first - before, texts)
        this.at = this.#default.at
        batch.usual.fill(1, first, batch.count)
        if (batch.count > first) others = 1
        if (this.at >= until || batch.count === capacity) break
      }
      const known = batch.count
      this.#any.scan(window, this.at, until, firstLine + known - before, others, texts)
      this.at = this.#any.at
      batch.usual.fill(0, known, batch.count)
      if (batch.count - known < others) break
      others = Math.min(2 * others, MOST_OTHERS)
    }
    this.taken = batch.count - before
  }
}
