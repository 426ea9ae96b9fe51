import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { DuckDBConnection } from '@duckdb/node-api'
import { type ColumnSource, parquetWriteBuffer } from 'hyparquet-writer'

export type ColumnType = 'INT32' | 'INT64' | 'STRING'
/** Columns by their flow log names, in their order. */
export type ColumnTypes = Readonly<Record<string, ColumnType>>
/** What each column has, as a line of text would have it; null where Parquet is to have a null. */
export type Row = readonly (string | null)[]

/** As AWS types the fields (aws: "Flow log files", Parquet). */
export const AWS_COLUMNS: ColumnTypes = {
  version: 'INT32',
  'account-id': 'STRING',
  'interface-id': 'STRING',
  srcaddr: 'STRING',
  dstaddr: 'STRING',
  srcport: 'INT32',
  dstport: 'INT32',
  protocol: 'INT32',
  packets: 'INT64',
  bytes: 'INT64',
  start: 'INT64',
  end: 'INT64',
  action: 'STRING',
  'log-status': 'STRING',
  'vpc-id': 'STRING',
  'tcp-flags': 'INT32',
  'pkt-srcaddr': 'STRING',
  'pkt-dstaddr': 'STRING',
  region: 'STRING',
  'flow-direction': 'STRING',
}

const inParquet = (name: string) => name.replaceAll('-', '_')

/** The value of a cell: a `-` among numbers can only be a null. */
function cell(text: string | null | undefined, type: ColumnType): string | number | bigint | null {
  if (text === null || text === undefined) return null
  if (type === 'STRING') return text
  if (text === '-') return null
  return type === 'INT32' ? Number(text) : BigInt(text)
}

export type WriterOptions = {
  readonly codec?: 'SNAPPY' | 'GZIP' | 'UNCOMPRESSED'
  readonly rowGroupSize?: number
  readonly pageSize?: number
  readonly encoding?: ColumnSource['encoding']
}

export function writtenByHyparquet(types: ColumnTypes, rows: readonly Row[], options: WriterOptions = {}): Uint8Array {
  const columnData = Object.entries(types).map(([name, type], i) => ({
    name: inParquet(name),
    type,
    data: rows.map(row => cell(row[i], type)),
    ...(options.encoding && { encoding: options.encoding }),
  }))
  return new Uint8Array(
    parquetWriteBuffer({
      columnData,
      codec: options.codec ?? 'SNAPPY',
      compressors: { GZIP: bytes => gzipSync(bytes) },
      rowGroupSize: options.rowGroupSize ?? 1000,
      ...(options.pageSize !== undefined && { pageSize: options.pageSize }),
    }),
  )
}

/** The same by DuckDB's writer, which shares no line with ours. `copy` are options of its COPY. */
export async function writtenByDuckdb(
  duckdb: DuckDBConnection,
  types: ColumnTypes,
  rows: readonly Row[],
  copy: string,
): Promise<Uint8Array> {
  const sqlTypes = { INT32: 'INTEGER', INT64: 'BIGINT', STRING: 'VARCHAR' }
  const columns = Object.entries(types).map(([name, type]) => `"${inParquet(name)}" ${sqlTypes[type]}`)
  await duckdb.run(`CREATE OR REPLACE TABLE flows (${columns.join(', ')})`)
  const appender = await duckdb.createAppender('flows')
  for (const row of rows) {
    for (const [i, type] of Object.values(types).entries()) {
      const value = cell(row[i], type)
      if (value === null) appender.appendNull()
      else if (typeof value === 'string') appender.appendVarchar(value)
      else if (typeof value === 'bigint') appender.appendBigInt(value)
      else appender.appendInteger(value)
    }
    appender.endRow()
  }
  appender.closeSync()
  const folder = await mkdtemp(join(tmpdir(), 'whohad-parquet-'))
  try {
    const file = join(folder, 'flows.parquet')
    await duckdb.run(`COPY flows TO '${file}' (FORMAT parquet, ${copy})`)
    return new Uint8Array(await readFile(file))
  } finally {
    await rm(folder, { recursive: true })
  }
}
