import { randomUUID } from 'node:crypto'
import type { Admin, Consumer, EachBatchPayload, Kafka, KafkaMessage } from 'kafkajs'
import { decodeChange } from '../codec.ts'
import { type DeadLetter, hasReached, type LoggedChange, type Position, type ReadOptions } from '../port.ts'
import type { KafkaReport } from '../report.ts'
import { Wakeup } from '../wakeup.ts'
import { type Cluster, kafkaFailure } from './client.ts'
import { checkPosition, fetchOffsets } from './offsets.ts'

export type ReaderParts = {
  readonly kafka: Kafka
  readonly admin: Admin
  readonly cluster: Cluster
  readonly partitions: number
  readonly report: KafkaReport
}

/** While a batch waits for its taker, the group must hear of the reader more often than its session lasts (30 s). */
const HEARTBEAT_MS = 3_000
const LONGEST_WAIT_MS = 500

/**
 * kafkajs has no manual assignment, so each reader is a group of its own with a random name. Its offsets are neither
 * committed nor trusted: where to go on is kept here, and asked for again after every join.
 */
export async function* readKafka(parts: ReaderParts, options: ReadOptions): AsyncGenerator<readonly LoggedChange[]> {
  const { kafka, admin, cluster, partitions } = parts
  const offsets = await fetchOffsets(admin, cluster.topic, partitions).catch(error => {
    throw kafkaFailure(cluster, 'read', error)
  })
  const from = options.from ?? offsets.first
  checkPosition(from, offsets)
  if (!options.follow && hasReached(from, offsets.end)) return
  const consumer = kafka.consumer({
    groupId: `whohad-reader-${randomUUID()}`,
    allowAutoTopicCreation: false,
    maxWaitTimeInMs: LONGEST_WAIT_MS,
  })
  const reader = new GroupReader(parts, consumer, from)
  try {
    await reader.start().catch(error => {
      throw kafkaFailure(cluster, 'read', error)
    })
    while (!options.signal.aborted && (options.follow || !hasReached(reader.handedOut, offsets.end))) {
      const fetched = await reader.take(options.signal)
      if (fetched === undefined) return
      for (const letter of fetched.letters) options.onDeadLetter?.(letter)
      if (fetched.changes.length > 0) yield fetched.changes
    }
  } finally {
    reader.stop()
    await consumer.disconnect()
  }
}

type Fetched = {
  readonly partition: number
  /** One past the last offset that is in here or was passed over. */
  readonly next: number
  readonly changes: readonly LoggedChange[]
  readonly letters: readonly DeadLetter[]
}

/** Turns kafkajs's callbacks into batches that are asked for: at most one waits, and kafkajs waits with it. */
class GroupReader {
  /** By partition, one past what `take` has given. */
  readonly handedOut: number[]
  /** By partition, the next offset to accept; ahead of `handedOut` by the batch that waits. */
  private readonly expected: number[]
  private readonly parts: ReaderParts
  private readonly consumer: Consumer
  private waiting: Fetched | undefined
  private failure: Error | undefined
  private stopped = false
  private readonly changed = new Wakeup()

  constructor(parts: ReaderParts, consumer: Consumer, from: Position) {
    this.parts = parts
    this.consumer = consumer
    this.handedOut = [...from]
    this.expected = [...from]
  }

  async start(): Promise<void> {
    const { consumer } = this
    const { topic } = this.parts.cluster
    consumer.on(consumer.events.GROUP_JOIN, () => this.seek())
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      if (payload.restart) this.parts.report.kafkaReaderRestarted({ reason: payload.error.message })
      else this.fail(payload.error)
    })
    await consumer.connect()
    // An offset that is out of range resets to the latest one without `fromBeginning`: a silent skip.
    await consumer.subscribe({ topics: [topic], fromBeginning: true })
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: 1,
      eachBatch: payload => this.give(payload),
    })
  }

  async take(signal: AbortSignal): Promise<Fetched | undefined> {
    while (this.waiting === undefined) {
      if (this.failure) throw this.failure
      if (signal.aborted) return undefined
      await this.changed.wait(signal)
    }
    const fetched = this.waiting
    this.waiting = undefined
    this.handedOut[fetched.partition] = fetched.next
    this.changed.wake()
    return fetched
  }

  stop(): void {
    this.stopped = true
    this.changed.wake()
  }

  private seek(): void {
    for (const [partition, offset] of this.expected.entries()) {
      this.consumer.seek({ topic: this.parts.cluster.topic, partition, offset: String(offset) })
    }
  }

  private fail(error: unknown): void {
    this.failure = kafkaFailure(this.parts.cluster, 'read', error)
    this.changed.wake()
  }

  private async give({ batch, resolveOffset, heartbeat, isStale, isRunning }: EachBatchPayload): Promise<void> {
    while (this.waiting !== undefined && !this.stopped) {
      await Promise.race([this.changed.wait(), pause(HEARTBEAT_MS)])
      await heartbeat()
    }
    if (this.stopped || isStale() || !isRunning()) return
    const { partition } = batch
    const expected = this.expected[partition] ?? 0
    // What a rejoin fetches again has been handed out already.
    const messages = batch.messages.filter(({ offset }) => Number(offset) >= expected)
    const first = Number(messages[0]?.offset ?? expected)
    if (first > expected && !(await this.mayJump(partition, expected))) return
    const next = Math.max(expected, Number(batch.lastOffset()) + 1)
    this.expected[partition] = next
    this.waiting = { partition, next, ...sort(partition, messages) }
    resolveOffset(batch.lastOffset())
    this.changed.wake()
  }

  /** A gap is either a mark of the broker's own, or history that retention has removed under a slow reader. */
  private async mayJump(partition: number, expected: number): Promise<boolean> {
    const { admin, cluster, partitions } = this.parts
    const offsets = await fetchOffsets(admin, cluster.topic, partitions)
    if (expected >= (offsets.first[partition] ?? 0)) return true
    try {
      checkPosition(this.expected, offsets)
    } catch (error) {
      this.fail(error)
    }
    return false
  }
}

function sort(partition: number, messages: readonly KafkaMessage[]): Pick<Fetched, 'changes' | 'letters'> {
  const changes: LoggedChange[] = []
  const letters: DeadLetter[] = []
  for (const message of messages) {
    const offset = Number(message.offset)
    const value = message.value ?? new Uint8Array()
    const { change, unreadable } = decodeChange(value)
    if (change) changes.push({ change, partition, offset, loggedAtMs: Number(message.timestamp) })
    else letters.push({ partition, offset, reason: unreadable, payload: Uint8Array.from(value.subarray(0, 256)) })
  }
  return { changes, letters }
}

const pause = (ms: number) => new Promise<void>(resolve => setTimeout(resolve, ms).unref())
