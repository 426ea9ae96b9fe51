import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import fc from 'fast-check'
import { parquetReadObjects } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { expect, test } from 'vitest'
import { readBatches } from '../../../src/enricher/flowlogs/read-batches.ts'
import { ADDED_COLUMNS } from '../../../src/enricher/sinks/added-columns.ts'
import type { ByteOut } from '../../../src/enricher/sinks/byte-out.ts'
import { ndjsonSink } from '../../../src/enricher/sinks/ndjson-sink.ts'
import { ParquetRoom } from '../../../src/enricher/sinks/parquet-room.ts'
import { type ParquetSinkOptions, parquetSink } from '../../../src/enricher/sinks/parquet-sink.ts'
import { flowEnd } from '../../support/answered-rows.ts'
import { inPieces } from '../../support/byte-streams.ts'
import { formats, linesOfFormat } from '../../support/flow-lines.ts'
import { mutated } from '../../support/mutated.ts'
import { propertyRuns, propertyTimeoutMs } from '../../support/property-runs.ts'

type Row = Readonly<Record<string, unknown>>

const INT32 = 'version srcport dstport protocol tcp_flags traffic_path'.split(' ')
const INT64 = `packets bytes start end packets_lost_no_route packets_lost_blackhole packets_lost_mtu_exceeded
  packets_lost_ttl_expired`.split(/\s+/)

const ENDS = [
  flowEnd(),
  flowEnd({ application: 'Käse 🧀', resourceId: 'i-2', service: 'shop', zone: '' }),
  flowEnd({ state: 'ambiguous', application: '', claimId: '', candidates: ['i-2', 'a b,"c"'] }),
  flowEnd({ state: 'external', reason: 'public', application: '', domain: '' }),
]

function collected(): ByteOut & { bytes(): Buffer } {
  const parts: Uint8Array[] = []
  return {
    async write(bytes) {
      parts.push(Uint8Array.from(bytes))
    },
    finish: async () => Buffer.concat(parts).length,
    abort: async () => {},
    bytes: () => Buffer.concat(parts),
  }
}

/** The same records, answered alike by their line, in both forms. Of every seventh nothing is known. */
async function inBothForms(text: Uint8Array, batchRecords: number, options: ParquetSinkOptions) {
  const [parquet, ndjson] = [collected(), collected()]
  const sinks = [parquetSink(parquet, options), ndjsonSink(ndjson, 'in')]
  for await (const batch of readBatches(inPieces(text, 777), { name: 'in', batchRecords })) {
    const line = (place: number) => batch.lines[place] ?? 0
    const endAt = (number: number) => ENDS[number % ENDS.length] ?? flowEnd()
    const isAnswered = Array.from({ length: batch.count }, (_, place) => (line(place) % 7 === 3 ? 0 : 1))
    const ends = {
      source: (place: number) => endAt(line(place)),
      destination: (place: number) => endAt(line(place) >> 2),
    }
    for (const sink of sinks) await sink.write({ batch, isAnswered, ...ends })
  }
  for (const sink of sinks) await sink.finish()
  return { parquet: parquet.bytes(), expected: rowsOf(ndjson.bytes().toString()) }
}

/** What Parquet is to have of the records of NDJSON. */
function rowsOf(ndjson: string): readonly Row[] {
  const lines: Record<string, unknown>[] = ndjson
    .split('\n')
    .slice(0, -1)
    .map(line => JSON.parse(line))
  return lines
    .filter(({ problem }) => problem === undefined || problem === 'without-time')
    .map(({ source, destination, problem: _, ...own }) => ({
      ...Object.fromEntries(Object.entries(own).map(([name, value]) => typed(name.replaceAll('-', '_'), value))),
      ...Object.fromEntries(ADDED_COLUMNS.map(name => [name, null])),
      ...added('src', source),
      ...added('dst', destination),
    }))
}

/** Its decoder leaves out a byte order mark at the beginning of a text. */
const withoutMarks = (row: Row): Row =>
  Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      typeof value === 'string' ? value.replace(/^\ufeff/, '') : value,
    ]),
  )

function typed(name: string, value: unknown): [string, unknown] {
  const isInt32 = INT32.includes(name)
  if (!isInt32 && !INT64.includes(name)) return [name, value]
  const isKept = typeof value === 'number' && (!isInt32 || value < 2 ** 31)
  return [name, isKept ? value : null]
}

function added(side: string, end: unknown): Row {
  if (end === undefined) return {}
  const { ip: _, port: __, ...fields } = end as Row
  const snake = (name: string) => name.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`)
  const textOf = (value: unknown) =>
    Array.isArray(value) ? (value.length ? JSON.stringify(value) : null) : value || null
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [`${side}_${snake(name)}`, textOf(value)]))
}

const inNumbers = (row: Row): Row =>
  Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name, typeof value === 'bigint' ? Number(value) : value]),
  )

async function byHyparquet(bytes: Buffer): Promise<readonly Row[]> {
  const file = Uint8Array.from(bytes).buffer
  return (await parquetReadObjects({ file, compressors })).map(inNumbers)
}

async function byDuckDb(bytes: Buffer): Promise<readonly Row[]> {
  const folder = await mkdtemp(join(tmpdir(), 'whohad-parquet-'))
  const database = await DuckDBInstance.create(':memory:', { threads: '1' })
  const connection = await database.connect()
  try {
    await writeFile(join(folder, 'out'), bytes)
    const found = await connection.runAndReadAll(`SELECT * FROM read_parquet('${join(folder, 'out')}')`)
    return found.getRowObjects().map(inNumbers)
  } finally {
    connection.closeSync()
    database.closeSync()
    await rm(folder, { recursive: true })
  }
}

/** A header is known by one of its fields. */
const known = formats.filter(names => names.some(name => name.includes('addr')))

const files = known.chain(names =>
  fc
    .array(linesOfFormat(names), { maxLength: 40 })
    .map(lines => Buffer.from(`${[names.join(' '), ...lines].join('\n')}\n`)),
)

test('what is read of Parquet is what NDJSON says of the same records', {
  timeout: propertyTimeoutMs(120_000),
}, async () => {
  const room = new ParquetRoom()
  const changed = fc.tuple(files, mutated).map(([text, mutate]) => {
    const header = text.indexOf('\n') + 1
    return Buffer.concat([text.subarray(0, header), mutate(text.subarray(header))])
  })
  const options = fc.record({ gzip: fc.boolean(), rowGroupRows: fc.constantFrom(1, 5, 12, 1000) })
  await fc.assert(
    fc.asyncProperty(fc.oneof(files, changed), fc.constantFrom(1, 8, 1000), options, async (text, records, chosen) => {
      const { parquet, expected } = await inBothForms(text, records, { ...chosen, room })
      expect(await byHyparquet(parquet)).toEqual(expected.map(withoutMarks))
    }),
    propertyRuns(150),
  )
})

test('so it is with columns of every kind over many row groups, by DuckDB too', async () => {
  const header = 'version srcaddr dstaddr srcport dstport packets bytes start end action tcp-flags shoe-size long'
  const line = (i: number) => {
    const bytes = i % 5 === 0 ? '-' : i % 3 === 0 ? `${Number.MAX_SAFE_INTEGER - i}` : `${(i * 2654435761) % 2 ** 34}`
    const shoe = i % 50 === 1 ? 'größe' : i % 2 === 0 ? '-' : `size-${i % 300}`
    const flags = i < 1200 ? '-' : i % 9 === 0 ? '2147483648' : '00019'
    const gap = ' '.repeat(1 + (i % 4 === 2 ? 1 : 0))
    const long = `${`${i}`.padEnd(1000, 'x')}${i % 40 === 7 ? '\tx' : ''}`
    return `2${gap}10.0.${i >> 7}.${i & 127} 10.1.0.1 ${i} 443 ${i % 16} ${bytes} 1700000000 ${1700000060 + i} ACCEPT ${flags} ${shoe} ${long}${i % 6 === 5 ? '\r' : ''}`
  }
  const lines = Array.from({ length: 2500 }, (_, i) => line(i))
  const text = Buffer.from(`${[header, ...lines].join('\n')}\n`)
  const { parquet, expected } = await inBothForms(text, 512, { rowGroupRows: 1100 })
  expect(expected).toHaveLength(2500)
  expect(await byHyparquet(parquet)).toEqual(expected)
  expect(await byDuckDb(parquet)).toEqual(expected)
})

/** Fields of AWS's default format as nearly all lines have them, and as few do: then all of a line is read in another way. */
const usualLine = fc
  .record({
    version: fc.oneof({ weight: 30, arbitrary: fc.constant('2') }, fc.constantFrom('3', '-', '02')),
    id: fc.nat({ max: 5 }).map(n => `eni-${String(n).padStart(17, '0')}`),
    source: fc.oneof({ weight: 30, arbitrary: fc.ipV4() }, fc.constantFrom('::ffff:10.0.0.7', '2001:DB8::A', '::1')),
    destination: fc.oneof({ weight: 30, arbitrary: fc.ipV4() }, fc.constantFrom('0:0:0:0:0:ffff:a00:7', 'fe80::1')),
    port: fc.nat({ max: 65_535 }),
    bytes: fc.nat({ max: 99_999_999 }),
    seconds: fc.nat({ max: 300 }),
    verb: fc.constantFrom('ACCEPT', 'REJECT'),
    status: fc.oneof({ weight: 30, arbitrary: fc.constant('OK') }, fc.constantFrom('-', 'OKAY', 'OK\r', 'ÖK')),
    gap: fc.oneof({ weight: 30, arbitrary: fc.constant(' ') }, fc.constantFrom('  ')),
  })
  .map(
    ({ version, id, source, destination, port, bytes, seconds, verb, status, gap }) =>
      `${version} 123456789012 ${id} ${source} ${destination} ${port} 443 6 9 ${bytes} 17000000${10 + (seconds % 50)} 1700000${400 + seconds}${gap}${verb} ${status}`,
  )

test('so it is with lines of the default format in their usual form, and others between them', {
  timeout: propertyTimeoutMs(120_000),
}, async () => {
  const room = new ParquetRoom()
  const header =
    'version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status'
  await fc.assert(
    fc.asyncProperty(fc.array(usualLine, { maxLength: 60 }), fc.constantFrom(8, 1000), async (lines, records) => {
      const text = Buffer.from(`${[header, ...lines].join('\n')}\n`)
      const { parquet, expected } = await inBothForms(text, records, { room, rowGroupRows: 25 })
      expect(expected).toHaveLength(lines.length)
      expect(await byHyparquet(parquet)).toEqual(expected)
    }),
    propertyRuns(100),
  )
})
