import { changestreamErrors } from '../errors.ts'
import type { DeadLetter, LoggedChange, Position, ReadOptions } from '../port.ts'
import {
  CARRIED_PARTITIONS,
  type CarriedRecord,
  carriedDecoder,
  carriedMessage,
  type Head,
  headDecoder,
  headMessage,
} from './carried-message.ts'
import { deleteBefore } from './delete-before.ts'
import { kafkaFailure } from './failure.ts'
import { askedOfNewTopic } from './new-topic.ts'
import { fetchOffsets, type Offsets } from './offsets.ts'
import { readKafka } from './reader.ts'
import type { ReaderParts } from './reader-parts.ts'
import type { RecordDecoder } from './records.ts'
import type { PlacedRecord } from './requests.ts'

/** A record to be kept, as it stands in the change stream. */
export type KeptMessage = Pick<LoggedChange, 'partition' | 'offset' | 'loggedAtMs'> & { readonly message: Uint8Array }

/** A head, and where it stands. */
export type PlacedHead = Head & { readonly offset: number }

export type CarriedTopicParts = {
  /** Of readers of this topic. */
  readonly reader: Omit<ReaderParts, 'partitions' | 'decoder'>
  /** Reads the messages of the change stream. */
  readonly stream: RecordDecoder
  /** Makes the topic where it is missing, and checks it. */
  readonly prepare: () => Promise<void>
  /** Resolves once all replicas have them. */
  readonly send: (records: readonly PlacedRecord[]) => Promise<void>
}

const { records: RECORDS, heads: HEADS, count: PARTITIONS } = CARRIED_PARTITIONS
const never = new AbortController().signal

/**
 * The topic beside the change stream with what outlived retention there. Each run writes its records and then a head; before the
 * head is there, nobody takes the records for anything. Any number of processes may write at once: the head that was first in
 * its turn counts.
 */
export class CarriedTopic {
  private readonly parts: CarriedTopicParts
  private isThere = false
  private seen: { readonly offsets: string; readonly head: PlacedHead | undefined } | undefined

  constructor(parts: CarriedTopicParts) {
    this.parts = parts
  }

  /** The newest one that counts, if any. @throws WHOHAD_STREAM_CARRIED_UNREADABLE */
  async head(): Promise<PlacedHead | undefined> {
    if (!(await this.exists())) return undefined
    const offsets = await this.offsets()
    const key = `${offsets.first[HEADS]}-${offsets.end[HEADS]}`
    if (this.seen?.offsets !== key) this.seen = { offsets: key, head: await this.findHead(offsets) }
    return this.seen.head
  }

  /** The one that was found last. */
  lastHead(): PlacedHead | undefined {
    return this.seen?.head
  }

  /** The records that a head stands for, with the places and times that they had, in the order of each partition. */
  async *read(head: PlacedHead, options: Pick<ReadOptions, 'signal' | 'onDeadLetter'>) {
    const { end } = await this.offsets()
    const last = new Map<number, number>()
    let records = 0
    // A batch that the producer repeated is here twice.
    const isNext = ({ run, partition, offset }: CarriedRecord) =>
      run === head.run && offset > (last.get(partition) ?? -1)
    const from = positionOf(head.firstOffset, end[HEADS] ?? 0)
    const decoder = carriedDecoder(this.parts.stream)
    for await (const batch of readKafka(this.reading(decoder), { ...this.strictly(options.signal), from })) {
      const changes: LoggedChange[] = []
      for (const { change: carried } of batch) {
        if (!isNext(carried)) continue
        const { partition, offset, loggedAtMs, decoded, payload } = carried
        last.set(partition, offset)
        records++
        if (decoded.change) changes.push({ change: decoded.change, partition, offset, loggedAtMs })
        else options.onDeadLetter?.({ partition, offset, reason: decoded.unreadable, payload })
      }
      if (changes.length > 0) yield changes
      if (records === head.records) return
    }
    if (options.signal.aborted || records === head.records) return
    throw this.unreadable(`of ${head.records} records ${records} are there`)
  }

  /** One past the last record that is there now: where those of a new run will be. */
  async nextOffset(): Promise<number> {
    if (!(await this.exists())) await this.parts.prepare()
    const { end } = await askedOfNewTopic(() => this.offsets())
    return end[RECORDS] ?? 0
  }

  async write(run: string, kept: readonly KeptMessage[]): Promise<void> {
    const records = kept.map(({ message, ...place }) => ({
      key: run,
      value: carriedMessage(run, place, message),
      partition: RECORDS,
    }))
    await this.parts.send(records)
  }

  /** Ends a run. Whether it counts, `head` says afterwards. */
  async writeHead(head: Head): Promise<void> {
    await this.parts.send([{ key: head.run, value: headMessage(head), partition: HEADS }])
  }

  /** Lets go of what stands before a head and its records. */
  async trim({ firstOffset, offset }: PlacedHead): Promise<void> {
    const { admin, cluster } = this.parts.reader
    const now = await this.offsets()
    const position = positionOf(firstOffset, offset)
    await this.asked('delete records from', () => deleteBefore(admin, cluster.topic, position, now))
  }

  private async findHead({ first, end }: Offsets): Promise<PlacedHead | undefined> {
    const from = positionOf(end[RECORDS] ?? 0, first[HEADS] ?? 0)
    let newest: PlacedHead | undefined
    for await (const batch of readKafka(this.reading(headDecoder), { ...this.strictly(never), from })) {
      for (const { change: head, partition, offset } of batch) {
        if (partition === HEADS && head.turn > (newest?.turn ?? 0)) newest = { ...head, offset }
      }
    }
    return newest
  }

  private async exists(): Promise<boolean> {
    const { admin, cluster } = this.parts.reader
    this.isThere ||= await this.asked('look for', async () => (await admin.listTopics()).includes(cluster.topic))
    return this.isThere
  }

  private offsets(): Promise<Offsets> {
    const { admin, cluster } = this.parts.reader
    return this.asked('find the bounds of', () => fetchOffsets(admin, cluster.topic, PARTITIONS))
  }

  private async asked<T>(doing: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      throw kafkaFailure(this.parts.reader.cluster, doing, error)
    }
  }

  private reading<T extends object>(decoder: RecordDecoder<T>): ReaderParts<T> {
    return { ...this.parts.reader, partitions: PARTITIONS, decoder }
  }

  private strictly(signal: AbortSignal) {
    const onDeadLetter = ({ reason }: DeadLetter) => {
      throw this.unreadable(reason)
    }
    return { follow: false, signal, onDeadLetter }
  }

  private unreadable(reason: string) {
    return changestreamErrors.carriedUnreadable({ topic: this.parts.reader.cluster.topic, reason })
  }
}

function positionOf(records: number, heads: number): Position {
  const position = new Array<number>(PARTITIONS).fill(0)
  position[RECORDS] = records
  position[HEADS] = heads
  return position
}
