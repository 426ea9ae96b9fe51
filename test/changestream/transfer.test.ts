import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import avro from 'avsc'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeChange } from '../../src/changestream/codec.ts'
import { blockAt, framed, parseHeader } from '../../src/changestream/embedded/container.ts'
import { segmentFile } from '../../src/changestream/embedded/manifest.ts'
import type { LoggedChange } from '../../src/changestream/port.ts'
import { openExport } from '../../src/changestream/transfer/export-reader.ts'
import { ExportWriter } from '../../src/changestream/transfer/export-writer.ts'
import { importInto, readExport } from '../../src/changestream/transfer/import.ts'
import type { Change } from '../../src/ownership/claim.ts'
import { anyChange, claimOf, ownerOf, progressOf, sourceRecordOf } from '../support/changes.ts'
import { dataFolder } from '../support/cli-data.ts'
import { polledStory } from '../support/polled-story.ts'

const AT = Date.UTC(2026, 10, 20)
const story = polledStory(40).flatMap(({ changes }) => changes)
const kinds: readonly Change[] = [
  sourceRecordOf('ec2/a', 1),
  claimOf('ec2/a', 1, 1, { owners: [ownerOf('api', { labels: JSON.parse('{"__proto__":"x","b":"y"}') })] }),
  claimOf('ec2/a', 1, 2),
  progressOf('ec2/a', 1, 2),
  { record: 'horizon', domain: 'vpc-1', beforeMs: 1_000 },
]

const logged = (change: Change, offset: number): LoggedChange => ({
  change,
  partition: offset % 3,
  offset,
  loggedAtMs: AT + offset,
})

function exported(changes: readonly Change[]): Buffer {
  const writer = new ExportWriter()
  const blocks = changes.map((change, offset) => writer.take(logged(change, offset)))
  return Buffer.concat([writer.header, ...[...blocks, writer.end()].filter(block => block !== undefined)])
}

async function* inChunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function imported(bytes: Uint8Array, chunkBytes = 64 * 1024) {
  const appended: Change[] = []
  const log = { append: async (changes: readonly Change[]) => void appended.push(...changes) }
  const signal = new AbortController().signal
  const result = await importInto(log, await readExport('a.avro', inChunks(bytes, chunkBytes)), { signal })
  return { ...result, appended }
}

const encoded = (changes: readonly Change[]) => changes.map(change => encodeChange(change).toString('hex'))

describe('an export', () => {
  test('is read back as the same records in the same order, byte for byte', async () => {
    for (const changes of [kinds, story]) {
      const { appended, short, unreadable } = await imported(exported(changes))
      expect(encoded(appended)).toEqual(encoded(changes))
      expect([short, unreadable]).toEqual([undefined, 0])
    }
  })

  test('holds any record of any kind', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyChange, { minLength: 1, maxLength: 30 }),
        fc.integer({ min: 1, max: 700 }),
        async (changes, size) => {
          const { appended, short } = await imported(exported(changes), size)
          expect(encoded(appended)).toEqual(encoded(changes))
          expect(short).toBeUndefined()
        },
      ),
      { numRuns: 12 },
    )
  })

  test('is an Avro file for any tool, with place, time and the count of all on the last record', async () => {
    const decoder = Readable.from([exported(kinds)]).pipe(new avro.streams.BlockDecoder({ codecs: avroCodecs }))
    const records: Record<string, unknown>[] = []
    for await (const record of decoder) records.push(record as Record<string, unknown>)
    expect(records.map(({ partition, offset, loggedAtMs, total }) => [partition, offset, loggedAtMs, total])).toEqual(
      kinds.map((_, i) => [i % 3, i, AT + i, i === kinds.length - 1 ? kinds.length : null]),
    )
    expect(Object.keys(records[1]?.['change'] as object)).toEqual(['whohad.changes.IpClaim'])
  })

  test('of another version is read by the rules of schema resolution: a segment of the embedded log lacks place and total', async () => {
    const path = await dataFolder(kinds)
    const { appended, short } = await imported(readFileSync(join(path, 'changes', segmentFile(0))))
    expect(encoded(appended)).toEqual(encoded(kinds))
    expect(short).toMatch(/no last record/)
  })

  test('goes in many blocks where it is long', async () => {
    const many = Array.from({ length: 6_000 }, (_, i) => claimOf('ec2/a', 1, i))
    const blocks: number[] = []
    for await (const { changes } of await openExport(inChunks(exported(many), 10_000))) blocks.push(changes.length)
    expect(blocks.length).toBeGreaterThan(2)
    expect(blocks.reduce((sum, count) => sum + count)).toBe(6_000)
  })
})

const avroCodecs = avro.streams.BlockDecoder.defaultCodecs()

describe('an export that was cut short', () => {
  const many = Array.from({ length: 2_000 }, (_, i) => claimOf('ec2/a', 1, i))
  const bytes = exported(many)

  test('within a block gives what is before, and says where', async () => {
    const { appended, short } = await imported(bytes.subarray(0, -1), 10_000)
    expect(short).toMatch(/^it is cut short within the block at byte \d+$/)
    expect(appended.length).toBeGreaterThan(100)
    expect(encoded(appended)).toEqual(encoded(many.slice(0, appended.length)))
  })

  test('within its first block is refused: there is nothing to import', async () => {
    await expect(imported(bytes.subarray(0, new ExportWriter().header.length + 50))).rejects.toMatchObject({
      code: 'WHOHAD_EXPORT_UNREADABLE',
      message: expect.stringMatching(/a\.avro.*cut short within the block at byte \d+\. Nothing was imported/),
    })
  })

  test('between two blocks is told, though every block is whole', async () => {
    const writer = new ExportWriter()
    const blocks = many.flatMap((change, i) => writer.take(logged(change, i)) ?? [])
    const { appended, short } = await imported(Buffer.concat([writer.header, ...blocks]))
    expect(appended.length).toBeGreaterThan(100)
    expect(short).toMatch(/no last record/)
  })

  test('in its header is no export, and neither is anything else', async () => {
    for (const input of [
      bytes.subarray(0, 100),
      Buffer.alloc(0),
      Buffer.from('{"hello":1}\n'),
      Buffer.alloc(3 << 20),
    ]) {
      await expect(readExport('a.avro', inChunks(input, 64 * 1024))).rejects.toMatchObject({
        code: 'WHOHAD_EXPORT_UNREADABLE',
        message: expect.stringContaining('Nothing was imported'),
      })
    }
  })

  test('of an Avro file with other records says what they are', async () => {
    const type = avro.Type.forSchema({ type: 'record', name: 'Flow', fields: [{ name: 'a', type: 'long' }] })
    const encoder = new avro.streams.BlockEncoder(type)
    encoder.end({ a: 1 })
    await expect(readExport('a.avro', encoder)).rejects.toMatchObject({
      message: expect.stringMatching(/no export: .*Flow/),
    })
  })

  test('or whose block has other data than were written is known by its checksum', async () => {
    const header = parseHeader(bytes)
    const block = blockAt(bytes, header.bytes, header.sync)
    if (block.kind !== 'whole') throw new Error('the first block is not whole')
    const data = header.unpack(block.data)
    data[data.indexOf('api')] = 'o'.charCodeAt(0)
    const forged = [bytes.subarray(0, header.bytes), framed(block.count, header.pack(data), header.sync)]
    await expect(imported(Buffer.concat([...forged, bytes.subarray(block.next)]))).rejects.toMatchObject({
      message: expect.stringContaining('another checksum'),
    })
  })

  test('or whose few bytes unpack to more than any block holds is refused before they fill the memory', async () => {
    const header = parseHeader(bytes)
    const huge = framed(1, header.pack(Buffer.alloc((64 << 20) + 1)), header.sync)
    expect(huge.length).toBeLessThan(1 << 20)
    await expect(imported(Buffer.concat([bytes.subarray(0, header.bytes), huge]))).rejects.toMatchObject({
      code: 'WHOHAD_EXPORT_UNREADABLE',
      message: expect.stringContaining('a block that unpacks to more than 64 MiB'),
    })
    const { appended, short } = await imported(Buffer.concat([bytes, huge]))
    expect(appended).toHaveLength(many.length)
    expect(short).toContain('more than 64 MiB')
  })

  test('or with a bit the other way never gives other records', async () => {
    const header = new ExportWriter().header.length
    let told = 0
    for (let at = header; at < bytes.length; at += Math.floor((bytes.length - header) / 20)) {
      const damaged = Buffer.from(bytes)
      damaged[at] = (damaged[at] ?? 0) ^ 0x10
      const { appended, short } = await imported(damaged).catch(error => ({
        appended: [],
        short: error.code as string,
      }))
      expect(encoded(appended)).toEqual(encoded(many.slice(0, appended.length)))
      if (short !== undefined) told++
      else expect(appended).toHaveLength(many.length)
    }
    expect(told).toBeGreaterThan(10)
  })
})

describe('an import', () => {
  test('that is called off keeps what it appended, and says that it is not all', async () => {
    const many = Array.from({ length: 9_000 }, (_, i) => claimOf('ec2/a', 1, i))
    const stop = new AbortController()
    const appended: Change[] = []
    const log = {
      async append(changes: readonly Change[]) {
        appended.push(...changes)
        stop.abort()
      },
    }
    const result = await importInto(log, await readExport('a.avro', inChunks(exported(many), 10_000)), {
      signal: stop.signal,
    })
    expect(result.short).toBe('it was called off')
    expect(result.counts.claim).toBe(appended.length)
    expect(appended.length).toBeLessThan(many.length)
  })

  test('that cannot append ends with the log’s own error', async () => {
    const log = { append: () => Promise.reject(new Error('disk full')) }
    const signal = new AbortController().signal
    const from = await readExport('a.avro', inChunks(exported(kinds), 10_000))
    await expect(importInto(log, from, { signal })).rejects.toThrow('disk full')
  })

  test('of an empty stream says that there is nothing', async () => {
    const { counts, short } = await imported(exported([]))
    expect(counts).toEqual({ claim: 0, progress: 0, source: 0, horizon: 0 })
    expect(short).toMatch(/the stream was empty/)
  })
})
