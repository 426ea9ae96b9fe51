import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readBatches } from '../../../src/enricher/flowlogs/read-batches.ts'
import { fileOut } from '../../../src/enricher/sinks/byte-out.ts'
import { openSink } from '../../../src/enricher/sinks/open-sink.ts'
import type { SinkForm } from '../../../src/enricher/sinks/port.ts'
import { flowEnd } from '../../support/answered-rows.ts'
import { inPieces } from '../../support/byte-streams.ts'
import { AWS_COLUMNS, writtenByHyparquet } from '../../support/parquet-files.ts'
import { sampleRow } from '../../support/parquet-fuzz.ts'

/** What becomes of an input, each record answered alike, a few records at a time. */
async function annotated(input: Uint8Array | string, form: SinkForm): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'whohad-sink-'))
  try {
    const sink = openSink(await fileOut(join(folder, 'out')), { form, name: 'in' })
    for await (const batch of readBatches(inPieces(input, 777), { name: 'in', batchRecords: 16 })) {
      const isAnswered = new Uint8Array(batch.capacity).fill(1)
      await sink.write({ batch, isAnswered, source: () => flowEnd(), destination: () => flowEnd() })
    }
    await sink.finish()
    return await readFile(join(folder, 'out'))
  } finally {
    await rm(folder, { recursive: true })
  }
}

const ANSWER = / owned sighted checkout i-1 main 123456789012 us-east-1 us-east-1a instance claim-1 prod - -/g

test('the lines of a text come out as they went in, whatever spaces are in them', async () => {
  const spaced = (i: number) => ' '.repeat(1 + (i % 3))
  const lines = Array.from({ length: 100 }, (_, i) => {
    const gap = spaced(i)
    return i % 10 === 3 ? '- - NODATA' : `10.0.0.${i}${gap}10.0.1.${i}${gap}OK${i % 7 === 2 ? '\r' : ''}`
  })
  const out = await annotated(`srcaddr dstaddr log-status\n${lines.join('\n')}\n`, 'text')
  const [header, ...rows] = out.toString().split('\n').slice(0, -1)
  expect(header).toMatch(/^srcaddr dstaddr log-status src-state /)
  const own = rows.map(row => row.replace(ANSWER, '').replace(/( -){26}$/, ''))
  expect(own).toEqual(lines.map(line => line.replace('\r', '')))
})

test('a Parquet file as text is the text of its rows', async () => {
  const rows = Array.from({ length: 60 }, (_, i) => sampleRow(i))
  const bytes = writtenByHyparquet(AWS_COLUMNS, rows, { rowGroupSize: 25 })
  const [header, ...lines] = (await annotated(bytes, 'text')).toString().split('\n').slice(0, -1)
  expect(header?.startsWith(`${Object.keys(AWS_COLUMNS).join(' ')} src-state `)).toBe(true)
  const own = lines.map(line => line.split(' ').slice(0, rows[0]?.length))
  expect(own).toEqual(rows.map(row => row.map(text => text ?? '-')))
})

test('what was written as Parquet is read again as it was, but for the columns that were added', async () => {
  const rows = Array.from({ length: 60 }, (_, i) => sampleRow(i)).filter(row => row[13] === 'OK')
  const out = await annotated(writtenByHyparquet(AWS_COLUMNS, rows), 'parquet')
  const found: (readonly string[])[] = []
  for await (const batch of readBatches(inPieces(out), { name: 'out' })) {
    expect(batch.columns.slice(0, rows[0]?.length)).toEqual(Object.keys(AWS_COLUMNS))
    for (let place = 0; place < batch.count; place++) found.push(batch.tokensOf(place).slice(0, rows[0]?.length))
  }
  expect(found).toEqual(rows)
})
