import { gzipSync } from 'node:zlib'
import type { KeyValue } from 'hyparquet'
import { type BasicType, ByteWriter, ParquetWriter, schemaFromColumnData } from 'hyparquet-writer'

export type TableColumn = {
  readonly name: string
  readonly type: Extract<BasicType, 'BOOLEAN' | 'INT32' | 'INT64' | 'STRING' | 'DOUBLE'>
  /** Whether a row may have none; default true. */
  readonly nullable?: boolean
  /** Whether each row group says its least and greatest value, which costs a comparison a row; default true. */
  readonly statistics?: boolean
}

/** A value of a row: null for none. An INT64 is a number or a bigint, whole and exact. */
export type Cell = string | number | bigint | boolean | null

export type TableOptions = {
  readonly columns: readonly TableColumn[]
  /** Rows that are held before they are written. */
  readonly rowGroupRows?: number
  readonly codec?: 'SNAPPY' | 'GZIP'
  /** Said of the whole table, in its footer. */
  readonly about?: Readonly<Record<string, string>>
}

/** Large enough to be read quickly, and small enough to be held. */
const ROW_GROUP_ROWS = 65_536

/**
 * A table in Parquet, written row by row: a row group at a time is held, and handed out as bytes once it is full. What was
 * handed out is the file up to there.
 */
export class TableWriter {
  readonly #columns: readonly TableColumn[]
  readonly #rowGroupRows: number
  readonly #writer = new ByteWriter()
  readonly #parquet: ParquetWriter
  #cells: Cell[][]
  #rows = 0
  #held = 0

  constructor({ columns, rowGroupRows = ROW_GROUP_ROWS, codec = 'SNAPPY', about = {} }: TableOptions) {
    this.#columns = columns
    this.#rowGroupRows = rowGroupRows
    this.#cells = columns.map(() => [])
    const kvMetadata = Object.entries(about).map(([key, value]): KeyValue => ({ key, value }))
    this.#parquet = new ParquetWriter({
      writer: this.#writer,
      schema: schemaFromColumnData({
        columnData: columns.map(({ name, type, nullable = true }) => ({ name, type, nullable, data: [] })),
      }),
      codec,
      compressors: { GZIP: bytes => gzipSync(bytes) },
      createdBy: 'whohad',
      ...(kvMetadata.length > 0 && { kvMetadata }),
    })
  }

  /** Rows so far. */
  get rows(): number {
    return this.#rows
  }

  /** Takes a row, one cell for each column. Returns bytes where a row group was completed. */
  put(row: readonly Cell[]): Uint8Array | undefined {
    for (const [i, cells] of this.#cells.entries()) {
      const cell = row[i] ?? null
      cells.push(typeof cell === 'number' && this.#columns[i]?.type === 'INT64' ? BigInt(cell) : cell)
    }
    this.#rows++
    return ++this.#held < this.#rowGroupRows ? undefined : this.#writeHeld()
  }

  /** The rest of the file. */
  finish(): Uint8Array {
    const rest = this.#held > 0 ? this.#writeHeld() : new Uint8Array()
    this.#parquet.finish()
    return Buffer.concat([rest, this.#taken()])
  }

  #writeHeld(): Uint8Array {
    const columnData = this.#columns.map(({ name, statistics = true }, i) => ({
      name,
      statistics,
      data: this.#cells[i] ?? [],
    }))
    this.#parquet.write({ columnData, rowGroupSize: this.#rowGroupRows })
    this.#cells = this.#columns.map(() => [])
    this.#held = 0
    return this.#taken()
  }

  /** What the writer has made since the last time; it goes on counting where it was. */
  #taken(): Uint8Array {
    const bytes = this.#writer.getBytes().slice()
    this.#writer.index = 0
    return bytes
  }
}
