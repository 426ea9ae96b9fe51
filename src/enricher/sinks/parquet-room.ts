import { TableMemory } from '../../changestream/parquet/table-writer.ts'
import { areSame } from './added-columns.ts'
import { EndTexts } from './end-texts.ts'
import { ParquetRows } from './parquet-rows.ts'
import { PlainEndTexts } from './plain-end-texts.ts'
import type { TokenReader } from './token-column.ts'

/**
 * What writing Parquet needs, and the next output as well: rows by column, pages, texts of ends. Made once for all outputs that a
 * thread makes one after another, since tens of megabytes for each object are what makes V8 collect its heap.
 */
export class ParquetRoom {
  readonly memory = new TableMemory()
  private readonly plain = new PlainEndTexts(new EndTexts())
  private last: { readonly names: readonly string[]; readonly capacity: number; readonly rows: ParquetRows } | undefined

  /** Those of an output with fields of these names, empty. */
  rowsOf(names: readonly string[], readerOf: (name: string) => TokenReader, capacity: number): ParquetRows {
    if (!this.last || this.last.capacity !== capacity || !areSame(this.last.names, names)) {
      this.last = { names, capacity, rows: new ParquetRows(names, readerOf, this.plain, capacity) }
    }
    return this.last.rows
  }
}
