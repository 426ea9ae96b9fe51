import { gzipSync } from 'node:zlib'
import type { KeyValue } from 'hyparquet'
import { type BasicType, ByteWriter, ParquetWriter, schemaFromColumnData } from 'hyparquet-writer'
import { snappyCompress } from 'hyparquet-writer/src/snappy.js'
import { type ChosenColumn, ChosenColumnWriter } from './chosen-column.ts'

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
  /** Of tables that are written one after another. */
  readonly memory?: TableMemory
}

/** What writing a table needs, kept from one to the next: buffers that are made anew have V8 collect all of its heap. */
export class TableMemory {
  readonly writer = new ByteWriter()
  readonly chosen = new ChosenColumnWriter()

  /** As at the beginning of a file. */
  begin(): void {
    this.writer.index = 0
    this.writer.offset = 0
  }
}

/** Large enough to be read quickly, and small enough to be held. */
const ROW_GROUP_ROWS = 65_536

const COMPRESSORS = { SNAPPY: snappyCompress, GZIP: (bytes: Uint8Array) => gzipSync(bytes) }

/** A page is begun anew once it has so many bytes: what the library does by itself. */
const PAGE_BYTES = 2 ** 20

/**
 * A table in Parquet, written row by row: a row group at a time is held, and handed out as bytes once it is full; or whole row groups, by
 * column. What was handed out is the file up to there.
 */
export class TableWriter {
  readonly #columns: readonly TableColumn[]
  readonly #rowGroupRows: number
  readonly #writer: ByteWriter
  readonly #chosen: ChosenColumnWriter
  readonly #parquet: ParquetWriter
  #cells: Cell[][]
  #rows = 0
  #held = 0

  constructor({
    columns,
    rowGroupRows = ROW_GROUP_ROWS,
    codec = 'SNAPPY',
    about = {},
    memory = new TableMemory(),
  }: TableOptions) {
    memory.begin()
    this.#writer = memory.writer
    this.#chosen = memory.chosen
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
      compressors: COMPRESSORS,
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

  /** Writes a row group of its own: a column for each of the table's, taken one after another. Returns its bytes. */
  putGroup(rows: number, columns: Iterable<ChosenColumn>): Uint8Array {
    const before = this.#held > 0 ? this.#writeHeld() : undefined
    const parquet = this.#parquet
    const { codec, schema } = parquet
    const begin = this.#writer.offset
    const written = Array.from(columns, (column, i) => {
      const { name = '', statistics = true } = this.#columns[i] ?? {}
      const schemaPath = [schema[0], schema[i + 1]].flatMap(element => element ?? [])
      const element = schema[i + 1]
      if (element === undefined) throw new Error(`more columns than the table's ${this.#columns.length}`)
      const encoder = { columnName: name, element, schemaPath, codec, compressors: COMPRESSORS, stats: statistics }
      return this.#chosen.write(
        this.#writer,
        { ...encoder, pageSize: PAGE_BYTES, columnIndex: false, offsetIndex: true },
        column,
        rows,
      )
    })
    parquet.pendingIndexes.push(...written)
    parquet.num_rows += BigInt(rows)
    parquet.row_groups.push({
      columns: written.map(({ chunk }) => chunk),
      total_byte_size: written.reduce((sum, { chunk }) => sum + (chunk.meta_data?.total_uncompressed_size ?? 0n), 0n),
      total_compressed_size: BigInt(this.#writer.offset - begin),
      num_rows: BigInt(rows),
    })
    this.#rows += rows
    return before ? Buffer.concat([before, this.#taken()]) : this.#taken()
  }

  /** The rest of the file. */
  finish(): Uint8Array {
    const rest = this.#held > 0 ? this.#writeHeld() : undefined
    this.#parquet.finish()
    return rest ? Buffer.concat([rest, this.#taken()]) : this.#taken()
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
