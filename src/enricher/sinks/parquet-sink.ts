import { type TableColumn, TableWriter } from '../../changestream/parquet/table-writer.ts'
import { ADDED_COLUMNS, allColumns, inSql, requireSameColumns } from './added-columns.ts'
import type { ByteOut } from './byte-out.ts'
import { ParquetRoom } from './parquet-room.ts'
import type { ParquetRows } from './parquet-rows.ts'
import type { RowSink } from './port.ts'
import type { TokenReader } from './token-column.ts'

/** Fields that AWS has as whole numbers of 32 and of 64 bits; all others are text. */
const INT32 = new Set('version srcport dstport protocol tcp-flags traffic-path'.split(' '))
const INT64 = new Set(
  `packets bytes start end packets-lost-no-route packets-lost-blackhole packets-lost-mtu-exceeded
  packets-lost-ttl-expired`.split(/\s+/),
)
const LARGEST_INT32 = 2 ** 31 - 1
/** An output row has some fifty cells. */
const ROW_GROUP_ROWS = 65_536

export type ParquetSinkOptions = {
  readonly gzip?: boolean
  readonly rowGroupRows?: number
  /** Kept from one output to the next, where there are several one after another. */
  readonly room?: ParquetRoom
}

/**
 * Parquet with the columns of the input as AWS types them, and the added ones as text. What an input has as `-`, or as no
 * number where one should be, is null. Only records are in it. One row group at a time is held.
 */
export function parquetSink(
  out: ByteOut,
  { gzip = false, rowGroupRows = ROW_GROUP_ROWS, room = new ParquetRoom() }: ParquetSinkOptions,
): RowSink {
  let columns: readonly string[] | undefined
  let open: { readonly table: TableWriter; readonly rows: ParquetRows } | undefined
  const begin = (names: readonly string[]) => {
    allColumns(names) // refuses what would have two columns of one name
    columns = names
    const table = new TableWriter({
      columns: [...names.map(columnOf), ...ADDED_COLUMNS.map(textColumn)],
      codec: gzip ? 'GZIP' : 'SNAPPY',
      memory: room.memory,
    })
    const rows = room.rowsOf(names, readerOf, rowGroupRows)
    rows.begin()
    return { table, rows }
  }
  return {
    async write(answered) {
      const { batch } = answered
      if (batch.columns.length === 0) return
      open ??= begin(batch.columns)
      if (columns && batch.count > 0) requireSameColumns(columns, batch.columns)
      const { table, rows } = open
      for (let place = 0; place < batch.count; ) {
        place = rows.take(answered, place)
        if (rows.areFull) await out.write(rows.writtenTo(table))
      }
    },
    async finish() {
      const { table, rows } = open ?? begin([])
      await out.write(rows.writtenTo(table))
      await out.write(table.finish())
      return { records: table.rows, bytes: await out.finish() }
    },
    abort: () => out.abort(),
  }
}

/** Texts are in no order within an object, so their least and greatest would spare nobody a row group. */
const textColumn = (name: string): TableColumn => ({ name: inSql(name), type: 'STRING', statistics: false })

const columnOf = (name: string): TableColumn =>
  INT32.has(name) || INT64.has(name)
    ? { name: inSql(name), type: INT32.has(name) ? 'INT32' : 'INT64' }
    : textColumn(name)

const readText: TokenReader = token => (token === '-' ? null : token)
const readWhole =
  (largest: number): TokenReader =>
  token => {
    const number = /^\d+$/.test(token) ? Number(token) : Number.NaN
    return number <= largest ? number : null
  }

function readerOf(name: string): TokenReader {
  if (INT32.has(name)) return readWhole(LARGEST_INT32)
  return INT64.has(name) ? readWhole(Number.MAX_SAFE_INTEGER) : readText
}
