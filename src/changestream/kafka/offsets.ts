import type { Admin } from 'kafkajs'
import type { Millis } from '../../ownership/window.ts'
import { changestreamErrors } from '../errors.ts'
import type { Position } from '../port.ts'
import type { KafkaReport } from '../report.ts'
import { askedOfLeaders } from './new-topic.ts'

/** For each partition the first offset that is still there, and one past the last. */
export type Offsets = { readonly first: Position; readonly end: Position }

export async function fetchOffsets(
  admin: Pick<Admin, 'fetchTopicOffsets'>,
  topic: string,
  partitions: number,
): Promise<Offsets> {
  const found = await askedOfLeaders(() => admin.fetchTopicOffsets(topic))
  return {
    first: byPartition(found, partitions, ({ low }) => low),
    end: byPartition(found, partitions, ({ high }) => high),
  }
}

/** By partition the offset of the first record that was logged at this time or later; the end where there is none. */
export async function offsetsFrom(admin: Admin, topic: string, partitions: number, atMs: Millis): Promise<Position> {
  const found = await askedOfLeaders(() => admin.fetchTopicOffsetsByTimestamp(topic, atMs))
  return byPartition(found, partitions, ({ offset }) => offset)
}

function byPartition<T extends { readonly partition: number }>(
  found: readonly T[],
  partitions: number,
  pick: (offsets: T) => string,
): Position {
  return Array.from({ length: partitions }, (_, partition) => {
    const offsets = found.find(entry => entry.partition === partition)
    return offsets ? Number(pick(offsets)) : 0
  })
}

/**
 * @throws WHOHAD_STREAM_POSITION_GONE where retention has removed a record between `from` and what is there, or where the topic
 * ends before it.
 */
export function checkPosition(from: Position, { first, end }: Offsets, report: KafkaReport): void {
  for (const [partition, offset] of from.entries()) {
    const known = { partition, offset, first: first[partition] ?? 0, end: end[partition] ?? 0 }
    if (offset >= known.first && offset <= known.end) continue
    const detail = `partition ${partition} at offset ${offset}, there is ${known.first} up to ${known.end}`
    report.kafkaFault({ fault: 'position-lost', detail })
    throw changestreamErrors.positionGone(known)
  }
}
