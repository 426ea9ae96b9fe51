import { randomUUID } from 'node:crypto'
import type { Admin } from 'kafkajs'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { RunningKafka } from '../../scripts/kafka.mjs'
import { logWithHistory } from '../../src/changestream/history.ts'
import { CARRIED_SUFFIX, type KafkaLogOptions, openKafkaLog } from '../../src/changestream/kafka/kafka-log.ts'
import type { ChangeLog, DeadLetter, LoggedChange } from '../../src/changestream/port.ts'
import type { OldClaims } from '../../src/changestream/retention/old-claims.ts'
import { retain } from '../../src/changestream/retention/retain.ts'
import { deleteBefore, follow, plainClient } from '../support/faults.ts'
import { hasKafka, keptReport, startKafkaForTests } from '../support/kafka.ts'
import { killableClients } from '../support/killed-client.ts'
import { POLL_MS, polledStory, STORY_START_MS } from '../support/polled-story.ts'
import { readAll, retainedState } from '../support/retained-state.ts'
import { StoryTopic } from '../support/story-topic.ts'

const PARTITIONS = 3
const POLLS = 40
const FIRST_PART = 30
const story = polledStory(POLLS)
const beforeMs = STORY_START_MS + 17 * POLL_MS + 17_000
const never = new AbortController().signal
/** Whole states are compared once; elsewhere every so many answers. */
const APART = 11

describe.skipIf(!hasKafka)('retention on a real broker', () => {
  let kafka: RunningKafka
  let admin: Admin
  let topic: string
  let told: StoryTopic
  const opened: ChangeLog[] = []
  beforeAll(async () => {
    kafka = await startKafkaForTests()
    admin = plainClient(kafka).admin()
    await admin.connect()
  }, 180_000)
  afterAll(async () => {
    await admin?.disconnect()
    await kafka?.stop()
  })
  beforeEach(() => newTopic())
  afterEach(async () => {
    await Promise.all(opened.splice(0).map(log => log.close()))
  })

  function newTopic(): void {
    topic = `whohad.test.${randomUUID()}`
    told = new StoryTopic()
  }
  const open = async (options: Partial<KafkaLogOptions> = {}) => {
    const { report } = keptReport()
    const log = await openKafkaLog({
      brokers: kafka.brokers,
      topic,
      partitions: PARTITIONS,
      retentionStepMs: 0,
      report,
      ...options,
    })
    opened.push(log)
    return told.onStoryClock(log)
  }
  const retained = async (log: ChangeLog, below = beforeMs) =>
    retain(log, { beforeMs: below, upTo: await log.end(), signal: never })
  const firstOffsets = async (name = topic) =>
    (await admin.fetchTopicOffsets(name)).toSorted((a, b) => a.partition - b.partition).map(({ low }) => Number(low))
  const horizons = (below: number) =>
    ['vpc-1', 'vpc-2'].map(domain => ({ record: 'horizon', domain, beforeMs: below }) as const)
  /** What is known where nothing was let go of, and the horizons were written all the same. */
  const uninterrupted = async (below: number, apart?: number) => {
    const log = await openKafkaLog({
      brokers: kafka.brokers,
      topic: `whohad.test.${randomUUID()}`,
      partitions: PARTITIONS,
      report: keptReport().report,
    })
    opened.push(log)
    for (const { changes } of story) await log.append(changes)
    await log.append(horizons(below))
    return retainedState(log, POLLS, apart)
  }

  test('a reader with neither store nor checkpoint answers as if nothing had gone; below the horizon all is expired', async () => {
    const log = await open()
    await told.tell(log, story)
    const found = await retained(log)
    expect(found?.horizons).toEqual(horizons(beforeMs))
    expect(await firstOffsets()).toEqual(found?.start)
    expect(Math.max(...(await firstOffsets()))).toBeGreaterThan(30)
    const fresh = await open()
    const state = await retainedState(fresh, POLLS)
    expect(state).toEqual(await uninterrupted(beforeMs))
    expect(state.answers.filter(answer => answer.reason === 'expired')).toHaveLength(2 * 9 * 35)
    expect(state.answers.filter(answer => answer.state === 'owned').length).toBeGreaterThan(200)
    const following = follow(fresh)
    await following.settled()
    await following.stop()
  }, 60_000)

  test('again and again, while the story goes on, ends as once; what a newer run replaces is deleted', async () => {
    const log = await open()
    const runs: number[] = []
    for (let done = 0; done < story.length; done += 8) {
      await told.tell(log, story.slice(done, done + 8))
      const below = Math.min(beforeMs, (story[done + 7]?.atMs ?? 0) - 8 * POLL_MS)
      if (await retained(log, below)) runs.push(below)
    }
    expect(runs.length).toBeGreaterThan(1)
    expect(await retainedState(await open(), POLLS, APART)).toEqual(await uninterrupted(runs.at(-1) ?? 0, APART))
    const [records = 0, heads] = await firstOffsets(topic + CARRIED_SUFFIX)
    expect(heads).toBe(runs.length - 1)
    expect(records).toBeGreaterThan(0)
  }, 60_000)

  test('killed before any step, and run again, it ends as uninterrupted: no answer goes before a durable horizon says so', async () => {
    const clients = killableClients()
    try {
      const wanted = await uninterrupted(beforeMs, APART)
      const changes = new Set(
        story.slice(0, FIRST_PART).flatMap(poll => poll.changes.map(each => JSON.stringify(each))),
      )
      let whole = 0
      let step = 0
      for (let isThrough = false; !isThrough; step++) {
        newTopic()
        const first = await open()
        await told.tell(first, story.slice(0, FIRST_PART))
        clients.killAfter(step)
        await retained(first).catch(() => {})
        isThrough = clients.revive() <= step
        const second = await open()
        const read = (await readAll(second)).map(({ change }) => change)
        const left = new Set(read.map(change => JSON.stringify(change)))
        if ([...changes].every(change => left.has(change))) whole++
        else
          expect(
            read.filter(({ record }) => record === 'horizon'),
            `step ${step}`,
          ).toHaveLength(2)
        await retained(second)
        await told.tell(second, story.slice(FIRST_PART))
        const third = await open()
        expect(await retainedState(third, POLLS, APART), `step ${step}`).toEqual(wanted)
        expect(await firstOffsets(), `step ${step}`).toEqual(await third.start?.())
      }
      expect(step).toBeGreaterThan(5)
      expect(whole).toBeGreaterThan(2)
      expect(whole).toBeLessThan(step)
    } finally {
      clients.restore()
    }
  }, 240_000)

  test('two processes at once, each of which would go further in another partition: one of them does it, and nothing is lost', async () => {
    const [one, other] = [await open(), await open()]
    await told.tell(one, story)
    const end = await one.end()
    const [most = 0, second = 0] = end.map((_, i) => i).toSorted((a, b) => (end[b] ?? 0) - (end[a] ?? 0))
    const upTo = (short: number) => end.map((offset, i) => (i === short ? 20 : offset))
    const both = await Promise.all([
      retain(one, { beforeMs, upTo: upTo(most), signal: never }),
      retain(other, { beforeMs, upTo: upTo(second), signal: never }),
    ])
    expect(both.filter(found => found !== undefined)).toHaveLength(1)
    const fresh = await open()
    expect(await fresh.forgetting.isWhole()).toBe(true)
    expect(await retainedState(fresh, POLLS, APART)).toEqual(await uninterrupted(beforeMs, APART))
    await retained(other)
    expect(await retainedState(await open(), POLLS, APART)).toEqual(await uninterrupted(beforeMs, APART))
  }, 60_000)

  test('old revisions that come again resurrect nothing: not taken by whoever knows, and kept out of every reader where they are', async () => {
    const unaware = await open()
    await told.tell(unaware, story)
    const old: OldClaims[] = []
    const log = await open({ onOldClaims: found => old.push(found) })
    await retained(log)
    const wanted = await retainedState(await open(), POLLS)
    const again = story.slice(0, 10).flatMap(({ changes }) => changes.filter(({ record }) => record === 'claim'))
    const end = await log.end()
    await log.append(again)
    expect(old.reduce((sum, { claims }) => sum + claims, 0)).toBe(again.length)
    expect(await log.end()).toEqual(end)
    await unaware.append(again)
    const fresh = await open()
    expect(await retainedState(fresh, POLLS)).toEqual(wanted)
    const from = (await fresh.start?.()) ?? []
    for (const where of [{}, { encoded: true }, { from }]) {
      const refused: string[] = []
      const onDeadLetter = ({ reason }: DeadLetter) => refused.push(reason)
      for await (const _ of fresh.read({ follow: false, signal: never, onDeadLetter, ...where }));
      expect(refused).toEqual(again.map(() => expect.stringContaining('retention')))
    }
  }, 60_000)

  test('a reader that lags is told that its place is gone, or led to the store and back', async () => {
    const log = await open()
    await told.tell(log, story)
    const whole = await readAll(log)
    await retained(log)
    const from = ((await log.start?.()) ?? []).map(offset => Math.max(0, offset - 3))
    const readFrom = async (reader: ChangeLog) => {
      const read: LoggedChange[] = []
      for await (const batch of reader.read({ from, follow: false, signal: never })) read.push(...batch)
      return read
    }
    await expect(readFrom(log)).rejects.toMatchObject({ code: 'WHOHAD_STREAM_POSITION_GONE' })
    const store = {
      end: async () => [...from.keys()].map(partition => whole.filter(logged => logged.partition === partition).length),
      async *read(first: readonly number[], until: readonly number[]) {
        yield whole.filter(
          ({ partition, offset }) => offset >= (first[partition] ?? 0) && offset < (until[partition] ?? 0),
        )
      },
    }
    const read = (await readFrom(logWithHistory(log, store))).filter(({ change }) => change.record !== 'horizon')
    const missed = whole.filter(({ partition, offset }) => offset >= (from[partition] ?? 0))
    expect(new Set(read.map(logged => JSON.stringify(logged)))).toEqual(
      new Set(missed.map(logged => JSON.stringify(logged))),
    )
  }, 60_000)

  test('what the broker removes on its own behind what was kept is missed, never passed over', async () => {
    const log = await open()
    await told.tell(log, story)
    await retained(log)
    const further = ((await log.start?.()) ?? []).map(offset => (offset > 0 ? offset + 2 : 0))
    await deleteBefore(admin, topic, further)
    const fresh = await open()
    expect(await fresh.forgetting.isWhole()).toBe(false)
    expect(await fresh.start?.()).toEqual(further)
    await expect(readAll(fresh)).rejects.toMatchObject({ code: 'WHOHAD_STREAM_POSITION_GONE' })
  }, 60_000)

  test('what was kept is missed where somebody deletes it', async () => {
    const log = await open()
    await told.tell(log, story)
    const found = await retained(log)
    await deleteBefore(admin, topic + CARRIED_SUFFIX, [(found?.kept ?? 0) - 3, 0])
    await expect(readAll(await open())).rejects.toMatchObject({ code: 'WHOHAD_STREAM_POSITION_GONE' })
    await admin.deleteTopics({ topics: [topic + CARRIED_SUFFIX] })
  }, 60_000)

  test('does nothing again before the horizon has moved by a day', async () => {
    const log = await open({ retentionStepMs: undefined })
    await told.tell(log, story)
    expect(await retained(log)).toBeDefined()
    const end = await log.end()
    expect(await retained(log, beforeMs + 10 * POLL_MS)).toBeUndefined()
    expect(await log.end()).toEqual(end)
  }, 60_000)
})
