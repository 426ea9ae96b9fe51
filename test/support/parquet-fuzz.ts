import { enricherErrors } from '../../src/enricher/errors.ts'
import { PARQUET_LIMITS, type ParquetLimits } from '../../src/enricher/flowlogs/parquet/limits.ts'
import { readParquet } from '../../src/enricher/flowlogs/parquet/read-parquet.ts'
import { WhohadError } from '../../src/runtime/errors.ts'
import { AWS_COLUMNS, type Row, type WriterOptions, writtenByHyparquet } from './parquet-files.ts'

export type FuzzCounts = { records: number; others: number; faults: number; refused: number }

/** So small that a mutant which asks for gigabytes shows by its memory, and one that asks for little is still read. */
const LIMITS: ParquetLimits = { ...PARQUET_LIMITS, pageBytes: 2 ** 20, pageValues: 2 ** 16, openBytes: 2 ** 24 }

/** Reads one file to its end, tokens and all, and counts. Throws what the reader must not throw. */
export async function fuzzParquet(bytes: Uint8Array): Promise<FuzzCounts> {
  const counts: FuzzCounts = { records: 0, others: 0, faults: 0, refused: 0 }
  try {
    for await (const batch of readParquet(bytes, { name: 'mutant', batchRecords: 256, limits: LIMITS })) {
      counts.records += batch.count
      for (const other of batch.others) {
        if (other.kind === 'rejected' && other.reason.endsWith('-parquet')) counts.faults++
        else counts.others++
      }
      for (let place = 0; place < batch.count; place++) {
        if (batch.tokensOf(place).length !== batch.columns.length) throw new Error('a record of other columns')
      }
    }
  } catch (error) {
    if (!(error instanceof WhohadError) || error.code !== enricherErrors.flowColumnsMissing.code) throw error
    counts.refused++
  }
  return counts
}

export const sampleRow = (i: number): Row =>
  i % 17 === 5
    ? [
        '2',
        '123456789012',
        `eni-${i % 3}`,
        '-',
        '-',
        null,
        null,
        null,
        null,
        null,
        '1700000000',
        '1700000060',
        '-',
        'NODATA',
      ].concat(['vpc-1', null, '-', '-', 'us-east-1', '-'] as string[])
    : `5 123456789012 eni-${i % 3} 10.0.${i % 250}.1 10.1.0.${i % 199} ${i % 65536} 443 6 ${i} ${i * 1000} ${1_700_000_000 + i} ${1_700_000_060 + i} ACCEPT OK vpc-1 18 10.0.${i % 250}.1 2001:db8::${i % 99} us-east-1 ingress`.split(
        ' ',
      )

const WRITERS: readonly WriterOptions[] = [
  { codec: 'SNAPPY', rowGroupSize: 60 },
  { codec: 'GZIP', rowGroupSize: 100, pageSize: 400 },
  { codec: 'UNCOMPRESSED', rowGroupSize: 200, pageSize: 256 },
]

/** Small files of several row groups and pages, to be mutated. */
export const parquetSamples = (): readonly Buffer[] => {
  const rows = Array.from({ length: 200 }, (_, i) => sampleRow(i))
  return WRITERS.map(options => Buffer.from(writtenByHyparquet(AWS_COLUMNS, rows, options)))
}
