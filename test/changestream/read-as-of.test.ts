import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openEmbeddedLog, openEmbeddedReader } from '../../src/changestream/embedded/embedded-log.ts'
import { Fence } from '../../src/changestream/fence.ts'
import type { ChangeLog } from '../../src/changestream/port.ts'
import { type ReadAsOf, readAsOf } from '../../src/changestream/read-as-of.ts'
import { retain } from '../../src/changestream/retention/retain.ts'
import { changesAsOf } from '../../src/ownership/as-of.ts'
import type { Change } from '../../src/ownership/claim.ts'
import { createOwnershipIndex, type OwnershipIndex } from '../../src/ownership/ownership-index.ts'
import { ownerOf } from '../support/changes.ts'
import { ManualClock } from '../support/manual-clock.ts'
import {
  POLL_MS,
  polledStory,
  STORY_ADDRESSES,
  STORY_SOURCES,
  STORY_START_MS,
  type StoryPoll,
} from '../support/polled-story.ts'
import { readAll } from '../support/retained-state.ts'

const POLLS = 36
const RETAINED_AFTER = 24
const story = polledStory(POLLS)
const never = new AbortController().signal

/** What the first poller still writes after the second one has taken over. */
const late = (story[1]?.changes ?? []).flatMap((change): Change[] =>
  change.record === 'claim' ? [{ ...change, revision: { epoch: 1, sequence: 999 }, owners: [ownerOf('zombie')] }] : [],
)

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'whohad-as-of-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

/** The story in a log; with retention in the middle of it, which leaves horizons in both cases. */
async function toldIn(name: string, letsGo: boolean): Promise<ChangeLog> {
  const clock = new ManualClock(STORY_START_MS)
  const log = await openEmbeddedLog({ folder: join(folder, name), segmentBytes: 5_000, clock, onTornTail: () => {} })
  const append = async (polls: readonly StoryPoll[]) => {
    for (const [i, { atMs, changes }] of polls.entries()) {
      clock.advance(Math.max(0, atMs - clock.now()))
      await log.append(i === 20 ? [...changes, ...late] : changes)
    }
  }
  await append(story.slice(0, RETAINED_AFTER))
  clock.advance(1000)
  const beforeMs = clock.now() - 9 * POLL_MS
  if (letsGo) expect(await retain(log, { beforeMs, upTo: await log.end(), signal: never })).toBeDefined()
  else await log.append(STORY_SOURCES.map(({ domain }) => ({ record: 'horizon', domain, beforeMs })))
  await append(story.slice(RETAINED_AFTER))
  return log
}

const read = (log: Parameters<typeof readAsOf>[0], asOfMs: number): Promise<ReadAsOf> =>
  readAsOf(log, asOfMs, { signal: never, onDeadLetter: () => expect.unreachable() })

/** Of every address at every half of a poll. */
const answersOf = (index: OwnershipIndex, nowMs: number) =>
  STORY_SOURCES.flatMap(({ domain }) =>
    STORY_ADDRESSES.flatMap(ip =>
      Array.from({ length: POLLS * 2 }, (_, i) => {
        const fromMs = STORY_START_MS + (i * POLL_MS) / 2
        return index.ask({ domain, ip, fromMs, untilMs: fromMs + 1, nowMs })
      }),
    ),
  )

/** Before, at and after what was logged, and in the middle of a poll. */
const MOMENTS = [
  -1,
  0,
  7 * POLL_MS,
  7 * POLL_MS + 3_000,
  7 * POLL_MS + 30_000,
  18 * POLL_MS,
  23 * POLL_MS,
  27 * POLL_MS + 1,
  40 * POLL_MS,
].map(afterMs => STORY_START_MS + afterMs)

test('what was known at a moment is what the changes say that were logged by then and not fenced off', async () => {
  const log = await toldIn('whole', false)
  const logged = await readAll(log)
  for (const asOfMs of MOMENTS) {
    const { index, position, isWhole } = await read(log, asOfMs)
    const plain = createOwnershipIndex()
    const fence = new Fence()
    const counts = (change: Change) => fence.fencedBy(change) === undefined
    for (const change of changesAsOf(logged, asOfMs, counts)) plain.apply(change)
    expect(answersOf(index, asOfMs)).toEqual(answersOf(plain, asOfMs))
    const last = logged.findLast(({ loggedAtMs }) => loggedAtMs <= asOfMs)
    expect([position, isWhole]).toEqual([[last ? last.offset + 1 : 0], true])
  }
  await log.close()
}, 120_000)

test('where retention has let go of some of it since, that is said; else all is told as if nothing had gone', async () => {
  const [whole, cut] = [await toldIn('whole', false), await toldIn('cut', true)]
  const beside = await openEmbeddedReader(join(folder, 'cut'))
  const told: boolean[] = []
  for (const asOfMs of MOMENTS) {
    const then = await read(beside, asOfMs)
    expect(then.isWhole).toBe((await read(cut, asOfMs)).isWhole)
    told.push(then.isWhole)
    if (!then.isWhole) continue
    const all = await read(whole, asOfMs)
    expect(then.position).toEqual(all.position)
    expect(answersOf(then.index, asOfMs)).toEqual(answersOf(all.index, asOfMs))
  }
  expect(told).toEqual([false, false, false, false, false, false, false, true, true])
  await Promise.all([whole.close(), cut.close()])
}, 120_000)
