import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import kafkajs, { type Admin } from 'kafkajs'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { RunningKafka } from '../../scripts/kafka.mjs'
import { type History, logWithHistory } from '../../src/changestream/history.ts'
import type { ChangeSink } from '../../src/changestream/materialise.ts'
import type { ChangeLog, LoggedChange } from '../../src/changestream/port.ts'
import { openStore } from '../../src/store/open-store.ts'
import type { Store } from '../../src/store/port.ts'
import { recordedReport, testClock } from '../support/clickhouse-rows.ts'
import {
  configureTopic,
  deleteBefore,
  type Following,
  follow,
  inAnotherOrder,
  isDrill,
  newTopic,
  note,
  plainClient,
  randomFor,
} from '../support/faults.ts'
import { hasKafkaWithOptions, keptReport, startKafkaForTests } from '../support/kafka.ts'
import { startKafkaProxy } from '../support/kafka-proxy.ts'
import { answersOf, type Outcome, outcomeOf } from '../support/outcome.ts'
import { polledStory } from '../support/polled-story.ts'
import { openStoryLog } from '../support/story-log.ts'
import { expectSame, outcomeOfChanges } from '../support/uninterrupted.ts'

const POLLS = isDrill ? 120 : 30
const PARTITIONS = 4 // the two sources of the story are in different ones
const story = polledStory(POLLS).map(({ changes }) => changes)
const part = (from: number, until: number) => story.slice(POLLS * from, POLLS * until).flat()

describe.skipIf(!hasKafkaWithOptions())('faults while reading, on a real broker', () => {
  let proxy: Awaited<ReturnType<typeof startKafkaProxy>>
  let kafka: RunningKafka
  let admin: Admin
  let folder: string
  let topic: string
  let log: ChangeLog
  let expected: Outcome
  const opened: ChangeLog[] = []
  const following: Following[] = []
  beforeAll(async () => {
    proxy = await startKafkaProxy()
    const properties = { 'log.retention.check.interval.ms': '500', 'log.segment.delete.delay.ms': '100' }
    kafka = await startKafkaForTests({ proxyPort: proxy.port, properties })
    proxy.leadTo(kafka.behindProxy ?? 0)
    admin = plainClient(kafka).admin()
    await admin.connect()
  }, 180_000)
  afterAll(async () => {
    await admin?.disconnect()
    await kafka?.stop()
    await proxy?.stop()
  })
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'whohad-faults-'))
    topic = newTopic()
    log = await open()
    expected = await outcomeOfChanges(story.flat(), POLLS, folder)
  })
  afterEach(async () => {
    proxy.thaw()
    for (const one of following.splice(0)) await one.stop().catch(() => {}) // its failure was seen where it matters
    for (const one of opened.splice(0)) await one.close()
    await rm(folder, { recursive: true, force: true })
  })

  const open = async (brokers = kafka.brokers, report = keptReport().report) => {
    const one = await openStoryLog({ brokers, topic, partitions: PARTITIONS }, report)
    opened.push(one)
    return one
  }
  const followOn = (...args: Parameters<typeof follow>) => {
    const one = follow(...args)
    following.push(one)
    return one
  }
  async function isAsUninterrupted(read: Pick<ChangeLog, 'read'>, reader: Following): Promise<void> {
    await Promise.race([reader.settled(), reader.materialiser.done])
    expect(answersOf(reader.index, POLLS)).toEqual(expected.answers)
    expectSame(await outcomeOf(read, POLLS), expected)
  }

  test('a rebalance in the middle of a batch, and a stranger who keeps part of the partitions', async () => {
    const kept = keptReport()
    const taken: string[] = []
    let letGo = () => {}
    let isHeld = () => {}
    const held = new Promise<void>(resolve => {
      isHeld = resolve
    })
    const gone = new Promise<void>(resolve => {
      letGo = resolve
    })
    await log.append(part(0, 1 / 3))
    const reader = followOn(await open(kafka.brokers, kept.report), [], async batch => {
      taken.push(...batch.map(({ partition, offset }) => `${partition}/${offset}`))
      isHeld()
      await gone
    })
    await held
    const stranger = await joinGroupOf(await onlyReaderGroup())
    await log.append(part(1 / 3, 2 / 3))
    letGo()
    await log.append(part(2 / 3, 1))
    await isAsUninterrupted(log, reader)
    await stranger.disconnect()
    expect(new Set(taken).size).toBe(taken.length)
    expect(taken.length).toBe(story.flat().length)
    note(`rebalance: the client was seen with ${JSON.stringify(kept.faultNames())}`)
  }, 120_000)

  test('a stranger who joins while nothing happens: a new group has all partitions before anything is written', async () => {
    const kept = keptReport()
    const reader = followOn(await open(kafka.brokers, kept.report))
    await log.append(part(0, 1 / 2))
    await reader.settled()
    const left = await onlyReaderGroup()
    const stranger = await joinGroupOf(left)
    const group = await vi.waitFor(
      async () => {
        const now = await onlyReaderGroup(left)
        const [member] = (await admin.describeGroups([now])).groups[0]?.members ?? []
        const bytes = member?.memberAssignment ?? Buffer.alloc(0)
        const assigned = kafkajs.AssignerProtocol.MemberAssignment.decode(bytes)?.assignment[topic]
        expect(assigned).toHaveLength(PARTITIONS)
        return now
      },
      { timeout: 30_000, interval: 100 }, // the watch for stalls would need records that do not come
    )
    expect(group).not.toBe(left)
    await log.append(part(1 / 2, 1))
    await isAsUninterrupted(log, reader)
    expect(kept.faultNames()).toContain('shared-group')
    expect(kept.faultNames()).not.toContain('stalled')
    await stranger.disconnect()
  }, 120_000)

  /** Groups of readers are named at random: this is the one that is there. */
  async function onlyReaderGroup(but?: string): Promise<string> {
    const find = async () => {
      const { groups } = await admin.listGroups()
      const ids = groups.map(({ groupId }) => groupId).filter(id => id.startsWith('whohad-reader-') && id !== but)
      const living = (await admin.describeGroups(ids)).groups.filter(({ state }) => state === 'Stable')
      expect(living).toHaveLength(1)
      return living[0]?.groupId ?? ''
    }
    return vi.waitFor(find, { timeout: 30_000, interval: 50 })
  }

  async function joinGroupOf(groupId: string): Promise<kafkajs.Consumer> {
    const stranger = plainClient(kafka).consumer({ groupId })
    const assigned = new Promise<readonly number[]>(resolve => {
      stranger.on(stranger.events.GROUP_JOIN, ({ payload }) => resolve(payload.memberAssignment[topic] ?? []))
    })
    await stranger.connect()
    await stranger.subscribe({ topics: [topic] })
    await stranger.run({ eachMessage: async () => {} })
    expect((await assigned).length).toBeGreaterThan(0)
    return stranger
  }

  test('the same records twice: a second copy of the log behind the first changes nothing', async () => {
    const reader = followOn(await open())
    await log.append(story.flat())
    await isAsUninterrupted(log, reader)
    await log.append(story.flat())
    await isAsUninterrupted(log, reader)
    // The copies of the first epoch come behind the second one.
    expect(reader.fenced.length).toBeGreaterThan(0)
  }, 60_000)

  test('the same records twice and in another order', async () => {
    const random = randomFor('another order')
    const reader = followOn(inOtherBatches(await open()))
    for (let round = 0; round < (isDrill ? 10 : 1); round++) {
      await log.append(inAnotherOrder([...story.flat(), ...story.flat()], random))
      await isAsUninterrupted(log, reader)
    }
  }, 60_000)

  /** The log in parts of any size, those of the partitions in any order among each other. */
  function inOtherBatches(whole: ChangeLog): ChangeLog {
    const random = randomFor('other batches')
    return {
      ...whole,
      async *read({ from, signal }) {
        const place = [...(from ?? new Array<number>(PARTITIONS).fill(0))]
        for (; !signal.aborted; await sleep(20)) {
          const left = place.map((): LoggedChange[] => [])
          for await (const batch of whole.read({ from: [...place], follow: false, signal })) {
            for (const logged of batch) left[logged.partition]?.push(logged)
          }
          while (left.some(({ length }) => length > 0)) {
            const part = random.pick(left.filter(({ length }) => length > 0)).splice(0, random.integer(1, 9))
            for (const { partition, offset } of part) place[partition] = offset + 1
            yield part
          }
        }
      },
    }
  }

  describe('where retention has removed what a reader lacks', () => {
    let store: Store
    let history: History
    beforeEach(async () => {
      const parts = { clock: testClock, report: recordedReport().report }
      store = await openStore({ driver: 'chdb', path: join(folder, 'store') }, parts)
      await store.migrate()
      history = { end: () => store.changesEnd(), read: store.readChanges }
    })
    afterEach(() => store.close())
    const keep: ChangeSink = async batch => store.insertChanges(batch)

    test('segments deleted under a reader that lags: it is led to the store and back', async () => {
      const ahead = followOn(log, [keep])
      await log.append(part(0, 1 / 3))
      const kept = keptReport()
      const lagging = logWithHistory(await open(proxy.brokers, kept.report), history)
      const reader = followOn(lagging)
      await reader.settled()
      proxy.freeze()
      await log.append(part(1 / 3, 2 / 3))
      await ahead.settled()
      await deleteBefore(admin, topic, await log.end())
      await log.append(part(2 / 3, 1))
      await ahead.settled()
      proxy.thaw()
      await isAsUninterrupted(lagging, reader)
      expect(kept.faultNames()).toContain('position-lost')
    }, 60_000)

    if (isDrill) {
      test('segments that the broker’s own retention deletes, again and again, while a reader lags and catches up', async () => {
        const ahead = followOn(log, [keep])
        const lagging = logWithHistory(await open(proxy.brokers), history)
        const reader = followOn(lagging)
        await configureTopic(admin, topic, { 'segment.ms': '200', 'retention.ms': '500' })
        const starts: number[][] = []
        for (let round = 0; round < 8; round++) {
          await log.append(part(round / 8, (round + 1) / 8))
          await ahead.settled()
          if (round % 2 === 1) await reader.settled()
          else proxy.freeze()
          const before = await sumOf(log)
          if (round % 2 === 0) {
            const hasDeleted = async () => expect(await sumOf(log)).toBeGreaterThan(before)
            await vi.waitFor(hasDeleted, { timeout: 60_000, interval: 200 })
          }
          starts.push([...((await log.start?.()) ?? [])])
          proxy.thaw()
        }
        await isAsUninterrupted(lagging, reader)
        note(`retention: the log began at ${starts.map(start => start.join('/')).join(', ')}`)
      }, 240_000)
    }

    const sumOf = async ({ start }: ChangeLog) => ((await start?.()) ?? []).reduce((sum, offset) => sum + offset, 0)

    test('a reader that starts where nothing is left but the end: the store has the rest', async () => {
      const ahead = followOn(log, [keep])
      await log.append(part(0, 1 / 2))
      await ahead.settled()
      await deleteBefore(admin, topic, await log.end())
      await log.append(part(1 / 2, 1))
      await ahead.settled()
      const late = logWithHistory(await open(), history)
      await isAsUninterrupted(late, followOn(late))
    }, 60_000)
  })
})
