import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { DuckDBInstance } from '@duckdb/node-api'
import { describe, expect, test } from 'vitest'
import { fileOut, gzipOut } from '../../../src/enricher/sinks/byte-out.ts'
import { csvSink } from '../../../src/enricher/sinks/csv-sink.ts'
import { endingOf, openSink } from '../../../src/enricher/sinks/open-sink.ts'
import { textSink } from '../../../src/enricher/sinks/text-sink.ts'
import { type OutputRow, rowSinkContract } from '../../contract/row-sink.ts'
import { answeredLines, flowEnd } from '../../support/answered-rows.ts'

/** Rows as DuckDB reads them: an engine that shares no line with ours. */
async function duckdbRows(from: string): Promise<readonly OutputRow[]> {
  const database = await DuckDBInstance.create(':memory:', { threads: '1' })
  const connection = await database.connect()
  try {
    const found = await connection.runAndReadAll(`SELECT * FROM ${from}`)
    const names = found.columnNames()
    return found
      .getRows()
      .map(row => Object.fromEntries(row.map((value, i) => [names[i] ?? '', plain(names[i] ?? '', value)])))
  } finally {
    connection.closeSync()
    database.closeSync()
  }
}

const numbers = new Set(['srcport', 'bytes'])

const plain = (name: string, value: unknown): unknown => {
  if (typeof value === 'bigint' || (numbers.has(name) && value !== null)) return Number(value)
  return name.endsWith('_candidates') && typeof value === 'string' ? JSON.parse(value) : value
}

/** Text and NDJSON in the terms of the contract. */
async function textRows(file: string): Promise<readonly OutputRow[]> {
  const bytes = await readFile(file)
  const text = (bytes[0] === 0x1f ? gunzipSync(bytes) : bytes).toString()
  const [header, ...lines] = text.split('\n').slice(0, -1)
  const names = (header ?? '').split(' ').map(name => name.replaceAll('-', '_'))
  return lines.map(line => {
    const fields = line.split(' ')
    expect(fields).toHaveLength(names.length)
    const values = fields.map((field, i) => {
      if (field === '-') return null
      return numbers.has(names[i] ?? '') ? Number(field) : plain(names[i] ?? '', decodeURIComponent(field))
    })
    return Object.fromEntries(values.map((value, i) => [names[i] ?? '', value]))
  })
}

const snake = (name: string) => name.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`)

async function ndjsonRows(file: string): Promise<readonly OutputRow[]> {
  const bytes = await readFile(file)
  const text = (bytes[0] === 0x1f ? gunzipSync(bytes) : bytes).toString()
  return text
    .split('\n')
    .slice(0, -1)
    .map(line => {
      const { source = {}, destination = {}, ...own } = JSON.parse(line)
      const end = (side: string, fields: object) =>
        Object.entries(fields).map(([name, value]) => [`${side}_${snake(name)}`, value === '' ? null : value])
      const named = Object.entries(own).map(([name, value]) => [name.replaceAll('-', '_'), value])
      return Object.fromEntries([...named, ...end('src', source), ...end('dst', destination)])
    })
}

for (const gzip of [false, true]) {
  rowSinkContract({ form: 'parquet', name: 'in', gzip }, file => duckdbRows(`read_parquet('${file}')`))
  rowSinkContract({ form: 'csv', name: 'in', gzip }, file =>
    duckdbRows(
      `read_csv('${file}', header = true, all_varchar = true, compression = '${gzip ? 'gzip' : 'none'}', quote = '"', escape = '"', delim = ',')`,
    ),
  )
  rowSinkContract({ form: 'ndjson', name: 'in', gzip }, ndjsonRows)
  rowSinkContract({ form: 'text', name: 'in', gzip }, textRows)
}

async function written(make: (file: string) => Promise<void>): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'whohad-sink-'))
  try {
    await make(join(folder, 'out'))
    return await readFile(join(folder, 'out'))
  } finally {
    await rm(folder, { recursive: true })
  }
}

const ends = { source: flowEnd({ application: 'a b%' }), destination: flowEnd() }

describe('text', () => {
  test('the line of the input stays as it is, byte for byte', async () => {
    const own = '10.0.0.1   10.0.0.2 x\u00e4  '
    const bytes = await written(async file => {
      const sink = textSink(await fileOut(file))
      await sink.write(answeredLines('srcaddr dstaddr shoe-size', [{ text: `${own}\r`, ...ends }]))
      await sink.finish()
    })
    const [header, line] = bytes.toString().split('\n')
    expect(header).toMatch(/^srcaddr dstaddr shoe-size src-state src-reason src-application /)
    expect(line).toMatch(new RegExp(`^${own} owned sighted a%20b%25 i-1 `))
  })

  test('lines of no record keep their place, those of no format are left out, and a new header is told of', async () => {
    const bytes = await written(async file => {
      const sink = textSink(await fileOut(file))
      const lines = ['10.0.0.1 10.0.0.2 OK', '- - NODATA', 'nonsense', '10.0.0.3 10.0.0.4 OK']
      await sink.write(
        answeredLines(
          'srcaddr dstaddr log-status',
          lines.map(text => ({ text, ...ends })),
        ),
      )
      await sink.write(answeredLines('dstaddr srcaddr', [{ text: '10.0.0.5 10.0.0.6', ...ends }], 6))
      await sink.finish()
    })
    const lines = bytes.toString().split('\n')
    expect(lines.map(line => line.split(' ').slice(0, 3).join(' '))).toEqual([
      'srcaddr dstaddr log-status',
      '10.0.0.1 10.0.0.2 OK',
      '- - NODATA',
      '10.0.0.3 10.0.0.4 OK',
      'dstaddr srcaddr src-state',
      '10.0.0.5 10.0.0.6 owned',
      '',
    ])
    expect(lines[2]).toBe(['- - NODATA', ...Array(26).fill('-')].join(' '))
  })
})

test('CSV quotes what needs it and nothing else, and leaves data as they are', async () => {
  const bytes = await written(async file => {
    const sink = csvSink(await fileOut(file))
    const source = flowEnd({ application: '=1+1,"x"', cluster: 'two\nlines' })
    await sink.write(answeredLines('srcaddr dstaddr vpc-id', [{ text: '10.0.0.1 10.0.0.2 -', ...ends, source }]))
    await sink.finish()
  })
  const text = bytes.toString()
  expect(text.startsWith('srcaddr,dstaddr,vpc_id,src_state,')).toBe(true)
  expect(text).toContain('\r\n10.0.0.1,10.0.0.2,,owned,sighted,"=1+1,""x""",i-1,"two\nlines",')
  expect(text.endsWith('\r\n')).toBe(true)
})

test('NDJSON tells of every line that is no record', async () => {
  const bytes = await written(async file => {
    const sink = openSink(await fileOut(file), { form: 'ndjson', name: 'flows.log' })
    await sink.write(answeredLines('srcaddr dstaddr log-status', [{ text: '- - NODATA' }, { text: 'x' }]))
    await sink.finish()
  })
  const [skipped, rejected] = bytes
    .toString()
    .split('\n')
    .slice(0, 2)
    .map(line => JSON.parse(line))
  expect(skipped).toMatchObject({ problem: 'nodata', 'log-status': 'NODATA' })
  expect(rejected).toMatchObject({ file: 'flows.log', line: 2, problem: 'too-few-fields', sample: 'x' })
})

test.each(['csv', 'parquet'] as const)('%s does not begin to mean something else in its middle', async form => {
  await written(async file => {
    const sink = openSink(await fileOut(file), { form, name: 'in' })
    await sink.write(answeredLines('srcaddr dstaddr', [{ text: '10.0.0.1 10.0.0.2', ...ends }]))
    const changed = answeredLines('dstaddr srcaddr', [{ text: '10.0.0.1 10.0.0.2', ...ends }])
    await expect(sink.write(changed)).rejects.toMatchObject({ code: 'WHOHAD_OUTPUT_COLUMNS_CHANGED' })
    await sink.finish()
  })
})

test('what cannot be written is told of, whatever lies between', async () => {
  await expect(fileOut('/nowhere/at/all')).rejects.toMatchObject({ code: 'WHOHAD_OUTPUT_NOT_WRITTEN' })
  const full = { write: () => Promise.reject(new Error('no space')), finish: async () => 0, abort: async () => {} }
  const gzip = gzipOut(full)
  const chunk = new Uint8Array(4 * 2 ** 20).map((_, i) => (i * 2654435761) >>> 24)
  const writing = async () => {
    for (let i = 0; i < 20; i++) await gzip.write(chunk)
    await gzip.finish()
  }
  await expect(writing()).rejects.toThrow('no space')
  await gzip.abort()
})

test('files end as their contents do', () => {
  expect([endingOf('parquet', true), endingOf('text', true), endingOf('ndjson', false)]).toEqual([
    '.parquet',
    '.log.gz',
    '.ndjson',
  ])
})
