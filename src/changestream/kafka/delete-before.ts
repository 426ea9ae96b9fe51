import type { Admin } from 'kafkajs'
import type { Position } from '../port.ts'
import type { Offsets } from './offsets.ts'

/** Deletes the topic's records before a position; where they are gone already, nothing. `offsets` are those of the topic now. */
export async function deleteBefore(admin: Admin, topic: string, position: Position, { first }: Offsets): Promise<void> {
  const partitions = position.flatMap((offset, partition) =>
    offset > (first[partition] ?? 0) ? [{ partition, offset: String(offset) }] : [],
  )
  if (partitions.length > 0) await admin.deleteTopicRecords({ topic, partitions })
}
