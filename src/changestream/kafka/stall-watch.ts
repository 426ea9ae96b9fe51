import { changestreamErrors } from '../errors.ts'
import type { Position } from '../port.ts'
import { kafkaFailure } from './failure.ts'
import { checkPosition, fetchOffsets } from './offsets.ts'
import type { ReadPlace } from './read-place.ts'
import type { ReaderParts } from './reader-parts.ts'

/** A consumer to which nothing comes though the end is ahead: it is given up for a new one. */
class ConsumerStalled extends Error {
  override readonly name = 'ConsumerStalled'
}

/**
 * Looks at the topic's end while nothing comes. kafkajs can hang for ever at an offset whose records are gone (its issues 562,
 * 1072), and fetches on in silence where its place was reset. A place that is behind an end that an earlier look already saw is
 * a stall: first the consumer is made to seek, at the next look given up for a new one, then the reader fails.
 */
export class StallWatch {
  private readonly parts: ReaderParts<object>
  private readonly place: ReadPlace
  private readonly seek: () => void
  private seen: { readonly end: Position; readonly expected: Position } | undefined

  constructor(parts: ReaderParts<object>, place: ReadPlace, seek: () => void) {
    this.parts = parts
    this.place = place
    this.seek = seek
  }

  /** @throws WHOHAD_STREAM_POSITION_GONE, WHOHAD_KAFKA_TOPIC_GONE, WHOHAD_KAFKA_READER_STALLED, or what asks for a new consumer. */
  async look(): Promise<void> {
    const { admin, cluster, partitions, report } = this.parts
    const offsets = await fetchOffsets(admin, cluster.topic, partitions).catch(error => this.unseen(error))
    if (offsets === undefined) return
    const earlier = this.seen
    this.seen = { end: offsets.end, expected: [...this.place.expected] }
    // A new leader may learn of its true end a moment late: an end that lies behind us counts at the second look.
    const end = offsets.end.map((found, partition) =>
      Math.max(found, earlier?.end[partition] ?? Number.POSITIVE_INFINITY),
    )
    checkPosition(this.place.expected, { first: offsets.first, end }, report)
    const stuck = this.place.expected.findIndex(
      (offset, partition) => offset === earlier?.expected[partition] && offset < (earlier.end[partition] ?? 0),
    )
    if (stuck >= 0) this.answer(stuck, offsets.end[stuck] ?? 0)
  }

  /** Brokers that do not answer are no stall: the consumer will notice them by itself. */
  private unseen(error: unknown): undefined {
    const failure = kafkaFailure(this.parts.cluster, 'find the end of', error)
    if (failure.code === 'WHOHAD_KAFKA_TOPIC_GONE') throw failure
  }

  private answer(partition: number, end: number): void {
    const { report, cluster, patience } = this.parts
    const offset = this.place.expected[partition] ?? 0
    report.kafkaFault({ fault: 'stalled', detail: `partition ${partition} at offset ${offset}, end ${end}` })
    if (this.place.answered === 'nothing') {
      this.place.answered = 'seek'
      this.seek()
    } else if (this.place.answered === 'seek') {
      this.place.answered = 'rebuild'
      throw new ConsumerStalled(`nothing came from offset ${offset} of partition ${partition}`)
    } else {
      const seconds = Math.round((5 * patience.stallMs) / 1000) // two looks, one more, and two of the new consumer
      throw changestreamErrors.kafkaReaderStalled({ topic: cluster.topic, partition, offset, end, seconds })
    }
  }
}
