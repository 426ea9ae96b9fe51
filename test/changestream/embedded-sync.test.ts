import { type FileHandle, mkdtemp, open as openFile, readdir, readFile, rm, stat, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { parseHeader } from '../../src/changestream/embedded/container.ts'
import { openEmbeddedLog } from '../../src/changestream/embedded/embedded-log.ts'
import type { TornTail } from '../../src/changestream/embedded/recovery.ts'
import type { SyncPolicy } from '../../src/changestream/embedded/segment-writer.ts'
import type { ChangeLog } from '../../src/changestream/port.ts'
import type { Clock } from '../../src/runtime/clock.ts'
import { progressOf } from '../support/changes.ts'

/** A clock whose sleepers wake when told. */
function heldClock(): Clock & { wakeAll(): Promise<void>; readonly sleeping: number } {
  let sleepers: (() => void)[] = []
  return {
    now: () => 0,
    sleep: (_, signal) =>
      new Promise((resolve, reject) => {
        signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
        sleepers.push(resolve)
      }),
    get sleeping() {
      return sleepers.length
    },
    async wakeAll() {
      for (const wake of sleepers.splice(0)) wake()
      sleepers = []
      await new Promise(resolve => setTimeout(resolve, 50))
    },
  }
}

type Synced = { readonly bytes: number }

describe('when the embedded log calls fsync', () => {
  let folder: string
  let log: ChangeLog
  let clock: ReturnType<typeof heldClock>
  let synced: Synced[]
  let failure: (() => Error | undefined) | undefined
  /** Whether a new file finds no room. */
  let isFull = () => false
  let restore: () => void
  const torn: TornTail[] = []

  /** Every datasync of this process, by the size that the file had then; each one is really done. */
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'whohad-sync-'))
    clock = heldClock()
    synced = []
    failure = undefined
    torn.length = 0
    const probe = await openFile(folder, 'r')
    const handles = Object.getPrototypeOf(probe) as FileHandle
    await probe.close()
    const { datasync, writeFile } = handles
    isFull = () => false
    handles.writeFile = async function (this: FileHandle, ...given: Parameters<FileHandle['writeFile']>) {
      if (isFull()) throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' })
      return writeFile.apply(this, given)
    }
    handles.datasync = async function (this: FileHandle) {
      const error = failure?.()
      if (error) throw error
      synced.push({ bytes: (await this.stat()).size })
      return datasync.call(this)
    }
    restore = () => {
      Object.assign(handles, { datasync, writeFile })
    }
  })
  afterEach(async () => {
    restore()
    await log.close().catch(() => {})
    await rm(folder, { recursive: true, force: true })
  })

  const open = async (sync: SyncPolicy, segmentBytes = 1 << 20) => {
    log = await openEmbeddedLog({ folder, segmentBytes, sync, clock, onTornTail: found => torn.push(found) })
  }
  const append = (...sequences: readonly number[]) => log.append(sequences.map(i => progressOf('ec2/a', 1, i)))
  const sequences = async (): Promise<number[]> => {
    const read: number[] = []
    for await (const batch of log.read({ follow: false, signal: new AbortController().signal })) {
      for (const { change } of batch) if (change.record === 'progress') read.push(change.revision.sequence)
    }
    return read
  }
  const lastFile = async () =>
    join(
      folder,
      (await readdir(folder))
        .filter(name => /^\d+\.avro$/.test(name))
        .sort()
        .at(-1) ?? '',
    )
  const sizeOf = async () => (await stat(await lastFile())).size

  test('always: each append in turn has its own, with all of it written, before it is acknowledged', async () => {
    await open('always')
    for (let i = 1; i <= 5; i++) {
      await append(i)
      expect(synced).toHaveLength(i)
      expect(synced.at(-1)?.bytes).toBe(await sizeOf())
    }
  })

  test('always: appends at once share one or two', async () => {
    await open('always')
    await Promise.all(Array.from({ length: 50 }, (_, i) => append(i)))
    expect(synced.length).toBeLessThanOrEqual(2)
  })

  test('interval: appends are acknowledged without, and one follows for all of them', async () => {
    await open({ everyMs: 500 })
    for (let i = 1; i <= 20; i++) await append(i)
    expect(synced).toEqual([])
    expect(clock.sleeping).toBe(1)
    await clock.wakeAll()
    expect(synced).toEqual([{ bytes: await sizeOf() }])
    await append(21)
    await clock.wakeAll()
    expect(synced).toHaveLength(2)
    await clock.wakeAll()
    expect(synced).toHaveLength(2)
  })

  test('interval: whoever reads, or asks for the end, sees what was acknowledged, and it is durable by then', async () => {
    await open({ everyMs: 500 })
    await append(1, 2)
    expect(await log.end()).toEqual([2])
    expect(synced).toHaveLength(1)
    await append(3)
    expect(await sequences()).toEqual([1, 2, 3])
    expect(synced).toHaveLength(2)
    expect(await sequences()).toEqual([1, 2, 3])
    expect(synced).toHaveLength(2)
  })

  test('interval: a follower is shown nothing that a power loss could still take', async () => {
    await open({ everyMs: 500 })
    const stop = new AbortController()
    const seen: number[] = []
    const following = (async () => {
      for await (const batch of log.read({ follow: true, signal: stop.signal })) {
        for (const { offset } of batch) seen.push(offset)
      }
    })()
    await append(1)
    await append(2)
    await new Promise(resolve => setTimeout(resolve, 100))
    expect(seen).toEqual([])
    await clock.wakeAll()
    await expect.poll(() => seen).toEqual([0, 1])
    stop.abort()
    await following
  })

  test('interval: a new segment is begun, and the log closed, only with all before it durable', async () => {
    await open({ everyMs: 500 }, 1)
    await append(1)
    const before = await sizeOf()
    await append(2)
    expect(synced).toEqual([{ bytes: before }])
    const last = await sizeOf()
    await log.close()
    expect(synced).toEqual([{ bytes: before }, { bytes: last }])
  })

  test('interval: a power loss takes what came after the last one, and no more; what readers saw is there', async () => {
    await open({ everyMs: 500 })
    await append(1)
    await append(2)
    const seen = await sequences()
    const durable = synced.at(-1)?.bytes ?? 0
    await append(3)
    await append(4)
    const file = await lastFile()
    const written = await readFile(file)
    failure = () => new Error('the power is gone')
    await log.close().catch(() => {})
    failure = undefined
    // What a file system may leave of pages that were never synced: nothing, zeros, or a later one without an earlier one.
    const { sync } = parseHeader(written)
    const third = written.indexOf(sync, durable) + sync.length
    const zeros = Buffer.alloc(third - durable)
    for (const left of [
      Buffer.alloc(0),
      zeros,
      Buffer.concat([zeros, written.subarray(third)]),
      Buffer.concat([written.subarray(durable, durable + 20), zeros.subarray(20, -16), written.subarray(third - 16)]),
    ]) {
      await truncate(file, durable)
      const handle = await openFile(file, 'a')
      await handle.write(left)
      await handle.close()
      torn.length = 0
      await open('always')
      expect(await sequences()).toEqual(seen)
      expect(torn.map(({ bytes }) => bytes)).toEqual(left.length > 0 ? [left.length] : [])
      await append(9)
      expect(await sequences()).toEqual([...seen, 9])
      await log.close()
    }
  })

  test('damage below what was durable when a later block was written is no torn tail', async () => {
    await open({ everyMs: 500 })
    await append(1)
    await append(2)
    await log.end()
    await append(3)
    await log.close()
    const file = await lastFile()
    const whole = await readFile(file)
    const { bytes, sync } = parseHeader(whole)
    const second = whole.indexOf(sync, bytes) + sync.length
    for (const at of [bytes + 3, second + 3]) {
      const damaged = Buffer.from(whole)
      damaged.fill(0, at, at + 8)
      const handle = await openFile(file, 'w')
      await handle.write(damaged)
      await handle.close()
      await expect(open('always')).rejects.toMatchObject({ code: 'WHOHAD_STREAM_SEGMENT_DAMAGED' })
    }
  })

  test('one that fails stops the log until it is opened again, for nobody knows what the disk has', async () => {
    for (const sync of ['always', { everyMs: 500 }] as const) {
      await open(sync)
      await append(1)
      await log.end()
      failure = () => Object.assign(new Error('EIO'), { code: 'EIO' })
      await append(2).catch(() => {})
      await clock.wakeAll()
      failure = undefined
      await expect(append(3)).rejects.toMatchObject({ code: 'WHOHAD_STREAM_WRITE_FAILED' })
      await log.close().catch(() => {})
      await open(sync)
      await append(4)
      expect(await sequences()).toEqual(expect.arrayContaining([1, 4]))
      await log.close()
      await rm(folder, { recursive: true })
    }
  })

  test.each([
    ['segment', 1],
    ['manifest', 2],
  ])('a new %s that finds no room is made by the next append that does', async (_, failing) => {
    await open('always', 1)
    await append(1)
    let files = 0
    isFull = () => ++files === failing || files > 2
    await expect(append(2)).rejects.toMatchObject({ code: 'WHOHAD_STREAM_WRITE_FAILED' })
    expect((await readdir(folder)).filter(name => name.endsWith('.new'))).toEqual([])
    isFull = () => false
    await append(3)
    await append(4)
    expect(await sequences()).toEqual([1, 3, 4])
    await log.close()
    await open('always', 1)
    expect(await sequences()).toEqual([1, 3, 4])
  })

  test('always: one that finds no room takes the append back, and the next one goes on', async () => {
    await open('always')
    await append(1)
    const before = await sizeOf()
    let failures = 1
    failure = () => (failures-- > 0 ? Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' }) : undefined)
    await expect(append(2)).rejects.toMatchObject({ code: 'WHOHAD_STREAM_WRITE_FAILED' })
    expect(await sizeOf()).toBe(before)
    await append(3)
    expect(await sequences()).toEqual([1, 3])
  })
})
