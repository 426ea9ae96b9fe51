import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { ChangeLog } from '../../src/changestream/port.ts'
import { follow, inAnotherOrder, isDrill, note, randomFor } from '../support/faults.ts'
import { killedConsumer } from '../support/killed-consumer.ts'
import { withLateWrites } from '../support/late-writes.ts'
import { answersOf, outcomeOf } from '../support/outcome.ts'
import { polledStory, STORY_SOURCES } from '../support/polled-story.ts'
import { readAll } from '../support/retained-state.ts'
import { openStoryLog } from '../support/story-log.ts'
import { killChildren, startTold } from '../support/told-child.ts'
import {
  expectAsUninterrupted,
  expectConsumed,
  expectSame,
  outcomeOfChanges,
  pollsIn,
} from '../support/uninterrupted.ts'

const POLLS = isDrill ? 240 : 40
const CONSUMER_KILLS = isDrill ? 20 : 2
const POLLER_KILLS = isDrill ? 10 : 2
const story = polledStory(POLLS).map(({ changes }) => changes)

let folder: string
const opened: ChangeLog[] = []
const open = async (place: string) => {
  const log = await openStoryLog({ folder: place })
  opened.push(log)
  return log
}
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'whohad-faults-'))
})
afterEach(async () => {
  killChildren()
  for (const log of opened.splice(0)) await log.close()
  await rm(folder, { recursive: true, force: true })
})

test(`kill -9 of a process that writes and consumes, ${CONSUMER_KILLS}× at random points`, {
  timeout: isDrill ? 600_000 : 120_000,
}, async () => {
  const data = join(folder, 'data')
  await mkdir(data)
  const records = withLateWrites(story).flat().length
  const kills = { kills: CONSUMER_KILLS, random: randomFor('killed consumers'), records }
  const consumed = await killedConsumer({ data, polls: POLLS, tells: true }, kills)
  const log = await open(join(data, 'changes'))
  expect(await log.end()).toEqual([records])
  await expectConsumed(consumed, log, await outcomeOfChanges(story.flat(), POLLS, folder))
  expect(consumed.restored).toBeGreaterThan(0)
  const { restored, whileWriting } = consumed
  note(
    `consumer on the embedded log: ${CONSUMER_KILLS} kills in ${records} records, ${whileWriting} while a checkpoint was written; ${restored} restarts from one`,
  )
})

test(`kill -9 of a poller between a poll’s claims and its progress, ${POLLER_KILLS}×`, {
  timeout: isDrill ? 300_000 : 60_000,
}, async () => {
  const { source } = STORY_SOURCES[0]
  const place = join(folder, 'changes')
  const polls = 6 * (POLLER_KILLS + 1)
  const random = randomFor('killed pollers')
  let from = 0
  for (let kill = 1; kill <= POLLER_KILLS; kill++) {
    const poll = random.integer(from + 1, 6 * kill)
    const child = startTold(
      'producing-child.ts',
      {
        folder: place,
        sourceNumber: 0,
        from,
        until: polls,
        stays: { where: 'between', poll },
      },
      folder,
    )
    await child.says(new RegExp(`^claims ${poll} of`))
    child.signal('SIGKILL')
    expect(await child.ended).toMatchObject({ signal: 'SIGKILL' })
    from = poll
  }
  const successor = startTold('producing-child.ts', { folder: place, sourceNumber: 0, from, until: polls }, folder)
  await successor.says(/^done$/)
  await successor.ended
  expect(successor.said[0]).toBe(`took over with epoch ${POLLER_KILLS + 1}`)
  const log = await open(place)
  expect(pollsIn(await readAll(log), source)).toHaveLength(polls)
  await expectAsUninterrupted(log, { polls, sources: [source], folder })
})

test('the same records twice, and in another order', async () => {
  const expected = await outcomeOfChanges(story.flat(), POLLS, folder)
  const random = randomFor('another order')
  for (let round = 0; round < (isDrill ? 10 : 2); round++) {
    const log = await open(join(folder, `changes-${round}`))
    const reader = follow(log)
    const again =
      round % 2 === 0 ? [...story.flat(), ...story.flat()] : inAnotherOrder([...story.flat(), ...story.flat()], random)
    for (let i = 0; i < again.length; ) {
      const next = i + random.integer(1, 50)
      await log.append(again.slice(i, next))
      i = next
    }
    await reader.settled()
    expect(answersOf(reader.index, POLLS)).toEqual(expected.answers)
    expectSame(await outcomeOf(log, POLLS), expected)
    await reader.stop()
  }
})
