import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ChangeLog, Forgetting, Kept, LoggedChange, Position } from '../../src/changestream/port.ts'
import { claimOf, progressOf, sourceRecordOf } from '../support/changes.ts'
import { readAll } from '../support/retained-state.ts'
import type { ChangeLogHarness } from './change-log.ts'

const never = new AbortController().signal

/** What every adapter must do that can let go of its beginning; the log can be parted between any two appends. */
export function forgettingContract(name: string, create: () => Promise<ChangeLogHarness>): void {
  describe(`the beginning of the change log on ${name}`, () => {
    let harness: ChangeLogHarness
    let log: ChangeLog
    let forgetting: Forgetting

    const use = (opened: ChangeLog) => {
      log = opened
      if (opened.forgetting === undefined) throw new Error('this log cannot let go of anything')
      forgetting = opened.forgetting
    }
    beforeEach(async () => {
      harness = await create()
      use(await harness.open())
    })
    afterEach(async () => {
      await log.close()
      await harness.dispose()
    })

    const start = async (): Promise<Position> => (await log.start?.()) ?? []
    /** Four polls of one source and the moment between the second and the third. */
    const fourPolls = async (): Promise<number> => {
      await log.append([sourceRecordOf('ec2/a', 1), claimOf('ec2/a', 1, 1, { id: 'first' }), progressOf('ec2/a', 1, 1)])
      await log.append([claimOf('ec2/a', 1, 2, { id: 'second' }), progressOf('ec2/a', 1, 2)])
      await sleep(20)
      const atMs = Date.now()
      await sleep(20)
      await log.append([claimOf('ec2/a', 1, 3, { id: 'third' }), progressOf('ec2/a', 1, 3)])
      await log.append([progressOf('ec2/a', 1, 4)])
      return atMs
    }
    const keeping = (all: readonly LoggedChange[], ...kept: readonly number[]): Kept => ({
      offsets: Array.from({ length: log.partitions }, (_, partition) =>
        kept.filter(offset => all.some(logged => logged.partition === partition && logged.offset === offset)),
      ),
      floors: new Map([['ec2/a', { epoch: 1, sequence: 2 }]]),
    })

    /** After four polls, of which what is old was let go of, but for what is kept. */
    const parted = async (...kept: readonly number[]) => {
      const atMs = await fourPolls()
      const all = await readAll(log)
      const before = await forgetting.loggedBefore(atMs, await log.end())
      expect(
        await forgetting.forget(before, keeping(all, ...kept.filter(offset => offset < Math.max(...before))), log.read),
      ).toBe(true)
      return { all, before }
    }

    test('is the first record where nothing was let go of, and tells all', async () => {
      await fourPolls()
      expect(await start()).toEqual(new Array(log.partitions).fill(0))
      expect(await forgetting.isWhole()).toBe(true)
    })

    test('can be where what is old ends, not behind what was not read, and never behind the last record', async () => {
      const atMs = await fourPolls()
      const end = await log.end()
      const partition = end.findIndex(offset => offset > 0)
      const partedAt = async (ms: number, upTo: Position) => (await forgetting.loggedBefore(ms, upTo))[partition] ?? 0
      const [first] = await readAll(log)
      expect(await partedAt((first?.loggedAtMs ?? 0) - 1000, end)).toBe(0)
      // A segment may begin with what is old; Kafka can be parted anywhere.
      expect([3, 5]).toContain(await partedAt(atMs, end))
      expect([3, 4]).toContain(
        await partedAt(
          atMs,
          end.map(() => 4),
        ),
      )
      expect(await partedAt(Date.now() + 60_000, end)).toBe(7)
    })

    test('once history is let go of, is what was kept of it, with the place and time that it had, and all behind', async () => {
      const { all, before } = await parted(0, 1, 4)
      const first = Math.max(...before)
      const left = all.filter(({ offset }) => [0, 1, 4].includes(offset) || offset >= first)
      expect(await readAll(log)).toEqual(left)
      expect(await start()).toEqual(before)
      expect(await forgetting.isWhole()).toBe(true)
      await log.close()
      use(await harness.open())
      expect(await readAll(log)).toEqual(left)
      expect(await start()).toEqual(before)
      const behind = all.filter(({ offset }) => offset >= first)
      expect(await readFrom(log, before)).toEqual(behind)
      const earlier = before.map(offset => Math.max(0, offset - 1))
      await expect(readFrom(log, earlier)).rejects.toMatchObject({ code: 'WHOHAD_STREAM_POSITION_GONE' })
    })

    test('lets go of more later, also of what was kept the first time', async () => {
      const { all } = await parted(0, 1, 4)
      const before = await forgetting.loggedBefore(Date.now() + 60_000, await log.end())
      expect(await forgetting.forget(before, keeping(all, 0, 1, 6), log.read)).toBe(true)
      expect(await readAll(log)).toEqual(all.filter(({ offset }) => [0, 1, 6, 7].includes(offset)))
      expect(await start()).toEqual(before)
    })

    test('where nothing is kept, is what lies behind', async () => {
      const { all, before } = await parted()
      expect(await readAll(log)).toEqual(all.slice(Math.max(...before)))
    })

    test('shows no claim again that was in what is gone, and everything that is news', async () => {
      const { all, before } = await parted(0)
      const news = [claimOf('ec2/a', 1, 2, { id: 'at the floor' }), claimOf('ec2/b', 1, 1), progressOf('ec2/a', 1, 5)]
      await log.append([claimOf('ec2/a', 1, 1, { id: 'first' }), ...news])
      const wanted = [...[all[0], ...all.slice(Math.max(...before))].map(logged => logged?.change), ...news]
      const read = (await readAll(log)).map(({ change }) => change)
      expect(read).toHaveLength(wanted.length)
      expect(read).toEqual(expect.arrayContaining(wanted))
    })

    test('goes to a follower from the beginning too, and what comes after', async () => {
      const { before } = await parted(0, 1)
      const stop = new AbortController()
      const seen: number[] = []
      for await (const batch of log.read({ follow: true, signal: stop.signal })) {
        seen.push(...batch.map(({ offset }) => offset))
        if (seen.at(-1) === 7) await log.append([progressOf('ec2/a', 1, 5)])
        if (seen.at(-1) === 8) stop.abort()
      }
      expect(seen).toEqual([0, 1, 3, 4, 5, 6, 7, 8].filter(offset => offset < 3 || offset >= Math.max(...before)))
    })

    test('says so when it is asked after the log was closed', async () => {
      await log.close()
      await expect(forgetting.loggedBefore(Date.now(), [])).rejects.toMatchObject({ code: 'WHOHAD_STREAM_CLOSED' })
      await expect(start()).rejects.toMatchObject({ code: 'WHOHAD_STREAM_CLOSED' })
    })
  })
}

async function readFrom(log: ChangeLog, from: Position): Promise<readonly LoggedChange[]> {
  const read: LoggedChange[] = []
  for await (const batch of log.read({ from, follow: false, signal: never })) read.push(...batch)
  return read
}
