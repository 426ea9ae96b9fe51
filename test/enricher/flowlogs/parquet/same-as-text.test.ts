import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { formatOf } from '../../../../src/enricher/flowlogs/fields.ts'
import { readParquet } from '../../../../src/enricher/flowlogs/parquet/read-parquet.ts'
import { lineParser } from '../../../../src/enricher/flowlogs/parse.ts'
import { recordAt } from '../../../../src/enricher/flowlogs/record-at.ts'
import { asInColumns, fromColumns } from '../../../support/batch-records.ts'
import {
  AWS_COLUMNS,
  type ColumnTypes,
  type Row,
  writtenByDuckdb,
  writtenByHyparquet,
} from '../../../support/parquet-files.ts'
import { propertyRuns, propertyTimeoutMs } from '../../../support/property-runs.ts'

let database: DuckDBInstance
let duckdb: DuckDBConnection
beforeAll(async () => {
  database = await DuckDBInstance.create(':memory:', { threads: '1' })
  duckdb = await database.connect()
})
afterAll(() => {
  duckdb.closeSync()
  database.closeSync()
})

/** Every row as the text reader has the line of the same fields, in the order of the rows. */
function asText(types: ColumnTypes, rows: readonly Row[]) {
  const parse = lineParser(formatOf(Object.keys(types)))
  return rows.map((row, line) => asInColumns(parse(row.map(text => text ?? '-').join(' '), line)))
}

async function asParquet(bytes: Uint8Array, batchRecords = 64) {
  const lines = []
  for await (const batch of readParquet(bytes, { name: 'flows.parquet', batchRecords })) {
    expect(batch.count).toBeLessThanOrEqual(batchRecords)
    const places = Array.from({ length: batch.count }, (_, place) => place)
    for (const place of places) {
      const found = fromColumns(batch, place)
      expect(asInColumns(recordAt(batch, place))).toEqual(found)
      lines.push(found)
    }
    lines.push(...batch.others)
  }
  return lines.toSorted((a, b) => a.line - b.line)
}

const mostly = <T>(usual: fc.Arbitrary<T>, odd: fc.Arbitrary<T>) =>
  fc.oneof({ arbitrary: usual, weight: 20 }, { arbitrary: odd, weight: 1 })

const among = <const T>(...values: readonly T[]) => fc.constantFrom<T>(...values)

const address = mostly<string | null>(
  fc.oneof(
    fc.nat(255).map(last => `10.0.${last}.7`),
    fc.nat(9999).map(group => `2001:db8::${group}`),
    among('255.255.255.255', '0.0.0.0', '::ffff:10.0.0.1', '-', null),
  ),
  among('10.0.0.256', '010.0.0.1', '1.2.3', '10.0.0.1\u0430', 'fe80::1%eth0', '1.2.3.4.5', ':'),
)
const port = mostly<string | null>(fc.nat(65_535).map(String), among('-1', '65536', '2147483647', '-2147483648', null))
const count = mostly<string | null>(
  fc.bigInt(0n, 10n ** 12n).map(String),
  among('-1', '9007199254740991', '9007199254740992', '9223372036854775807', '-9223372036854775808', null),
)
const seconds = mostly<string | null>(
  fc.integer({ min: 1_700_000_000, max: 1_700_000_100 }).map(String),
  among('4294967295', '4294967296', '1700000000000', '-5', null),
)
const id = mostly<string | null>(among('eni-0a', 'eni-0b', '012345678901', '-', null), among('eni-0\u0430', 'unknown'))
const fields: Readonly<Record<string, fc.Arbitrary<string | null>>> = {
  version: among('2', '5', null),
  'account-id': id,
  'interface-id': id,
  srcaddr: address,
  dstaddr: address,
  srcport: port,
  dstport: port,
  protocol: mostly(among<string | null>('6', '17', '58'), among('256', '-1', null)),
  packets: count,
  bytes: count,
  start: seconds,
  end: seconds,
  action: among('ACCEPT', 'REJECT', '-', null),
  'log-status': among('OK', 'NODATA', 'SKIPDATA', '-', null),
  'vpc-id': id,
  'tcp-flags': among('0', '18', '-1', null),
  'pkt-srcaddr': address,
  'pkt-dstaddr': address,
  region: id,
  'flow-direction': among('ingress', 'egress', 'sideways', '-', null),
}

const rowsOf = (types: ColumnTypes, size: { minLength: number; maxLength: number }) =>
  fc.array(fc.tuple(...Object.keys(types).map(name => fields[name] ?? among('x-1', 'y-2', null))), size)

describe('a Parquet file means what the text of its records means', () => {
  const property = fc.asyncProperty(
    rowsOf({ ...AWS_COLUMNS, 'shoe-size': 'STRING' }, { minLength: 0, maxLength: 60 }),
    fc.record({
      codec: among('SNAPPY', 'GZIP', 'UNCOMPRESSED'),
      rowGroupSize: fc.integer({ min: 1, max: 70 }),
      pageSize: among(40, 200, 1_048_576),
    }),
    fc.integer({ min: 1, max: 40 }),
    async (rows, options, batchRecords) => {
      const types: ColumnTypes = { ...AWS_COLUMNS, 'shoe-size': 'STRING' }
      const found = await asParquet(writtenByHyparquet(types, rows, options), batchRecords)
      expect(found).toEqual(asText(types, rows))
    },
  )
  test('whatever the rows, pages, row groups and batches', { timeout: propertyTimeoutMs(120_000) }, () =>
    fc.assert(property, propertyRuns(150)),
  )

  test.each([
    'COMPRESSION snappy, ROW_GROUP_SIZE 2048',
    'COMPRESSION gzip, ROW_GROUP_SIZE 2048',
    'COMPRESSION zstd, PARQUET_VERSION v2',
    'COMPRESSION uncompressed, PARQUET_VERSION v2, ROW_GROUP_SIZE 2048, STRING_DICTIONARY_PAGE_SIZE_LIMIT 1',
    'COMPRESSION brotli, DICTIONARY_SIZE_LIMIT 1',
    'COMPRESSION lz4_raw',
  ])('as DuckDB writes it: %s', async copy => {
    const [rows] = fc.sample(rowsOf(AWS_COLUMNS, { minLength: 2500, maxLength: 2500 }), { numRuns: 1, seed: 7 })
    const bytes = await writtenByDuckdb(duckdb, AWS_COLUMNS, rows ?? [], copy)
    expect(await asParquet(bytes, 1000)).toEqual(asText(AWS_COLUMNS, rows ?? []))
  })

  test.each(['DELTA_BINARY_PACKED', 'BYTE_STREAM_SPLIT'] as const)('numbers as %s', async encoding => {
    const types: ColumnTypes = { bytes: 'INT64', packets: 'INT64', start: 'INT64', end: 'INT64', srcport: 'INT32' }
    const [rows = []] = fc.sample(rowsOf(types, { minLength: 900, maxLength: 900 }), { numRuns: 1, seed: 11 })
    expect(await asParquet(writtenByHyparquet(types, rows, { encoding }))).toEqual(asText(types, rows))
  })

  test.each(['DELTA_LENGTH_BYTE_ARRAY', 'DELTA_BYTE_ARRAY'] as const)('texts as %s', async encoding => {
    const types: ColumnTypes = { srcaddr: 'STRING', dstaddr: 'STRING', 'vpc-id': 'STRING', 'log-status': 'STRING' }
    const [rows = []] = fc.sample(rowsOf(types, { minLength: 900, maxLength: 900 }), { numRuns: 1, seed: 13 })
    expect(await asParquet(writtenByHyparquet(types, rows, { encoding }))).toEqual(asText(types, rows))
  })

  test('numbers that are kept as text, and an account that is kept as a number', async () => {
    const types: ColumnTypes = {
      ...Object.fromEntries(Object.keys(AWS_COLUMNS).map(name => [name, 'STRING'] as const)),
      'account-id': 'INT64',
    }
    const [rows = []] = fc.sample(rowsOf(AWS_COLUMNS, { minLength: 500, maxLength: 500 }), { numRuns: 1, seed: 17 })
    const accounts = rows.map((row, i) =>
      row.map((text, at) => (at === 1 ? String(1000 + i) : at === 5 ? '0443' : text)),
    )
    expect(await asParquet(writtenByHyparquet(types, accounts))).toEqual(asText(types, accounts))
  })
})

test('columns that attribution does without are not read where nobody asks for them', async () => {
  const row = '2 1 eni-1 10.0.0.1 10.0.0.2 1 2 6 1 40 10 20 ACCEPT OK vpc-1 0 - - us-east-1 egress'.split(' ')
  const bytes = writtenByHyparquet(AWS_COLUMNS, [row])
  for await (const batch of readParquet(bytes, { name: 'flows.parquet', withTokens: false })) {
    const tokens = batch.tokensOf(0)
    expect(tokens[batch.columns.indexOf('tcp-flags')]).toBe('-')
    expect(tokens[batch.columns.indexOf('srcaddr')]).toBe('10.0.0.1')
    expect({ ...fromColumns(batch, 0), tokens: row }).toEqual(asText(AWS_COLUMNS, [row])[0])
  }
})
