import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { LARGEST_RECORD_BYTES } from '../../src/changestream/encoder.ts'
import type { ChangeLog, DeadLetter, LoggedChange, ReadOptions } from '../../src/changestream/port.ts'
import type { Change } from '../../src/ownership/claim.ts'
import { claimOf, ownerOf, progressOf, sourceRecordOf } from '../support/changes.ts'

/** One log, empty at first, that can be opened again and again. */
export type ChangeLogHarness = {
  open(): Promise<ChangeLog>
  /** Puts a record that is no change of ours behind the present end. Called while the log is not open. */
  writeForeign(): Promise<void>
  dispose(): Promise<void>
}

/** What every adapter of the change log must do. */
export function changeLogContract(name: string, create: () => Promise<ChangeLogHarness>): void {
  describe(`the change log on ${name}`, () => {
    let harness: ChangeLogHarness
    let log: ChangeLog
    let stop: AbortController

    beforeEach(async () => {
      harness = await create()
      log = await harness.open()
      stop = new AbortController()
    })
    afterEach(async () => {
      stop.abort()
      await log.close()
      await harness.dispose()
    })

    const readAll = (options: Partial<ReadOptions> = {}) =>
      collect(log, { follow: false, signal: stop.signal, ...options })
    const reopen = async () => {
      await log.close()
      log = await harness.open()
    }

    test('is empty at first, and reading it ends at once', async () => {
      expect(await readAll()).toEqual([])
      expect(await log.end()).toEqual(new Array(log.partitions).fill(0))
    })

    test('gives back every kind of change as it was appended, with place and time', async () => {
      const changes: Change[] = [
        sourceRecordOf('ec2/a', 1),
        claimOf('ec2/a', 1, 1),
        progressOf('ec2/a', 1, 1),
        { record: 'horizon', domain: 'vpc-1', beforeMs: 1_000 },
      ]
      await log.append(changes)
      const read = await readAll()
      expect(sorted(read.map(({ change }) => change))).toEqual(sorted(changes))
      for (const { loggedAtMs, partition, offset } of read) {
        expect(loggedAtMs).toBeGreaterThan(Date.UTC(2020, 0))
        expect(partition).toBeLessThan(log.partitions)
        expect(offset).toBeGreaterThanOrEqual(0)
      }
    })

    test('keeps the order of each source, over many appends at once', async () => {
      const sources = ['ec2/a', 'ec2/b', 'titus/main', 'ecs/x']
      const appends = Array.from({ length: 40 }, (_, i) => log.append(sources.map(source => progressOf(source, 1, i))))
      await Promise.all(appends)
      const read = await readAll()
      for (const source of sources) {
        expect(sequencesOf(read, source)).toEqual(Array.from({ length: 40 }, (_, i) => i))
      }
      expect(new Set(read.map(({ partition, offset }) => `${partition}/${offset}`)).size).toBe(read.length)
    })

    test('keeps a source in one partition, its offsets rising without a gap', async () => {
      for (let i = 0; i < 5; i++) await log.append([progressOf('ec2/a', 1, i), progressOf('ec2/a', 1, i + 100)])
      const read = await readAll()
      expect(new Set(read.map(({ partition }) => partition)).size).toBe(1)
      expect(read.map(({ offset }) => offset)).toEqual(Array.from({ length: 10 }, (_, i) => i))
    })

    test('has everything that was acknowledged after it is opened again, and goes on behind it', async () => {
      await log.append([claimOf('ec2/a', 1, 1), progressOf('ec2/a', 1, 1)])
      await reopen()
      await log.append([progressOf('ec2/a', 1, 2)])
      await reopen()
      expect((await readAll()).map(({ change, offset }) => [change.record, offset])).toEqual([
        ['claim', 0],
        ['progress', 1],
        ['progress', 2],
      ])
    })

    test('says where it ends: one past the last record of each partition', async () => {
      await log.append(['ec2/a', 'ec2/b', 'ec2/c', 'ec2/d'].map(source => progressOf(source, 1, 1)))
      const end = await log.end()
      expect(end.reduce((sum, offset) => sum + offset, 0)).toBe(4)
      const furthest = new Array(log.partitions).fill(0)
      for (const { partition, offset } of await readAll())
        furthest[partition] = Math.max(furthest[partition], offset + 1)
      expect(end).toEqual(furthest)
    })

    test('goes on from a position, in the middle of a batch too', async () => {
      await log.append([1, 2, 3].map(sequence => progressOf('ec2/a', 1, sequence)))
      await log.append([4, 5].map(sequence => progressOf('ec2/a', 1, sequence)))
      const partition = (await readAll())[0]?.partition ?? 0
      const from = new Array(log.partitions).fill(0)
      for (let offset = 0; offset <= 5; offset++) {
        from[partition] = offset
        expect(sequencesOf(await readAll({ from: [...from] }), 'ec2/a')).toEqual([1, 2, 3, 4, 5].slice(offset))
      }
    })

    test('refuses a position beyond its end instead of skipping what comes there', async () => {
      await log.append([progressOf('ec2/a', 1, 1)])
      const beyond = (await log.end()).map(offset => offset + 7)
      await expect(readAll({ from: beyond })).rejects.toMatchObject({ code: 'WHOHAD_STREAM_POSITION_GONE' })
    })

    test('shows a follower what is there and then each append', async () => {
      await log.append([progressOf('ec2/a', 1, 1)])
      const seen: number[] = []
      for await (const batch of log.read({ follow: true, signal: stop.signal })) {
        seen.push(...sequencesOf(batch, 'ec2/a'))
        const last = seen.at(-1) ?? 0
        if (last >= 4) stop.abort()
        else await log.append([progressOf('ec2/a', 1, last + 1)])
      }
      expect(seen).toEqual([1, 2, 3, 4])
    })

    test('stops following when it is told to, while it waits', async () => {
      await log.append([progressOf('ec2/a', 1, 1)])
      const seen: LoggedChange[] = []
      for await (const batch of log.read({ follow: true, signal: stop.signal })) {
        seen.push(...batch)
        setImmediate(() => stop.abort())
      }
      expect(seen).toHaveLength(1)
    })

    test('takes the same batch twice and shows it twice: revisions make that harmless', async () => {
      const batch = [claimOf('ec2/a', 1, 1), progressOf('ec2/a', 1, 1)]
      await log.append(batch)
      await log.append(batch)
      expect((await readAll()).map(({ change }) => change)).toEqual([...batch, ...batch])
    })

    test('passes over a foreign record in the middle, and hands it over as a dead letter with its place', async () => {
      await log.append([progressOf('ec2/a', 1, 1)])
      await log.close()
      await harness.writeForeign()
      log = await harness.open()
      await log.append([progressOf('ec2/a', 1, 2)])
      const letters: DeadLetter[] = []
      const read = await readAll({ onDeadLetter: letter => letters.push(letter) })
      expect(sequencesOf(read, 'ec2/a')).toEqual([1, 2])
      expect(letters).toHaveLength(1)
      expect(letters[0]?.reason).not.toBe('')
      expect(letters[0]?.payload.length).toBeGreaterThan(0)
      const places = read.map(({ partition, offset }) => `${partition}/${offset}`)
      expect(places).not.toContain(`${letters[0]?.partition}/${letters[0]?.offset}`)
    })

    test('serves two readers at once, each with everything', async () => {
      const changes = Array.from({ length: 50 }, (_, i) => progressOf('ec2/a', 1, i))
      await log.append(changes)
      const [one, two] = await Promise.all([readAll(), readAll()])
      expect(one.map(({ change }) => change)).toEqual(changes)
      expect(two).toEqual(one)
    })

    test('takes a poll of thousands of claims in one append', async () => {
      const owners = [{ ...claimOf('ec2/a', 1, 1).owners[0], labels: { note: 'x'.repeat(400) } }] as const
      const changes = Array.from({ length: 4000 }, (_, i) =>
        claimOf('ec2/a', 1, i, { id: `claim-${i}`, owners: owners as never }),
      )
      await log.append(changes)
      const ids = (await readAll()).map(({ change }) => change.record === 'claim' && change.id)
      expect(ids).toEqual(changes.map(({ id }) => id))
    })

    test('refuses a record that does not fit, and writes nothing of its batch', async () => {
      const bad = claimOf('ec2/a', 1, 1, { lastSightingMs: Number.NaN })
      await expect(log.append([progressOf('ec2/a', 1, 1), bad])).rejects.toMatchObject({
        code: 'WHOHAD_STREAM_RECORD_UNENCODABLE',
      })
      await log.append([progressOf('ec2/a', 1, 2)])
      expect(sequencesOf(await readAll(), 'ec2/a')).toEqual([2])
    })

    test('refuses a record that is too large to be read again, and writes nothing of its batch', async () => {
      const owners = [ownerOf('api', { labels: { note: 'x'.repeat(LARGEST_RECORD_BYTES) } })]
      await expect(log.append([progressOf('ec2/a', 1, 1), claimOf('ec2/a', 1, 1, { owners })])).rejects.toMatchObject({
        code: 'WHOHAD_STREAM_RECORD_TOO_LARGE',
        message: expect.stringContaining('ec2/a'),
      })
      await log.append([progressOf('ec2/a', 1, 2)])
      expect(sequencesOf(await readAll(), 'ec2/a')).toEqual([2])
    })

    test('says so when it is used after it was closed', async () => {
      await log.close()
      await expect(log.append([progressOf('ec2/a', 1, 1)])).rejects.toMatchObject({ code: 'WHOHAD_STREAM_CLOSED' })
      await expect(readAll()).rejects.toMatchObject({ code: 'WHOHAD_STREAM_CLOSED' })
      await expect(log.end()).rejects.toMatchObject({ code: 'WHOHAD_STREAM_CLOSED' })
    })
  })
}

async function collect(log: ChangeLog, options: ReadOptions): Promise<LoggedChange[]> {
  const read: LoggedChange[] = []
  for await (const batch of log.read(options)) {
    expect(batch.length).toBeGreaterThan(0)
    read.push(...batch)
  }
  return read
}

const sequencesOf = (read: readonly LoggedChange[], source: string): number[] =>
  read.flatMap(({ change }) =>
    change.record === 'progress' && change.source === source ? [change.revision.sequence] : [],
  )

const sorted = (changes: readonly Change[]): Change[] =>
  changes.toSorted((a, b) => (a.record < b.record ? -1 : a.record > b.record ? 1 : 0))
