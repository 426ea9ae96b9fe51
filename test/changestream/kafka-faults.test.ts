import { randomUUID } from 'node:crypto'
import { statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import kafkajs, { type Admin } from 'kafkajs'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import type { RunningKafka } from '../../scripts/kafka.mjs'
import { openKafkaLog } from '../../src/changestream/kafka/kafka-log.ts'
import type { Patience } from '../../src/changestream/kafka/patience.ts'
import { idleChecksPrevented } from '../../src/changestream/kafka/quiet-timer.ts'
import type { ChangeLog } from '../../src/changestream/port.ts'
import { progressOf } from '../support/changes.ts'
import { configureTopic, deleteBefore } from '../support/faults.ts'
import { hasKafkaWithOptions, keptReport, startKafkaForTests } from '../support/kafka.ts'
import { API, emptyFetch, failedFetch, startKafkaProxy } from '../support/kafka-proxy.ts'

const TOPIC_AUTHORIZATION_FAILED = 29
const QUICK: Partial<Patience> = { stallMs: 400, rebuilds: 3, firstDelayMs: 10, longestDelayMs: 50 }

/** What kafkajs is known to do wrong: each met on a real broker, some through a proxy that rewrites its replies. */
describe.skipIf(!hasKafkaWithOptions())('known faults of the client', () => {
  let proxy: Awaited<ReturnType<typeof startKafkaProxy>>
  let kafka: RunningKafka
  let admin: Admin
  let writer: ChangeLog
  let topic: string
  let stop: AbortController
  const opened: ChangeLog[] = []

  beforeAll(async () => {
    proxy = await startKafkaProxy()
    kafka = await startKafkaForTests({ proxyPort: proxy.port, properties: { 'log.cleaner.backoff.ms': '100' } })
    proxy.leadTo(kafka.behindProxy ?? 0)
    admin = client().admin()
    await admin.connect()
  }, 180_000)
  afterAll(async () => {
    await admin?.disconnect()
    await kafka?.stop()
    await proxy?.stop()
  })
  afterEach(async () => {
    stop?.abort()
    proxy.rewriteReplies(undefined)
    proxy.thaw()
    for (const log of opened.splice(0)) await log.close()
  })

  const client = () =>
    new kafkajs.Kafka({ clientId: 'test', brokers: [...kafka.brokers], logLevel: kafkajs.logLevel.NOTHING })
  const openAt = async (brokers: readonly string[], kept = keptReport(), patience = QUICK) => {
    const log = await openKafkaLog({ brokers, topic, partitions: 1, patience, report: kept.report })
    opened.push(log)
    return log
  }
  /** A new topic with one writer; `write(n)` appends the sequences after the last one. */
  const begin = async () => {
    topic = `whohad.test.${randomUUID()}`
    stop = new AbortController()
    writer = await openAt(kafka.brokers)
    let last = 0
    return async (count: number) => {
      await writer.append(Array.from({ length: count }, () => progressOf('ec2/a', 1, ++last)))
    }
  }
  const follow = (log: ChangeLog, from?: readonly number[]) =>
    log.read({ follow: true, signal: stop.signal, ...(from && { from }) })[Symbol.asyncIterator]()
  /** Sequences up to and including `last`. */
  const upTo = async (last: number, reading: ReturnType<typeof follow>) => {
    const seen: number[] = []
    while ((seen.at(-1) ?? 0) < last) {
      const { value, done } = await reading.next()
      if (done) break
      for (const { change } of value) if (change.record === 'progress') seen.push(change.revision.sequence)
    }
    return seen
  }
  test('an idle connection sets no timer: the patch is in force and counts', async () => {
    await begin()
    const { prototype } = createRequire(import.meta.url)('kafkajs/src/network/requestQueue')
    expect(idleChecksPrevented()).toBeGreaterThan(0)
    const { checkPendingRequests } = prototype
    let checks = 0
    prototype.checkPendingRequests = function counted() {
      checks++
      checkPendingRequests.call(this)
    }
    await new Promise(resolve => setTimeout(resolve, 300))
    prototype.checkPendingRequests = checkPendingRequests
    expect(checks).toBe(0)
  })

  test('a consumer that has died for good is replaced at the same place, counted', async () => {
    const write = await begin()
    const kept = keptReport()
    const reading = follow(await openAt(proxy.brokers, kept))
    await write(3)
    expect(await upTo(3, reading)).toEqual([1, 2, 3])
    let failures = 2
    proxy.rewriteReplies((apiKey, body) =>
      apiKey === API.fetch && failures-- > 0 ? failedFetch(TOPIC_AUTHORIZATION_FAILED)(apiKey, body) : body,
    )
    const more = upTo(6, reading)
    await write(3)
    expect(await more).toEqual([4, 5, 6])
    expect(kept.faultNames()).toContain('died')
    // A new broker's coordinator may refuse the first reader, too: that can pass, and is a restart without a death.
    expect(kept.restarts.length).toBeGreaterThanOrEqual(kept.faults.length)
  })

  test('one that dies every time makes the reader fail, after as many attempts as there may be', async () => {
    const write = await begin()
    await write(1)
    const kept = keptReport()
    proxy.rewriteReplies(failedFetch(TOPIC_AUTHORIZATION_FAILED))
    await expect(upTo(1, follow(await openAt(proxy.brokers, kept)))).rejects.toMatchObject({
      code: 'WHOHAD_KAFKA_FAILED',
      message: expect.stringMatching(/authoriz/i),
    })
    expect(kept.restarts).toHaveLength(3)
    expect(kept.faultNames()).toEqual(['died', 'died', 'died', 'died'])
  })

  test('a broker that goes away for a while is waited for, and nothing is lost or doubled', async () => {
    const write = await begin()
    const reading = follow(await openAt(kafka.brokers))
    await write(3)
    expect(await upTo(3, reading)).toEqual([1, 2, 3])
    const more = upTo(6, reading)
    await kafka.halt?.()
    await kafka.resume?.()
    await write(3)
    expect(await more).toEqual([4, 5, 6])
  }, 120_000)

  test('a consumer to which nothing comes though the end is ahead is made to seek, and goes on', async () => {
    const write = await begin()
    const kept = keptReport()
    const reading = follow(await openAt(proxy.brokers, kept))
    await write(2)
    expect(await upTo(2, reading)).toEqual([1, 2])
    proxy.rewriteReplies((apiKey, body) => (kept.faults.length === 0 ? emptyFetch(apiKey, body) : body))
    await write(2)
    expect(await upTo(4, reading)).toEqual([3, 4])
    expect(kept.faultNames()).toEqual(['stalled'])
    expect(kept.restarts).toEqual([])
  })

  test('where seeking does not help it is replaced, and goes on', async () => {
    const write = await begin()
    await write(2)
    const kept = keptReport()
    proxy.rewriteReplies((apiKey, body) => (kept.restarts.length === 0 ? emptyFetch(apiKey, body) : body))
    expect(await upTo(2, follow(await openAt(proxy.brokers, kept)))).toEqual([1, 2])
    expect(kept.faultNames()).toEqual(['stalled', 'stalled'])
    expect(kept.restarts).toHaveLength(1)
  })

  test('where nothing helps the reader fails, and says where it stood', async () => {
    const write = await begin()
    await write(2)
    const kept = keptReport()
    proxy.rewriteReplies(emptyFetch)
    await expect(upTo(2, follow(await openAt(proxy.brokers, kept), [1]))).rejects.toMatchObject({
      code: 'WHOHAD_KAFKA_READER_STALLED',
      message: expect.stringMatching(/offset 1 of partition 0.*goes up to 2/),
    })
    expect(kept.faultNames()).toEqual(['stalled', 'stalled', 'stalled'])
  })

  test('an idle reader at the end is no stall', async () => {
    const write = await begin()
    const kept = keptReport()
    const reading = follow(await openAt(kafka.brokers, kept))
    await write(1)
    expect(await upTo(1, reading)).toEqual([1])
    const more = upTo(2, reading)
    await new Promise(resolve => setTimeout(resolve, 5 * 400))
    await write(1)
    expect(await more).toEqual([2])
    expect(kept.faults).toEqual([])
  })

  test.each([
    ['some records are left', 5],
    ['none is left', 6],
  ])('records that retention removes under a lagging reader are never skipped, where %s', async (_, firstLeft) => {
    const write = await begin()
    const kept = keptReport()
    const reading = follow(await openAt(proxy.brokers, kept))
    await write(2)
    expect(await upTo(2, reading)).toEqual([1, 2])
    proxy.freeze()
    const more = upTo(7, reading)
    for (let i = 0; i < 4; i++) await write(1) // a batch each: what is left of a batch is there as a whole
    await deleteBefore(admin, topic, [firstLeft])
    proxy.thaw()
    await expect(more).rejects.toMatchObject({ code: 'WHOHAD_STREAM_POSITION_GONE' })
    expect(kept.faultNames()).toEqual(['position-lost'])
  })

  test('offsets that compaction has emptied do not hold a reader for ever: it passes them, counted', async () => {
    await begin()
    const small = { 'segment.bytes': String(1024 * 1024), 'min.cleanable.dirty.ratio': '0.01' }
    await configureTopic(admin, topic, { 'cleanup.policy': 'compact', ...small })
    // The cleaner keeps the last batch of each producer though it has emptied it, here one to a segment: kafkajs alone stays there.
    for (let sequence = 1; sequence <= 4; sequence++) {
      const producer = client().producer({ idempotent: true, maxInFlightRequests: 1 })
      await producer.connect()
      await producer.send({ topic, messages: [{ key: 'ec2/a', value: Buffer.alloc(700 * 1024), partition: 0 }] })
      await producer.disconnect()
    }
    const segment = join(kafka.dataFolder ?? '', `${topic}-0`, '00000000000000000000.log')
    await vi.waitFor(() => expect(statSync(segment).size).toBeLessThan(1000), { timeout: 50_000, interval: 100 })
    const kept = keptReport()
    await configureTopic(admin, topic, { 'cleanup.policy': 'delete', 'message.timestamp.type': 'LogAppendTime' })
    const log = await openAt(kafka.brokers, kept)
    const left: number[] = []
    const onDeadLetter = ({ offset }: { offset: number }) => left.push(offset)
    for await (const _ of log.read({ follow: false, signal: stop.signal, onDeadLetter }));
    expect(left.at(-1)).toBe(3)
    expect(left).not.toContain(0)
    expect(new Set(kept.faultNames())).toEqual(new Set(['gap']))
  }, 90_000)

  test('records that the broker has compressed otherwise are told of, and not passed over', async () => {
    const write = await begin()
    const log = await openAt(kafka.brokers)
    await configureTopic(admin, topic, { 'compression.type': 'snappy' })
    const reading = upTo(Number.POSITIVE_INFINITY, follow(log))
    const isTold = reading.then(
      () => true,
      () => true,
    )
    // The broker goes by a setting some time after it has taken it.
    while (!(await Promise.race([isTold, sleep(50, false)]))) await write(1)
    await expect(reading).rejects.toMatchObject({
      code: 'WHOHAD_KAFKA_COMPRESSION_UNREADABLE',
      message: expect.stringMatching(/snappy.*compression\.type/),
    })
  }, 30_000)

  test('a topic that was made anew, and is shorter, is no place to go on', async () => {
    const write = await begin()
    const kept = keptReport()
    const reading = follow(await openAt(kafka.brokers, kept))
    await write(3)
    expect(await upTo(3, reading)).toEqual([1, 2, 3])
    const more = upTo(4, reading)
    await admin.deleteTopics({ topics: [topic] })
    await openAt(kafka.brokers)
    await expect(more).rejects.toMatchObject({
      code: expect.stringMatching(/^WHOHAD_(STREAM_POSITION_GONE|KAFKA_TOPIC_GONE)$/),
    })
  }, 60_000)

  test('a deleted topic fails its writers and readers with a sentence, and nobody else', async () => {
    const write = await begin()
    const kept = keptReport()
    const log = await openAt(kafka.brokers, kept)
    await write(1)
    const gone = { code: 'WHOHAD_KAFKA_TOPIC_GONE', message: expect.stringContaining(topic) }
    // Awaited from the beginning: the reader may be told before the request to delete the topic has its reply.
    const reading = expect(upTo(2, follow(log))).rejects.toMatchObject(gone)
    await admin.deleteTopics({ topics: [topic] })
    await Promise.all([expect(log.append([progressOf('ec2/a', 1, 2)])).rejects.toMatchObject(gone), reading])
    expect(kept.faultNames()).toContain('topic-gone')
    const writeElsewhere = await begin()
    await writeElsewhere(1)
  }, 60_000)

  test('a disconnect that takes too long is left to itself', async () => {
    const write = await begin()
    const kept = keptReport()
    const reading = follow(await openAt(proxy.brokers, kept, { ...QUICK, disconnectMs: 50 }))
    await write(1)
    expect(await upTo(1, reading)).toEqual([1])
    proxy.freeze()
    await reading.return?.(undefined)
    expect(kept.faults).toEqual([{ fault: 'late-disconnect', detail: 'a consumer' }])
  })

  test('the marks of another writer’s transaction are passed, counted, and can be the end', async () => {
    const write = await begin()
    await write(1)
    const producer = client().producer({ transactionalId: randomUUID(), maxInFlightRequests: 1, idempotent: true })
    await producer.connect()
    const transaction = await producer.transaction()
    await transaction.send({ topic, messages: [{ value: 'foreign', partition: 0 }] })
    await transaction.commit()
    await producer.disconnect()
    const kept = keptReport()
    const log = await openAt(kafka.brokers, kept)
    const readAll = async () => {
      const seen: number[] = []
      for await (const batch of log.read({ follow: false, signal: stop.signal }))
        seen.push(...batch.map(({ offset }) => offset))
      return seen
    }
    expect(await readAll()).toEqual([0])
    await write(1)
    expect(await readAll()).toEqual([0, 3])
    expect(kept.faultNames()).toEqual(['gap', 'gap'])
  }, 60_000)
})
