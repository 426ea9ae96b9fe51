import { randomUUID } from 'node:crypto'
import type { Consumer, EachBatchPayload } from 'kafkajs'
import { changestreamErrors } from '../errors.ts'
import { Wakeup } from '../wakeup.ts'
import { RETRIES } from './client.ts'
import { findLostPosition, reportGap } from './gaps.ts'
import { FETCH_BYTES, type PackedMessage } from './own-wire.ts'
import type { ReadPlace } from './read-place.ts'
import type { ReaderParts } from './reader-parts.ts'
import { type FetchedBatch, unreadableCompression } from './record-batch.ts'
import { type Records, readRecords } from './records.ts'
import { StallWatch } from './stall-watch.ts'

export type Fetched<T> = Records<T> & {
  readonly partition: number
  /** One past the last offset that is in here or was passed over. */
  readonly next: number
}

/** The consumer has ended by itself. `retriable` is kafkajs's opinion of the cause. */
export class ConsumerDied extends Error {
  readonly retriable: boolean

  constructor(cause: unknown, retriable: boolean) {
    super('The consumer has ended.', { cause })
    this.name = 'ConsumerDied'
    this.retriable = retriable
  }
}

/** Somebody else is in the group and has a part of the topic: what is there would never come. */
class GroupShared extends Error {
  override readonly name = 'GroupShared'
}

/** While a batch waits for its taker, the group must hear of the reader more often than its session lasts (30 s). */
const HEARTBEAT_MS = 3_000
const LONGEST_WAIT_MS = 500
/** So many records may wait for the taker while the next fetch is on its way. */
const RECORDS_AHEAD = 20_000

/**
 * One consumer, and its callbacks turned into batches that are asked for. kafkajs has no manual assignment, so it is a group of
 * its own with a random name. Its offsets are neither committed nor trusted: `place` says where to go on, after every join.
 */
export class GroupReader<T extends object> {
  readonly consumer: Consumer
  private readonly parts: ReaderParts<T>
  private readonly place: ReadPlace
  private readonly watch: StallWatch
  private readonly waiting: Fetched<T>[] = []
  private recordsAhead = 0
  private failure: unknown
  private retriable = false
  private stopped = false
  private isGiving = false
  private readonly changed = new Wakeup()

  constructor(parts: ReaderParts<T>, place: ReadPlace) {
    this.parts = parts
    this.place = place
    this.consumer = parts.kafka.consumer({
      groupId: `whohad-reader-${randomUUID()}`,
      allowAutoTopicCreation: false,
      maxWaitTimeInMs: LONGEST_WAIT_MS,
      maxBytes: FETCH_BYTES,
      // Asked only where kafkajs would restart the consumer: it never does, whoever asked for the batches builds a new one.
      retry: { ...RETRIES, restartOnFailure: () => this.neverRestart() },
    })
    this.watch = new StallWatch(parts, place, () => this.seek())
  }

  async start(): Promise<void> {
    const { consumer } = this
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => this.joined(payload.memberAssignment))
    consumer.on(consumer.events.CRASH, ({ payload }) => this.fail(new ConsumerDied(payload.error, this.retriable)))
    consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload }) => this.passOverMarks(payload))
    await consumer.connect()
    // An offset that is out of range resets to the latest one without `fromBeginning`: a silent skip.
    await consumer.subscribe({ topics: [this.parts.cluster.topic], fromBeginning: true })
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: 1,
      eachBatch: payload => this.give(payload),
    })
  }

  /** The next batch; undefined once the signal is aborted. */
  async take(signal: AbortSignal): Promise<Fetched<T> | undefined> {
    let fetched = this.waiting.shift()
    while (fetched === undefined) {
      if (this.failure) throw this.failure
      if (signal.aborted) return undefined
      await this.waitOrLook(signal)
      fetched = this.waiting.shift()
    }
    this.recordsAhead -= fetched.changes.length
    this.place.handOut(fetched.partition, fetched.next)
    this.changed.wake()
    return fetched
  }

  stop(): void {
    this.stopped = true
    this.changed.wake()
  }

  private async waitOrLook(signal: AbortSignal): Promise<void> {
    let looking = false
    const timer = setTimeout(() => {
      looking = true
      this.changed.wake()
    }, this.parts.patience.stallMs)
    await this.changed.wait(signal)
    clearTimeout(timer)
    if (!looking || this.isGiving || this.waiting.length > 0 || this.failure || signal.aborted) return
    await this.watch.look()
  }

  private async neverRestart(): Promise<false> {
    this.retriable = true
    return false
  }

  /** A group is shared with nobody: where a part of the topic went to a stranger, a new group is begun at once. */
  private joined(assignment: Readonly<Record<string, readonly number[]>>): void {
    const { cluster, partitions, report } = this.parts
    const ours = assignment[cluster.topic]?.length ?? 0
    if (ours >= partitions) this.seek()
    else if (!this.stopped) {
      const detail = `the group gives this reader ${ours} of ${partitions} partitions`
      report.kafkaFault({ fault: 'shared-group', detail })
      this.fail(new GroupShared(detail))
    }
  }

  private seek(): void {
    if (this.stopped) return
    for (const [partition, offset] of this.place.expected.entries()) {
      this.consumer.seek({ topic: this.parts.cluster.topic, partition, offset: String(offset) })
    }
  }

  private fail(error: unknown): void {
    this.failure ??= error
    this.changed.wake()
  }

  private push(fetched: Fetched<T>): void {
    this.place.accept(fetched.partition, fetched.next)
    this.recordsAhead += fetched.changes.length
    this.waiting.push(fetched)
    this.changed.wake()
  }

  /** While it lasts, whatever it waits for (the taker, a schema), nothing comes, and that is no stall. */
  private async give(payload: EachBatchPayload): Promise<void> {
    this.isGiving = true
    try {
      await this.accept(payload)
    } finally {
      this.isGiving = false
    }
  }

  private async accept({ batch, resolveOffset, heartbeat, isStale, isRunning }: EachBatchPayload): Promise<void> {
    while (this.recordsAhead > RECORDS_AHEAD && !this.stopped) {
      await Promise.race([this.changed.wait(), pause(HEARTBEAT_MS)])
      await heartbeat()
    }
    if (this.stopped || isStale() || !isRunning()) return
    const { partition } = batch
    const expected = this.place.expected[partition] ?? 0
    const batches = batch.messages.map(message => (message as PackedMessage).packed)
    if (this.refuseCompression(batches)) return
    const first = batches[0]?.baseOffset ?? expected
    if (first > expected && !(await this.mayJump())) return
    // What a rejoin fetches again has been accepted already.
    const records = await readRecords(this.parts.decoder, partition, batches, expected)
    if (this.stopped || isStale()) return
    const next = Math.max(expected, Number(batch.lastOffset()) + 1)
    reportGap(this.parts.report, partition, expected, next - records.changes.length - records.letters.length)
    this.push({ partition, next, ...records })
    resolveOffset(batch.lastOffset())
  }

  private async mayJump(): Promise<boolean> {
    const lost = await findLostPosition(this.parts, this.place)
    if (lost) this.fail(lost)
    return lost === undefined
  }

  private refuseCompression(batches: readonly FetchedBatch[]): boolean {
    const reason = batches.map(unreadableCompression).find(name => name !== undefined)
    if (reason === undefined) return false
    this.fail(changestreamErrors.kafkaCompressionUnreadable({ topic: this.parts.cluster.topic, reason }))
    return true
  }

  /** Marks and leavings of transactions never come as a batch, and yet they are passed: the end may lie behind them. */
  private async passOverMarks(d: { partition: number; batchSize: number; lastOffset: string }): Promise<void> {
    const next = Number(d.lastOffset) + 1
    const expected = this.place.expected[d.partition] ?? 0
    if (this.stopped || d.batchSize > 0 || next <= expected) return
    if (!(await this.mayJump()) || this.stopped) return
    reportGap(this.parts.report, d.partition, expected, next)
    this.push({ partition: d.partition, next, changes: [], letters: [] })
  }
}

const pause = (ms: number) => new Promise<void>(resolve => setTimeout(resolve, ms).unref())
