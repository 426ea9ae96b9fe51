import { hasReached, type ReadOptions } from '../port.ts'
import { disconnect } from './client.ts'
import { kafkaFailure } from './failure.ts'
import { ConsumerDied, type Fetched, GroupReader } from './group-reader.ts'
import { checkPosition, fetchOffsets } from './offsets.ts'
import { ReadPlace } from './read-place.ts'
import type { ReaderParts } from './reader-parts.ts'
import type { Placed } from './records.ts'

/** Everything from a position on, in the order of each partition; what is not there any more is an error, never a skip. */
export async function* readKafka<T extends object>(
  parts: ReaderParts<T>,
  options: ReadOptions,
): AsyncGenerator<readonly Placed<T>[]> {
  const { admin, cluster, partitions, report } = parts
  const offsets = await fetchOffsets(admin, cluster.topic, partitions).catch(error => {
    throw kafkaFailure(cluster, 'read', error)
  })
  const from = options.from ?? offsets.first
  checkPosition(from, offsets, report)
  if (!options.follow && hasReached(from, offsets.end)) return
  const place = new ReadPlace(from)
  const reader = new SupervisedReader(parts, place, options.follow)
  try {
    while (!options.signal.aborted && (options.follow || !hasReached(place.handedOut, offsets.end))) {
      const fetched = await reader.take(options.signal)
      if (fetched === undefined) return
      for (const letter of fetched.letters) options.onDeadLetter?.(letter)
      if (fetched.changes.length > 0) yield fetched.changes
    }
  } finally {
    await reader.stop()
  }
}

/**
 * kafkajs ends a consumer at the first error that it takes for final, and the process lives on without it; one that it takes
 * for passing it restarts for ever. Here every end leads to a new consumer at the same place, after a growing delay:
 * `patience.rebuilds` times in a row without a record between, and without a bound where a follower meets what time can heal.
 */
class SupervisedReader<T extends object> {
  private readonly parts: ReaderParts<T>
  private readonly place: ReadPlace
  private reader: GroupReader<T> | undefined
  private readonly follow: boolean
  private attempts = 0

  constructor(parts: ReaderParts<T>, place: ReadPlace, follow: boolean) {
    this.parts = parts
    this.place = place
    this.follow = follow
  }

  /** Resolves to undefined once the signal is aborted. */
  async take(signal: AbortSignal): Promise<Fetched<T> | undefined> {
    while (!signal.aborted) {
      try {
        this.reader ??= await this.build()
        const fetched = await this.reader.take(signal)
        if (fetched) this.attempts = 0
        return fetched
      } catch (error) {
        await this.stop()
        await this.mayBeginAgain(error, signal)
      }
    }
    return undefined
  }

  async stop(): Promise<void> {
    const { reader } = this
    this.reader = undefined
    if (reader === undefined) return
    reader.stop()
    const { report, patience } = this.parts
    await disconnect('a consumer', reader.consumer, report, patience.disconnectMs)
  }

  private async build(): Promise<GroupReader<T>> {
    this.place.goBackToHandedOut()
    const reader = new GroupReader<T>(this.parts, this.place)
    try {
      await reader.start()
    } catch (error) {
      reader.stop()
      await disconnect('a consumer', reader.consumer, this.parts.report, this.parts.patience.disconnectMs)
      throw error
    }
    return reader
  }

  private async mayBeginAgain(error: unknown, signal: AbortSignal): Promise<void> {
    const { cluster, report, patience } = this.parts
    const died = error instanceof ConsumerDied
    const failure = kafkaFailure(cluster, 'read', died ? error.cause : error)
    if (died && !error.retriable) report.kafkaFault({ fault: 'died', detail: failure.message })
    if (HOPELESS.has(failure.code)) {
      if (failure.code === 'WHOHAD_KAFKA_TOPIC_GONE') report.kafkaFault({ fault: 'topic-gone', detail: cluster.topic })
      throw failure
    }
    this.attempts++
    const passing = PASSING.has(failure.code) || (died && error.retriable)
    if (this.attempts > patience.rebuilds && !(passing && this.follow)) throw failure
    report.kafkaReaderRestarted({ reason: failure.message, attempt: this.attempts })
    const longestMs = Math.min(patience.longestDelayMs, patience.firstDelayMs * 2 ** (this.attempts - 1))
    await sleep(longestMs * (0.5 + Math.random() / 2), signal)
  }
}

/** What time alone can heal, besides what kafkajs says can pass. */
const PASSING = new Set([
  'WHOHAD_KAFKA_UNREACHABLE',
  'WHOHAD_KAFKA_TLS_FAILED',
  'WHOHAD_KAFKA_TOKEN_UNAVAILABLE',
  'WHOHAD_KAFKA_CREDENTIALS_UNAVAILABLE',
])

/** What a new consumer would meet again. */
const HOPELESS = new Set([
  'WHOHAD_STREAM_POSITION_GONE',
  'WHOHAD_KAFKA_TOPIC_GONE',
  'WHOHAD_KAFKA_COMPRESSION_UNREADABLE',
  'WHOHAD_KAFKA_READER_STALLED',
])

const sleep = (ms: number, signal: AbortSignal) =>
  new Promise<void>(resolve => {
    if (signal.aborted) return resolve()
    const end = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    signal.addEventListener('abort', end, { once: true })
  })
