import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { RunningKafka } from '../../scripts/kafka.mjs'
import type { ChangeLog } from '../../src/changestream/port.ts'
import { isDrill, newTopic, note, randomFor } from '../support/faults.ts'
import { hasKafka, startKafkaForTests } from '../support/kafka.ts'
import { consumedIn, killedConsumer } from '../support/killed-consumer.ts'
import { withLateWrites } from '../support/late-writes.ts'
import { polledStory } from '../support/polled-story.ts'
import { openStoryLog } from '../support/story-log.ts'
import { killChildren, startTold } from '../support/told-child.ts'
import { expectConsumed, outcomeOfChanges } from '../support/uninterrupted.ts'

const KILLS = isDrill ? 20 : 5
const POLLS = isDrill ? 240 : 60
const PARTITIONS = 4 // the two sources of the story are in different ones
const story = polledStory(POLLS).map(({ changes }) => changes)
const told = withLateWrites(story)
const records = told.flat().length

describe.skipIf(!hasKafka)('faults while consuming, on a real broker', () => {
  let kafka: RunningKafka
  let folder: string
  let data: string
  let topic: string
  let log: ChangeLog
  let next: number
  beforeAll(async () => {
    kafka = await startKafkaForTests()
  }, 180_000)
  afterAll(() => kafka?.stop())
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'whohad-faults-'))
    data = join(folder, 'data')
    await mkdir(data)
    topic = newTopic()
    log = await openStoryLog({ brokers: kafka.brokers, topic, partitions: PARTITIONS })
    next = 0
  })
  afterEach(async () => {
    killChildren()
    await log.close()
    await rm(folder, { recursive: true, force: true })
  })

  /** Poll by poll, at the pace of a live tail. */
  const tellUpTo = async (wanted: number) => {
    for (; next < told.length && told.slice(0, next).flat().length < wanted; next++) {
      await log.append(told[next] ?? [])
      await sleep(10)
    }
  }
  const child = () => ({
    data,
    polls: POLLS,
    tells: false,
    kafka: { brokers: kafka.brokers, topic, partitions: PARTITIONS },
  })
  const uninterrupted = () => outcomeOfChanges(story.flat(), POLLS, folder)

  test(`kill -9 of a consumer at ${KILLS} random points: it goes on from its checkpoint`, {
    timeout: isDrill ? 600_000 : 150_000,
  }, async () => {
    const random = randomFor('killed consumers')
    const consumed = await killedConsumer(child(), { kills: KILLS, random, records, tellUpTo })
    await expectConsumed(consumed, log, await uninterrupted())
    expect(consumed.restored).toBeGreaterThan(0)
    const { restored, whileWriting } = consumed
    note(
      `consumer on Kafka: ${KILLS} kills in ${records} records, ${whileWriting} while a checkpoint was written; ${restored} restarts from one`,
    )
  })

  if (isDrill) {
    test('a consumer stopped for longer than its session goes on where it was', { timeout: 180_000 }, async () => {
      const consumer = startTold('consuming-child.ts', child(), data)
      await consumer.says(/^from /)
      await tellUpTo(records / 3)
      await consumer.says(/^read [1-9]/)
      consumer.signal('SIGSTOP')
      await tellUpTo((records * 2) / 3)
      await sleep(40_000) // the session lasts 30 s
      consumer.signal('SIGCONT')
      await tellUpTo(records)
      consumer.tell('finish')
      await consumer.says(/^finished$/)
      await expectConsumed(await consumedIn(data), log, await uninterrupted())
    })
  }
})
