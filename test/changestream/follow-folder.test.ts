import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openEmbeddedLog } from '../../src/changestream/embedded/embedded-log.ts'
import { openFollowingReader } from '../../src/changestream/follow-folder.ts'
import type { LoggedChange } from '../../src/changestream/port.ts'
import { type Clock, systemClock } from '../../src/runtime/clock.ts'
import { progressOf } from '../support/changes.ts'

const support = (name: string) => fileURLToPath(new URL(`../support/${name}`, import.meta.url))
/** The slow look never comes: what is seen was told of by the file system. */
const watchAlone: Clock = {
  now: systemClock.now,
  sleep: (ms, signal) =>
    ms < 100
      ? systemClock.sleep(ms, signal)
      : new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason), { once: true })),
}

describe('a follower beside the process that writes', () => {
  let folder: string
  const children: ChildProcess[] = []
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'whohad-follow-'))
  })
  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL')
    await rm(folder, { recursive: true, force: true })
  })

  /** Appends a claim and a progress at a time, by turns a number a line, until it is killed. */
  const startWriter = async (segmentBytes: number) => {
    const args = ['--import', support('typescript-hooks.mjs'), support('appending-child.ts'), folder]
    const child = spawn(process.execPath, [...args, String(segmentBytes)], { stdio: ['ignore', 'pipe', 'inherit'] })
    children.push(child)
    let appended = -1
    const lines = createInterface({ input: child.stdout })
    lines.on('line', line => {
      if (/^\d+$/.test(line)) appended = Number(line)
    })
    await once(lines, 'line')
    return { child, appended: () => appended }
  }
  const open = () => openEmbeddedLog({ folder, segmentBytes: 1 << 20, clock: systemClock, onTornTail: () => {} })

  /** What a follower gives until one of its records satisfies. */
  const readUntil = async (
    reading: AsyncIterator<readonly LoggedChange[]>,
    isLast: (logged: LoggedChange) => boolean,
  ) => {
    const read: LoggedChange[] = []
    for (let last = false; !last; ) {
      const { value = [], done } = await reading.next()
      read.push(...value)
      last = done === true || value.some(isLast)
    }
    return read
  }

  test('sees each append, over segments, kills and successors: every record once, in order', async () => {
    const stop = new AbortController()
    let writer = await startWriter(16_384)
    const reader = await openFollowingReader(folder, watchAlone)
    const reading = reader.read({ follow: true, signal: stop.signal })[Symbol.asyncIterator]()
    const offsets: number[] = []
    for (const rounds of [30, 60]) {
      const isLate = ({ change }: LoggedChange) => change.record === 'progress' && change.revision.sequence >= rounds
      offsets.push(...(await readUntil(reading, isLate)).map(({ offset }) => offset))
      writer.child.kill('SIGKILL')
      await once(writer.child, 'exit')
      writer = await startWriter(16_384)
    }
    writer.child.kill('SIGKILL')
    await once(writer.child, 'exit')
    const log = await open()
    await log.append([progressOf('ec2/last', 1, 1)])
    offsets.push(
      ...(await readUntil(reading, ({ change }) => change.record === 'progress' && change.source === 'ec2/last')).map(
        ({ offset }) => offset,
      ),
    )
    const end = (await log.end())[0] ?? 0
    await log.close()
    stop.abort()
    expect((await reading.next()).done).toBe(true)
    expect(offsets).toEqual(Array.from({ length: end }, (_, i) => i))
  }, 60_000)

  test('waits for a folder’s first record, and goes on from a given position', async () => {
    await (await open()).close()
    const stop = new AbortController()
    const reader = await openFollowingReader(folder, watchAlone)
    const all = reader.read({ follow: true, signal: stop.signal })[Symbol.asyncIterator]()
    const first = all.next()
    const log = await open()
    await log.append([1, 2, 3].map(sequence => progressOf('ec2/a', 1, sequence)))
    expect((await first).value?.map(({ offset }: LoggedChange) => offset)).toEqual([0, 1, 2])
    const rest = reader.read({ follow: true, from: [2], signal: stop.signal })[Symbol.asyncIterator]()
    expect((await rest.next()).value?.map(({ offset }: LoggedChange) => offset)).toEqual([2])
    await log.append([progressOf('ec2/a', 1, 4)])
    for (const reading of [all, rest])
      expect((await reading.next()).value?.map(({ offset }: LoggedChange) => offset)).toEqual([3])
    await log.close()
    stop.abort()
    expect([(await all.next()).done, (await rest.next()).done]).toEqual([true, true])
  }, 30_000)

  test('a follower whose folder is taken away says what is missing, and does not wait for ever', async () => {
    const log = await open()
    await log.append([progressOf('ec2/a', 1, 1)])
    await log.close()
    const reader = await openFollowingReader(folder, systemClock)
    const reading = reader.read({ follow: true, signal: new AbortController().signal })[Symbol.asyncIterator]()
    await reading.next()
    const next = reading.next()
    await rm(join(folder, '0000000000000000.avro'))
    await expect(next).rejects.toMatchObject({ code: 'WHOHAD_STREAM_SEGMENT_MISSING' })
  }, 30_000)
})
