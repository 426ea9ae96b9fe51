import fc from 'fast-check'
import { parquetMetadata } from 'hyparquet'
import { describe, expect, test } from 'vitest'
import { PARQUET_LIMITS, type ParquetLimits } from '../../../../src/enricher/flowlogs/parquet/limits.ts'
import { readParquet } from '../../../../src/enricher/flowlogs/parquet/read-parquet.ts'
import { mutated } from '../../../support/mutated.ts'
import { AWS_COLUMNS, type WriterOptions, writtenByHyparquet } from '../../../support/parquet-files.ts'
import { fuzzParquet, parquetSamples, sampleRow } from '../../../support/parquet-fuzz.ts'
import { propertyRuns, propertyTimeoutMs } from '../../../support/property-runs.ts'

const ROWS = Array.from({ length: 300 }, (_, i) => sampleRow(i))
const file = (options: WriterOptions) => writtenByHyparquet(AWS_COLUMNS, ROWS, { rowGroupSize: 100, ...options })

async function read(bytes: Uint8Array, limits: Partial<ParquetLimits> = {}) {
  const rows: number[] = []
  const faults: { reason: string; line: number; detail: string }[] = []
  for await (const batch of readParquet(bytes, {
    name: 'flows',
    batchRecords: 33,
    limits: { ...PARQUET_LIMITS, ...limits },
  })) {
    rows.push(...batch.lines.subarray(0, batch.count))
    for (const other of batch.others) {
      if (other.kind === 'skipped') rows.push(other.line)
      else faults.push({ reason: other.reason, line: other.line, detail: other.detail })
    }
  }
  return { rows: rows.toSorted((a, b) => a - b), faults }
}

const between = (from: number, until: number) => Array.from({ length: until - from }, (_, i) => from + i)

/** Where the data of a column of a row group begins and ends in the file. */
function chunkOf(bytes: Uint8Array, group: number, column: string) {
  const meta = parquetMetadata(bytes).row_groups[group]?.columns.find(
    ({ meta_data }) => meta_data?.path_in_schema[0] === column,
  )?.meta_data
  if (meta === undefined) throw new TypeError(`no column ${column}`)
  const from = Number(meta.dictionary_page_offset ?? meta.data_page_offset)
  return { from, until: from + Number(meta.total_compressed_size), dataAt: Number(meta.data_page_offset) }
}

describe('what is damaged costs no more than it must', () => {
  test('a page that cannot be unpacked costs its rows, and no other page or row group', async () => {
    const bytes = file({ codec: 'GZIP', pageSize: 320, encoding: 'PLAIN' })
    const { until } = chunkOf(bytes, 1, 'bytes')
    bytes.fill(0x55, until - 20, until)
    const { rows, faults } = await read(bytes)
    expect(faults).toHaveLength(1)
    const from = faults[0]?.line ?? 0
    expect(from).toBeGreaterThan(100)
    expect(faults[0]).toMatchObject({
      reason: 'corrupt-parquet',
      detail: expect.stringContaining('row group 1, column bytes'),
    })
    expect(faults[0]?.detail).toContain(`rows ${from} to 199: `)
    expect(rows).toEqual([...between(0, from), ...between(200, 300)])
  })

  test('a page header that cannot be read costs the rest of its row group', async () => {
    const bytes = file({ codec: 'UNCOMPRESSED', encoding: 'PLAIN' })
    const { from } = chunkOf(bytes, 1, 'dstaddr')
    bytes.fill(0xff, from, from + 30)
    const { rows, faults } = await read(bytes)
    expect(faults).toMatchObject([{ reason: 'corrupt-parquet', line: 100 }])
    expect(faults[0]?.detail).toContain('rows 100 to 199: ')
    expect(rows).toEqual([...between(0, 100), ...between(200, 300)])
  })

  test('a dictionary that cannot be read costs what is written in its words', async () => {
    const bytes = file({ codec: 'GZIP' })
    const { from, dataAt } = chunkOf(bytes, 2, 'interface_id')
    expect(dataAt).toBeGreaterThan(from)
    bytes.fill(0, from + 14, dataAt)
    const { rows, faults } = await read(bytes)
    expect(faults).toMatchObject([{ reason: 'corrupt-parquet', line: 200 }])
    expect(rows).toEqual(between(0, 200))
  })

  test('a file that was cut off has no footer', async () => {
    const bytes = file({})
    for (const length of [0, 3, 4, 11, 12, bytes.length - 1, bytes.length - 4, bytes.length >> 1]) {
      const { rows, faults } = await read(bytes.subarray(0, length))
      expect({ rows, faults: faults.map(({ reason }) => reason) }).toEqual({ rows: [], faults: ['truncated-parquet'] })
    }
  })

  test('an encrypted file is told from a damaged one', async () => {
    const bytes = file({})
    bytes.set(Buffer.from('PARE'), bytes.length - 4)
    expect((await read(bytes)).faults).toMatchObject([{ reason: 'unsupported-parquet' }])
  })
})

describe('a file is not believed about how much it needs', () => {
  test('a footer that claims gigabytes', async () => {
    const bytes = file({})
    new DataView(bytes.buffer).setUint32(bytes.length - 8, 0xfffffff0, true)
    expect((await read(bytes)).faults).toMatchObject([{ reason: 'corrupt-parquet' }])
    expect((await read(file({}), { footerBytes: 100 })).faults).toMatchObject([{ reason: 'oversize-parquet' }])
  })

  test('a footer of numbers that do not end', async () => {
    const bytes = new Uint8Array(8 * 2 ** 20).fill(0xff)
    bytes.set(Buffer.from('PAR1'))
    bytes.set([0x16], 4) // the version, as a number of 64 bits
    new DataView(bytes.buffer).setUint32(bytes.length - 8, bytes.length - 12, true)
    bytes.set(Buffer.from('PAR1'), bytes.length - 4)
    expect((await read(bytes)).faults).toMatchObject([{ reason: 'corrupt-parquet' }])
  })

  test.each([
    ['a page', { pageBytes: 64 }],
    ['the rows of a page', { pageValues: 10 }],
    ['all pages that are open', { openBytes: 3000 }],
    ['a row group', { rowGroupBytes: 1000 }],
  ])('%s that is larger than any may be', async (_, limits) => {
    const { faults } = await read(file({ encoding: 'PLAIN' }), limits)
    expect(new Set(faults.map(({ reason }) => reason))).toEqual(new Set(['oversize-parquet']))
  })
})

test('whatever is changed in a file, reading it ends with counts', {
  timeout: propertyTimeoutMs(180_000),
}, async () => {
  const samples = parquetSamples()
  const totals = { records: 0, faults: 0 }
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...samples), mutated, async (sample, mutate) => {
      const found = await fuzzParquet(mutate(sample))
      totals.records += found.records
      totals.faults += found.faults
    }),
    propertyRuns(1200),
  )
  // Or else nothing was tried: mutants must be read in part, and be found damaged.
  expect(totals.records).toBeGreaterThan(1000)
  expect(totals.faults).toBeGreaterThan(100)
})
