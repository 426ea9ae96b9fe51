import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { RunningKafka } from '../../scripts/kafka.mjs'
import type { ChangeLog } from '../../src/changestream/port.ts'
import { adoptState } from '../../src/pollers/adopt.ts'
import { runPoller } from '../../src/pollers/run-poller.ts'
import { follow, isDrill, newTopic, note, randomFor } from '../support/faults.ts'
import { hasKafkaWithOptions, startKafkaForTests } from '../support/kafka.ts'
import { API, startKafkaProxy } from '../support/kafka-proxy.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { answersOf, outcomeOf } from '../support/outcome.ts'
import { STORY_SOURCES, STORY_START_MS } from '../support/polled-story.ts'
import type { ProducingChild } from '../support/producing-child.ts'
import { readAll } from '../support/retained-state.ts'
import { openStoryLog } from '../support/story-log.ts'
import { pollTimeMs, quietPolls, StoryPoller, setClock, storyInventory } from '../support/story-pollers.ts'
import { killChildren, startTold } from '../support/told-child.ts'
import { expectAsUninterrupted, pollsIn } from '../support/uninterrupted.ts'

const POLLS = isDrill ? 40 : 16
const OUTAGES = isDrill ? 3 : 1
const KILLS = isDrill ? 5 : 1
const PARTITIONS = 4 // the two sources of the story are in different ones
const SOURCE = STORY_SOURCES[0].source
const allPolls = Array.from({ length: POLLS }, (_, poll) => poll)
const never = new AbortController().signal

describe.skipIf(!hasKafkaWithOptions())('faults while polling, on a real broker', () => {
  let proxy: Awaited<ReturnType<typeof startKafkaProxy>>
  let kafka: RunningKafka
  let folder: string
  let topic: string
  let log: ChangeLog
  const opened: ChangeLog[] = []
  beforeAll(async () => {
    proxy = await startKafkaProxy()
    kafka = await startKafkaForTests({ proxyPort: proxy.port })
    proxy.leadTo(kafka.behindProxy ?? 0)
  }, 180_000)
  afterAll(async () => {
    await kafka?.stop()
    await proxy?.stop()
  })
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'whohad-faults-'))
    topic = newTopic()
    log = await open()
  })
  afterEach(async () => {
    killChildren()
    proxy.thaw()
    for (const one of opened.splice(0)) await one.close()
    await rm(folder, { recursive: true, force: true })
  })

  const open = async () => {
    const one = await openStoryLog({ brokers: kafka.brokers, topic, partitions: PARTITIONS })
    opened.push(one)
    return one
  }
  const producing = (brokers: readonly string[], rest: Pick<ProducingChild, 'from' | 'until' | 'stays'>) =>
    startTold('producing-child.ts', { brokers, topic, partitions: PARTITIONS, sourceNumber: 0, ...rest }, folder)

  /** Read anew, and followed meanwhile. */
  async function isAsUninterrupted(following: ReturnType<typeof follow>, sources: readonly string[] = [SOURCE]) {
    const { answers } = await expectAsUninterrupted(log, { polls: POLLS, sources, folder })
    await following.settled()
    expect(answersOf(following.index, POLLS)).toEqual(answers)
  }

  test(`broker stopped or killed and started ${OUTAGES}× while both sources are polled and an index follows`, async () => {
    const following = follow(await open())
    const outages = new Set(allPolls.filter(poll => poll > 0 && poll % Math.ceil(POLLS / (OUTAGES + 1)) === 0))
    const failures: unknown[] = []
    const pollThrough = async (sourceNumber: number) => {
      const clock = new ManualClock(STORY_START_MS)
      const inventory = storyInventory(sourceNumber, clock)
      const own = await open()
      let completed = 0
      async function* turns() {
        for (let before = -1; completed < POLLS; before = completed) {
          if (before === completed) await sleep(100) // the last attempt failed
          if (failures.length > 500) throw new Error('polling does not recover', { cause: failures.at(-1) })
          setClock(clock, pollTimeMs(completed))
          if (sourceNumber === 0 && outages.delete(completed)) outage = interrupt()
          yield 'poll' as const
        }
      }
      const report = {
        ...quietPolls,
        pollCompleted: () => completed++,
        publishFailed: ({ cause }: { cause: unknown }) => failures.push(cause),
        adoptFailed: ({ cause }: { cause: unknown }) => failures.push(cause),
      }
      const adopt = () => adoptState(inventory, own, clock, never)
      await runPoller(inventory, { log: own, clock, report, adopt, turns: turns() }, never)
    }
    let outage: Promise<void> = Promise.resolve()
    const signals: ('SIGTERM' | 'SIGKILL')[] = []
    const interrupt = async () => {
      // The last one, and with several every second one, gets no time to say good-bye or to write anything down.
      signals.push((OUTAGES - signals.length) % 2 === 1 ? 'SIGKILL' : 'SIGTERM')
      await kafka.halt?.(signals.at(-1))
      await sleep(isDrill ? 10_000 : 1_000)
      await kafka.resume?.()
    }
    await Promise.all(STORY_SOURCES.map((_, sourceNumber) => pollThrough(sourceNumber)))
    await outage
    expect(outages.size).toBe(0)
    expect(signals).toContain('SIGKILL')
    await isAsUninterrupted(
      following,
      STORY_SOURCES.map(({ source }) => source),
    )
    await following.stop()
    note(`broker ended ${OUTAGES} times (${signals.join(', ')}): ${failures.length} attempts to poll failed`)
  }, 300_000)

  test(`kill -9 of a poller between a poll’s claims and its progress, ${KILLS}×`, async () => {
    const random = randomFor('killed pollers')
    const following = follow(log)
    let from = 0
    for (let kill = 0; kill < KILLS; kill++) {
      const poll = random.integer(from + 2, Math.max(from + 3, Math.floor((POLLS * (kill + 1)) / (KILLS + 1))))
      const child = producing(kafka.brokers, { from, until: POLLS, stays: { where: 'between', poll } })
      await child.says(new RegExp(`^claims ${poll} of`))
      child.signal('SIGKILL')
      expect(await child.ended).toMatchObject({ signal: 'SIGKILL' })
      expect(pollsIn(await readAll(log), SOURCE)).toEqual(allPolls.slice(0, poll))
      from = poll
    }
    const successor = producing(kafka.brokers, { from, until: POLLS })
    await successor.says(/^done$/)
    expect(successor.said[0]).toBe(`took over with epoch ${KILLS + 1}`)
    await isAsUninterrupted(following)
    await following.stop()
  }, 180_000)

  test('a poller paused between send and acknowledgement: what it writes late changes no answer', async () => {
    const following = follow(log)
    const middle = POLLS / 2
    const stays = { where: 'before', poll: middle } as const
    const paused = producing(proxy.brokers, { from: 0, until: middle + 2, stays })
    await paused.says(new RegExp(`^before ${middle}$`))
    proxy.freeze()
    paused.tell('go')
    await vi.waitFor(() => expect(proxy.holds(API.produce)).toBe(true), { timeout: 30_000, interval: 10 })
    paused.signal('SIGSTOP')

    const successor = new StoryPoller(0, await open())
    expect(await successor.takeOver()).toBe(2)
    for (const poll of allPolls.slice(middle)) await successor.poll(poll)
    const before = await outcomeOf(log, POLLS)
    const end = await log.end()

    proxy.thaw()
    paused.signal('SIGCONT')
    await paused.says(/^done$/)
    const late = (await readAll(log)).filter(({ partition, offset }) => offset >= (end[partition] ?? 0))
    // The poll that was on its way, and one more: the predecessor knows of nothing.
    expect(late.filter(({ change }) => change.record === 'progress')).toHaveLength(2)
    expect(late.filter(({ change }) => change.record === 'claim').length).toBeGreaterThan(0)
    expect(await outcomeOf(log, POLLS)).toEqual(before)
    await isAsUninterrupted(following)
    expect(following.fenced).toHaveLength(late.length)
    await following.stop()
  }, 120_000)
})
