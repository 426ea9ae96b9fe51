import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openEmbeddedLog } from '../../src/changestream/embedded/embedded-log.ts'
import { changestreamErrors } from '../../src/changestream/errors.ts'
import { type History, logWithHistory } from '../../src/changestream/history.ts'
import type { ChangeLog, LoggedChange, Position } from '../../src/changestream/port.ts'
import { systemClock } from '../../src/runtime/clock.ts'
import { progressOf } from '../support/changes.ts'
import { readAll } from '../support/retained-state.ts'

let folder: string
let whole: ChangeLog
let all: readonly LoggedChange[]
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'whohad-history-'))
  whole = await openEmbeddedLog({ folder, segmentBytes: 1 << 20, clock: systemClock, onTornTail: () => {} })
  for (let i = 1; i <= 8; i++) await whole.append([progressOf('ec2/a', 1, i)])
  all = await readAll(whole)
})
afterEach(async () => {
  await whole.close()
  await rm(folder, { recursive: true, force: true })
})

/** The log as Kafka's retention leaves it: all before `first` is gone, whenever that may be. */
const goneBefore = (first: () => number): ChangeLog => {
  const { forgetting, ...log } = whole
  return {
    ...log,
    start: async () => [first()],
    async *read(options) {
      for await (const batch of whole.read({ ...options, from: options.from ?? [first()] })) {
        for (const logged of batch) {
          if (logged.offset < first()) {
            throw changestreamErrors.positionGone({ partition: 0, offset: logged.offset, first: first(), end: 8 })
          }
          yield [logged]
        }
      }
    },
  }
}

const upTo = (end: number): History => ({
  end: async () => [end],
  async *read([from = 0]: Position, [until = 0]: Position) {
    for (const logged of all) if (logged.offset >= from && logged.offset < until) yield [logged]
  },
})

const offsets = async (log: ChangeLog, from?: Position): Promise<readonly number[]> => {
  const read: number[] = []
  for await (const batch of log.read({ follow: false, signal: new AbortController().signal, ...(from && { from }) })) {
    read.push(...batch.map(({ offset }) => offset))
  }
  return read
}

test('what retention removed is read from the history, then the log goes on', async () => {
  const log = logWithHistory(
    goneBefore(() => 5),
    upTo(6),
  )
  expect(await offsets(log)).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
  expect(await offsets(log, [3])).toEqual([3, 4, 5, 6, 7])
})

test('what the log still has is read from the log alone', async () => {
  const log = logWithHistory(
    goneBefore(() => 0),
    upTo(0),
  )
  expect(await offsets(log)).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
  expect(await offsets(log, [6])).toEqual([6, 7])
})

test('a reader under whom records are removed is led to the history and back', async () => {
  let first = 0
  const log = logWithHistory(
    goneBefore(() => first),
    upTo(8),
  )
  const read: number[] = []
  for await (const batch of log.read({ follow: false, signal: new AbortController().signal })) {
    read.push(...batch.map(({ offset }) => offset))
    if (read.length === 2) first = 6
  }
  expect(read).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
})

test('a gap between the history and the log is said, with what is lost', async () => {
  const log = logWithHistory(
    goneBefore(() => 5),
    upTo(3),
  )
  await expect(offsets(log)).rejects.toMatchObject({
    code: 'WHOHAD_STREAM_HISTORY_GONE',
    message: expect.stringContaining('from offset 3 up to 5 of partition 0'),
  })
})

test('a position behind the end is no matter of history', async () => {
  const log = logWithHistory(
    goneBefore(() => 0),
    upTo(20),
  )
  await expect(offsets(log, [9])).rejects.toMatchObject({ code: 'WHOHAD_STREAM_POSITION_GONE' })
})
