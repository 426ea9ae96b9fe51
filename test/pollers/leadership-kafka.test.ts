import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { RunningKafka } from '../../scripts/kafka.mjs'
import { Fence } from '../../src/changestream/fence.ts'
import type { LoggedChange } from '../../src/changestream/port.ts'
import { toIp } from '../../src/ownership/address.ts'
import { createOwnershipIndex } from '../../src/ownership/ownership-index.ts'
import { newTopic } from '../support/faults.ts'
import { hasKafka, startKafkaForTests } from '../support/kafka.ts'
import { readAll } from '../support/retained-state.ts'
import type { RivalChild } from '../support/rival-child.ts'
import { openStoryLog } from '../support/story-log.ts'
import { killChildren, startTold, type ToldChild } from '../support/told-child.ts'

const SOURCE = 's'
const INTERVAL_MS = 1_000
const PARTITIONS = 2

describe.skipIf(!hasKafka)('two processes that poll one source, on a real broker', () => {
  let kafka: RunningKafka
  let folder: string
  beforeAll(async () => {
    kafka = await startKafkaForTests()
    folder = await mkdtemp(join(tmpdir(), 'whohad-rivals-'))
  }, 180_000)
  afterEach(killChildren)
  afterAll(async () => {
    await kafka?.stop()
    await rm(folder, { recursive: true, force: true })
  })

  test('one leads; paused, it is replaced; continued, it stands by, and what it wrote late changes no answer', async () => {
    const place = { brokers: kafka.brokers, topic: newTopic(), partitions: PARTITIONS }
    const given: RivalChild = { ...place, source: SOURCE, intervalMs: INTERVAL_MS }
    const log = await openStoryLog(place)
    const first = startTold('rival-child.ts', given, folder)
    await first.says(/^leads with 1$/)
    await polled(first, 2)
    const second = startTold('rival-child.ts', given, folder)
    await second.says(/^stands by for 1$/)
    await polled(first, 4)
    expect(second.said.filter(line => line.startsWith('leads'))).toEqual([])

    first.tell('hold')
    await first.says(/^holding$/)
    first.signal('SIGSTOP')
    await second.says(/^leads with 2$/)
    await polled(second, 3)
    first.tell('go')
    first.signal('SIGCONT')
    await first.says(/^superseded by 2$/)
    await first.says(/^stands by for 2$/)
    await polled(second, 8)

    const records = await readAll(log)
    expect(takeovers(records)).toEqual([1, 2])
    const counted = fenced(records)
    expect(answers(counted)).toEqual(answers(withoutLate(records)))
    expect(answers(counted).filter(said => said.startsWith('owned')).length).toBeGreaterThan(50)

    second.signal('SIGTERM')
    await second.says(/^done$/)
    await first.says(/^leads with 3$/)
    const after = first.said.filter(line => line === 'polled').length
    await polled(first, after + 2)
    expect(takeovers(await readAll(log))).toEqual([1, 2, 3])
    await log.close()
  }, 120_000)

  test('of two that start together one leads', async () => {
    const given: RivalChild = {
      brokers: kafka.brokers,
      topic: newTopic(),
      partitions: PARTITIONS,
      source: SOURCE,
      intervalMs: INTERVAL_MS,
    }
    const log = await openStoryLog(given)
    const rivals = [1, 2].map(() => startTold('rival-child.ts', given, folder))
    await Promise.race(rivals.map(rival => polled(rival, 6)))
    const leaders = rivals.filter(({ said }) => said.at(-1) === 'polled')
    const records = await readAll(log)
    const counted = progressIn(fenced(records))
    const last = counted.at(-1)?.revision.epoch
    expect(leaders).toHaveLength(1)
    // Under the epoch that counts nobody else has written: sequences are one poller's.
    const sequences = counted.filter(({ revision }) => revision.epoch === last).map(({ revision }) => revision.sequence)
    expect(new Set(sequences).size).toBe(sequences.length)
    await log.close()
  }, 120_000)
})

/** Waits until a process has polled so often. */
async function polled(child: ToldChild, times: number): Promise<void> {
  while (child.said.filter(line => line === 'polled').length < times) {
    if (!child.isAlive()) throw new Error(`ended: ${child.said.join(' | ')}`)
    await sleep(50)
  }
}

const takeovers = (records: readonly LoggedChange[]): readonly number[] =>
  records.flatMap(({ change }) =>
    change.record === 'source' && change.revision.sequence === 0 ? [change.revision.epoch] : [],
  )

/** What a reader lets count. */
function fenced(records: readonly LoggedChange[]): readonly LoggedChange[] {
  const fence = new Fence()
  return records.filter(({ change }) => fence.fencedBy(change) === undefined)
}

/** As if the first process had died when the second one took over. */
function withoutLate(records: readonly LoggedChange[]): readonly LoggedChange[] {
  const isOf =
    (epoch: number) =>
    ({ change }: LoggedChange) =>
      change.record !== 'horizon' && change.revision.epoch === epoch
  const takeover = records.findIndex(isOf(2))
  return records.filter((record, place) => place < takeover || !isOf(1)(record))
}

const progressIn = (records: readonly LoggedChange[]) =>
  records.flatMap(({ change }) => (change.record === 'progress' ? [change] : []))

/** Who had both addresses, every 100 ms of the polled time, by an index of these records. */
function answers(records: readonly LoggedChange[]): readonly string[] {
  const index = createOwnershipIndex()
  for (const { change } of records) index.apply(change)
  const marks = progressIn(records)
    .map(({ completeUpToMs }) => completeUpToMs)
    .filter(Number.isFinite)
  const said: string[] = []
  for (let atMs = Math.min(...marks); atMs < Math.max(...marks); atMs += 100) {
    for (const ip of ['10.0.0.1', '10.0.0.2'].map(text => toIp(text))) {
      if (ip === undefined) continue
      const { state, holding } = index.ask({
        domain: 'd1',
        ip,
        fromMs: atMs,
        untilMs: atMs + 1,
        nowMs: Math.max(...marks),
      })
      said.push(`${state} ${holding?.owner.application ?? ''}`)
    }
  }
  return said
}
