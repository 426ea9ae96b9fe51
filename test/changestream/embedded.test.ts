import { once } from 'node:events'
import { existsSync } from 'node:fs'
import {
  appendFile,
  copyFile,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  truncate,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import avro from 'avsc'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { blockAt, framed, newHeader, parseHeader } from '../../src/changestream/embedded/container.ts'
import { openEmbeddedLog, openEmbeddedReader } from '../../src/changestream/embedded/embedded-log.ts'
import type { TornTail } from '../../src/changestream/embedded/recovery.ts'
import { LARGEST_RECORD_BYTES } from '../../src/changestream/encoder.ts'
import type { ChangeLog } from '../../src/changestream/port.ts'
import { loggedChangeSchema } from '../../src/changestream/schemas.ts'
import { systemClock } from '../../src/runtime/clock.ts'
import { changeLogContract } from '../contract/change-log.ts'
import { forgettingContract } from '../contract/forgetting.ts'
import { claimOf, ownerOf, progressOf, sourceRecordOf } from '../support/changes.ts'
import { appendForeignBlock } from '../support/foreign-block.ts'
import { ManualClock } from '../support/manual-clock.ts'

const newFolder = () => mkdtemp(join(tmpdir(), 'whohad-changes-'))

/** Room for a few records behind the header. */
const SMALL = newHeader(loggedChangeSchema).length + 300

const torn: TornTail[] = []
const open = (folder: string, segmentBytes = 1 << 20) =>
  openEmbeddedLog({ folder, segmentBytes, clock: systemClock, onTornTail: found => torn.push(found) })

const segmentsIn = async (folder: string) => (await readdir(folder)).filter(name => name.endsWith('.avro')).sort()

const sequences = async (log: ChangeLog): Promise<number[]> => {
  const read: number[] = []
  for await (const batch of log.read({ follow: false, signal: new AbortController().signal })) {
    for (const { change } of batch) if (change.record === 'progress') read.push(change.revision.sequence)
  }
  return read
}

for (const [name, segmentBytes] of [
  ['local disk', 1 << 20],
  ['local disk with a segment for every append', 1],
] as const) {
  const create = async () => {
    const folder = await newFolder()
    return {
      open: () => open(folder, segmentBytes),
      async writeForeign() {
        await appendForeignBlock(join(folder, (await segmentsIn(folder)).at(-1) ?? ''))
      },
      dispose: () => rm(folder, { recursive: true, force: true }),
    }
  }
  changeLogContract(name, create)
  if (segmentBytes === 1) forgettingContract(name, create)
}

describe('the embedded log', () => {
  let folder: string
  beforeEach(async () => {
    folder = await newFolder()
    torn.length = 0
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  const fill = async (appends: number, segmentBytes = 1 << 20) => {
    const log = await open(folder, segmentBytes)
    for (let i = 0; i < appends; i++) await log.append([progressOf('ec2/a', 1, i)])
    await log.close()
  }

  test('writes segments that any Avro reader opens, whole records within', async () => {
    const log = await open(folder)
    await log.append([sourceRecordOf('ec2/a', 1), claimOf('ec2/a', 1, 1), progressOf('ec2/a', 1, 1)])
    await log.close()
    const decoder = avro.createFileDecoder(join(folder, (await segmentsIn(folder))[0] ?? ''))
    const records: { loggedAtMs: number; change: Record<string, { source: string }> }[] = []
    decoder.on('data', record => records.push(record))
    await once(decoder, 'end')
    expect(records.map(({ change }) => Object.keys(change)[0])).toEqual([
      'whohad.changes.Source',
      'whohad.changes.IpClaim',
      'whohad.changes.Progress',
    ])
    expect(records.every(({ change }) => Object.values(change)[0]?.source === 'ec2/a')).toBe(true)
  })

  test('begins a new segment when the last is full, and lists all in the manifest', async () => {
    await fill(20, SMALL)
    const files = await segmentsIn(folder)
    expect(files.length).toBeGreaterThan(2)
    const { segments } = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8'))
    expect(segments.map(({ file }: { file: string }) => file)).toEqual(files)
    expect(
      segments.slice(0, -1).every(({ records, bytes }: { records: number; bytes: number }) => records && bytes),
    ).toBe(true)
    const log = await open(folder, SMALL)
    expect(await sequences(log)).toEqual(Array.from({ length: 20 }, (_, i) => i))
    await log.close()
  })

  test.each([
    ['first', 0],
    ['middle', 1],
    ['last', -1],
  ])('refuses to open when its %s segment is gone, names the file and says how to mend it', async (_, which) => {
    await fill(20, SMALL)
    const gone = (await segmentsIn(folder)).at(which) ?? ''
    await rename(join(folder, gone), join(folder, 'elsewhere'))
    await expect(open(folder)).rejects.toMatchObject({
      code: 'WHOHAD_STREAM_SEGMENT_MISSING',
      message: expect.stringMatching(new RegExp(`${gone}.*Restore it`)),
    })
    await rename(join(folder, 'elsewhere'), join(folder, gone))
    const log = await open(folder)
    expect(await sequences(log)).toHaveLength(20)
    await log.close()
  })

  test('refuses to open when a sealed segment has lost its end', async () => {
    await fill(20, SMALL)
    const file = (await segmentsIn(folder))[1] ?? ''
    const { length } = await readFile(join(folder, file))
    await truncate(join(folder, file), length - 1)
    await expect(open(folder)).rejects.toMatchObject({
      code: 'WHOHAD_STREAM_SEGMENT_DAMAGED',
      message: expect.stringContaining(file),
    })
  })

  test.each([
    ['missing', (path: string) => rm(path)],
    ['empty', (path: string) => writeFile(path, '')],
    ['of another version', (path: string) => writeFile(path, '{"version":9,"segments":[]}')],
    [
      'silent about a segment',
      async (path: string) => {
        const manifest = JSON.parse(await readFile(path, 'utf8'))
        delete manifest.segments.at(-2).records
        await writeFile(path, JSON.stringify(manifest))
      },
    ],
    [
      'one segment short',
      async (path: string) => {
        const manifest = JSON.parse(await readFile(path, 'utf8'))
        manifest.segments.pop()
        await writeFile(path, JSON.stringify(manifest))
      },
    ],
  ])('refuses to open when its manifest is %s, and leaves every segment as it was', async (_, damage) => {
    await fill(20, SMALL)
    const before = await segmentsIn(folder)
    await damage(join(folder, 'manifest.json'))
    await expect(open(folder)).rejects.toMatchObject({ code: 'WHOHAD_STREAM_MANIFEST_DAMAGED' })
    expect(await segmentsIn(folder)).toEqual(before)
  })

  test('takes away the empty segment that a roll left when it was killed before the manifest', async () => {
    await fill(3)
    await copyFile(join(folder, (await segmentsIn(folder))[0] ?? ''), join(folder, '0000000000000003.avro'))
    const header = parseHeader(await readFile(join(folder, '0000000000000003.avro')))
    await truncate(join(folder, '0000000000000003.avro'), header.bytes)
    const log = await open(folder, 1)
    await log.append([progressOf('ec2/a', 1, 3)])
    expect(await sequences(log)).toEqual([0, 1, 2, 3])
    await log.close()
  })

  test('the largest record that it takes is read again, behind a block that is all but full', async () => {
    const log = await open(folder)
    const labels = (bytes: number) => [ownerOf('api', { labels: { note: 'x'.repeat(bytes) } })]
    const small = claimOf('ec2/a', 1, 1, { owners: labels((1 << 20) - 1000) })
    const large = claimOf('ec2/a', 1, 2, { owners: labels(LARGEST_RECORD_BYTES - 1000) })
    await log.append([small, large, progressOf('ec2/a', 1, 2)])
    await log.close()
    const again = await open(folder)
    const ids: unknown[] = []
    for await (const batch of again.read({ follow: false, signal: new AbortController().signal })) {
      for (const { change } of batch) ids.push(change.record === 'claim' ? change.revision.sequence : change.record)
    }
    await again.close()
    expect(ids).toEqual([1, 2, 'progress'])
  })

  test('a poll of many blocks is one append: all of it in its order, however the blocks are packed', async () => {
    const log = await open(folder, 1 << 30)
    const changes = Array.from({ length: 9 }, (_, i) =>
      claimOf('ec2/a', 1, i, {
        owners: [ownerOf('api', { labels: { note: String.fromCharCode(97 + i).repeat(700_000) } })],
      }),
    )
    await Promise.all([log.append(changes), log.append([progressOf('ec2/a', 1, 100)])])
    await log.append(changes.map(change => ({ ...change, revision: { epoch: 2, sequence: 0 } })))
    const read: unknown[] = []
    for await (const batch of log.read({ follow: false, signal: new AbortController().signal })) {
      read.push(...batch.map(({ change }) => change))
    }
    await log.close()
    const second = changes.map(change => ({ ...change, revision: { epoch: 2, sequence: 0 } }))
    expect(read).toEqual([...changes, progressOf('ec2/a', 1, 100), ...second])
  })

  test('cut at any byte of its last block, it opens with all blocks before, and says how much was cut', async () => {
    await fill(3)
    const path = join(folder, (await segmentsIn(folder))[0] ?? '')
    const whole = await readFile(path)
    const { bytes: headerBytes, sync } = parseHeader(whole)
    let lastBlock = headerBytes
    for (let i = 0; i < 2; i++) {
      const block = blockAt(whole, lastBlock, sync)
      if (block.kind === 'whole') lastBlock = block.next
    }
    for (let length = lastBlock; length < whole.length; length++) {
      await writeFile(path, whole.subarray(0, length))
      torn.length = 0
      const log = await open(folder)
      expect((await stat(path)).size).toBe(lastBlock)
      expect(await sequences(log)).toEqual([0, 1])
      expect(await log.end()).toEqual([2])
      await log.append([progressOf('ec2/a', 1, 9)])
      expect(await sequences(log)).toEqual([0, 1, 9])
      await log.close()
      const cut = { file: path, bytes: length - lastBlock, keptRecords: 2 }
      expect(torn).toEqual(length === lastBlock ? [] : [cut])
    }
  })

  test('cuts off zeros that a power loss left at the end', async () => {
    await fill(2)
    const path = join(folder, (await segmentsIn(folder))[0] ?? '')
    await appendFile(path, Buffer.alloc(300))
    const log = await open(folder)
    expect(await sequences(log)).toEqual([0, 1])
    expect(torn).toMatchObject([{ bytes: 300, keptRecords: 2 }])
    await log.close()
  })

  test('does not cut where a whole block follows the damage: acknowledged records would go with it', async () => {
    await fill(3)
    const path = join(folder, (await segmentsIn(folder))[0] ?? '')
    const bytes = await readFile(path)
    const { bytes: headerBytes } = parseHeader(bytes)
    bytes.fill(0, headerBytes, headerBytes + 4)
    await writeFile(path, bytes)
    await expect(open(folder)).rejects.toMatchObject({ code: 'WHOHAD_STREAM_SEGMENT_DAMAGED' })
    expect(await readFile(path)).toEqual(bytes)
  })

  test('stops a reader at damage in the middle of a sealed segment', async () => {
    await fill(20, SMALL)
    const path = join(folder, (await segmentsIn(folder))[1] ?? '')
    const bytes = await readFile(path)
    bytes.fill(0, parseHeader(bytes).bytes, parseHeader(bytes).bytes + 4)
    await writeFile(path, bytes)
    const log = await open(folder)
    await expect(sequences(log)).rejects.toMatchObject({
      code: 'WHOHAD_STREAM_SEGMENT_DAMAGED',
      message: expect.stringContaining(path),
    })
    await log.close()
  })

  test('is locked while it is open, with the pid of whoever has it', async () => {
    const log = await open(folder)
    await expect(open(folder)).rejects.toMatchObject({
      code: 'WHOHAD_STREAM_LOCKED',
      message: expect.stringContaining(`process ${process.pid}`),
    })
    await log.close()
    await (await open(folder)).close()
  })

  test('says which folder it cannot use, and why', async () => {
    const file = join(folder, 'file')
    await writeFile(file, '')
    const refused = (path: string) => ({
      code: 'WHOHAD_STREAM_FOLDER_UNUSABLE',
      message: expect.stringContaining(`Cannot use ${path} for the change stream: E`),
    })
    await expect(open(file)).rejects.toMatchObject(refused(file))
    await expect(open(join(file, 'below'))).rejects.toMatchObject(refused(join(file, 'below')))
    // Nobody may make a file here, not even root.
    if (existsSync('/sys/kernel')) await expect(open('/sys/kernel')).rejects.toMatchObject(refused('/sys/kernel'))
  })

  test('takes away what was never put in its place', async () => {
    await fill(3)
    await writeFile(join(folder, 'manifest.json.new'), '{')
    await writeFile(join(folder, '0000000000000003.avro.new'), 'Obj')
    await (await open(folder)).close()
    expect((await readdir(folder)).filter(name => name.endsWith('.new'))).toEqual([])
  })

  test('the time at which records are logged never goes back, over a restart neither', async () => {
    const clock = new ManualClock(5_000)
    const openAt = () => openEmbeddedLog({ folder, segmentBytes: 1 << 20, clock, onTornTail: () => {} })
    const first = await openAt()
    await first.append([progressOf('ec2/a', 1, 1)])
    clock.advance(-3_000)
    await first.append([progressOf('ec2/a', 1, 2)])
    await first.close()
    const second = await openAt()
    await second.append([progressOf('ec2/a', 1, 3)])
    const times: number[] = []
    for await (const batch of second.read({ follow: false, signal: new AbortController().signal })) {
      times.push(...batch.map(({ loggedAtMs }) => loggedAtMs))
    }
    expect(times).toEqual([5_000, 5_000, 5_000])
    await second.close()
  })

  test('stops a reader at bytes that changed in a sealed segment, where only the checksum tells', async () => {
    await fill(20, SMALL)
    const path = join(folder, (await segmentsIn(folder))[1] ?? '')
    const bytes = await readFile(path)
    const header = parseHeader(bytes)
    const block = blockAt(bytes, header.bytes, header.sync)
    if (block.kind !== 'whole') throw new Error('no block')
    const data = header.unpack(block.data)
    data[4] = (data[4] as number) ^ 0x04 // the time of its first record, whose form stays right
    const changed = framed(block.count, header.pack(data), header.sync)
    expect(changed.length).toBe(block.next - header.bytes)
    changed.copy(bytes, header.bytes)
    await writeFile(path, bytes)
    const log = await open(folder)
    await expect(sequences(log)).rejects.toMatchObject({ code: 'WHOHAD_STREAM_SEGMENT_DAMAGED' })
    await log.close()
  })

  test('reads segments that were written before blocks had checksums, and begins a new one behind them', async () => {
    const old = JSON.parse(JSON.stringify(loggedChangeSchema)) as { fields: { name: string }[] }
    old.fields = old.fields.filter(({ name }) => name !== 'blockEnd')
    const type = avro.Type.forSchema(old as never)
    const { record: _, ...progress } = progressOf('ec2/a', 1, 7)
    const data = type.toBuffer({ loggedAtMs: 3, change: { 'whohad.changes.Progress': progress } })
    const header = newHeader(old as never)
    await writeFile(
      join(folder, '0000000000000000.avro'),
      Buffer.concat([header, framed(1, data, parseHeader(header).sync)]),
    )
    const manifest = { version: 1, segments: [{ file: '0000000000000000.avro', firstOffset: 0 }] }
    await writeFile(join(folder, 'manifest.json'), JSON.stringify(manifest))
    const log = await open(folder)
    await log.append([progressOf('ec2/a', 1, 8)])
    expect(await sequences(log)).toEqual([7, 8])
    expect(await segmentsIn(folder)).toEqual(['0000000000000000.avro', '0000000000000001.avro'])
    await log.close()
  })

  test.each([
    ['of a process that is gone', '{"pid":2147483646,"started":"1"}'],
    ['of a pid that another process has now', `{"pid":${process.pid},"started":"0"}`],
    ['that was never finished', '{"pi'],
  ])('takes over the lock %s', async (_, content) => {
    await writeFile(join(folder, 'lock'), content)
    const log = await open(folder)
    await log.append([progressOf('ec2/a', 1, 1)])
    await log.close()
    expect((await readdir(folder)).filter(name => name.startsWith('lock'))).toEqual([])
  })

  test('can be read beside its writer, up to the last whole block and without a change to the folder', async () => {
    const log = await open(folder, SMALL)
    for (const sequence of [1, 2, 3]) await log.append([progressOf('ec2/a', 1, sequence)])
    const last = join(folder, (await segmentsIn(folder)).at(-1) ?? '')
    await appendFile(last, Buffer.from([2, 200])) // a block on its way
    const sizeBefore = (await stat(last)).size

    const reader = await openEmbeddedReader(folder)
    const read: number[] = []
    for await (const batch of reader.read({ follow: true, signal: new AbortController().signal })) {
      for (const { change } of batch) if (change.record === 'progress') read.push(change.revision.sequence)
    }
    expect(read).toEqual([1, 2, 3])
    expect(await reader.end()).toEqual([3])
    expect((await stat(last)).size).toBe(sizeBefore)
    await log.close()
  })

  test('a reader names a segment that is gone, and a manifest that is gone', async () => {
    const log = await open(folder, SMALL)
    for (const sequence of [1, 2, 3]) await log.append([progressOf('ec2/a', 1, sequence)])
    await log.close()
    const [first = ''] = await segmentsIn(folder)
    await rename(join(folder, first), join(folder, 'away'))
    await expect(openEmbeddedReader(folder)).rejects.toMatchObject({ code: 'WHOHAD_STREAM_SEGMENT_MISSING' })
    await rename(join(folder, 'away'), join(folder, first))
    await rm(join(folder, 'manifest.json'))
    await expect(openEmbeddedReader(folder)).rejects.toMatchObject({ code: 'WHOHAD_STREAM_MANIFEST_DAMAGED' })
  })

  test('gives the lock back when opening fails', async () => {
    await fill(1)
    await writeFile(join(folder, 'manifest.json'), 'no')
    await expect(open(folder)).rejects.toMatchObject({ code: 'WHOHAD_STREAM_MANIFEST_DAMAGED' })
    expect(await readdir(folder)).not.toContain('lock')
  })

  test('ends its followers with an error when it is closed under them', async () => {
    const log = await open(folder)
    await log.append([progressOf('ec2/a', 1, 1)])
    const reading = (async () => {
      for await (const _ of log.read({ follow: true, signal: new AbortController().signal })) void log.close()
    })()
    await expect(reading).rejects.toMatchObject({ code: 'WHOHAD_STREAM_CLOSED' })
  })
})
