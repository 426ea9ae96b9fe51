import { type Cell, type TableColumn, TableWriter } from '../../changestream/parquet/table-writer.ts'
import { ADDED_COLUMNS, allColumns, inSql, requireSameColumns } from './added-columns.ts'
import type { ByteOut } from './byte-out.ts'
import type { RowSink } from './port.ts'
import { addedAt } from './row-order.ts'

/** Fields that AWS has as whole numbers of 32 and of 64 bits; all others are text. */
const INT32 = new Set('version srcport dstport protocol tcp-flags traffic-path'.split(' '))
const INT64 = new Set(
  `packets bytes start end packets-lost-no-route packets-lost-blackhole packets-lost-mtu-exceeded
  packets-lost-ttl-expired`.split(/\s+/),
)
const LARGEST_INT32 = 2 ** 31 - 1
/** An output row has some fifty cells. */
const ROW_GROUP_ROWS = 32_768

export type ParquetSinkOptions = { readonly gzip?: boolean; readonly rowGroupRows?: number }

/**
 * Parquet with the columns of the input as AWS types them, and the added ones as text. What an input has as `-`, or as no
 * number where one should be, is null. Only records are in it. One row group at a time is held.
 */
export function parquetSink(
  out: ByteOut,
  { gzip = false, rowGroupRows = ROW_GROUP_ROWS }: ParquetSinkOptions,
): RowSink {
  let columns: readonly string[] | undefined
  let table: TableWriter | undefined
  const begin = (names: readonly string[]): TableWriter => {
    allColumns(names) // refuses what would have two columns of one name
    columns = names
    return new TableWriter({
      columns: [...names.map(columnOf), ...ADDED_COLUMNS.map(textColumn)],
      rowGroupRows,
      codec: gzip ? 'GZIP' : 'SNAPPY',
    })
  }
  return {
    async write(answered) {
      const { batch } = answered
      if (batch.columns.length === 0) return
      table ??= begin(batch.columns)
      if (columns && batch.count > 0) requireSameColumns(columns, batch.columns)
      const readers = batch.columns.map(readerOf)
      for (let place = 0; place < batch.count; place++) {
        const own = batch.tokensOf(place).map((token, i) => readers[i]?.(token) ?? null)
        const bytes = table.put([...own, ...addedAt(answered, place).map(text => (text === '' ? null : text))])
        if (bytes) await out.write(bytes)
      }
    },
    async finish() {
      table ??= begin([])
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

type Reader = (token: string) => Cell

const readText: Reader = token => (token === '-' ? null : token)
const readWhole =
  (largest: number): Reader =>
  token => {
    const number = /^\d+$/.test(token) ? Number(token) : Number.NaN
    return number <= largest ? number : null
  }

function readerOf(name: string): Reader {
  if (INT32.has(name)) return readWhole(LARGEST_INT32)
  return INT64.has(name) ? readWhole(Number.MAX_SAFE_INTEGER) : readText
}
