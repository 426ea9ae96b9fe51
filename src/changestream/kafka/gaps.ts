import type { KafkaReport } from '../report.ts'
import { checkPosition, fetchOffsets } from './offsets.ts'
import type { ReadPlace } from './read-place.ts'
import type { ReaderParts } from './reader-parts.ts'

/**
 * A jump is over marks of the broker's own, or over history that retention has removed under a slow reader: which of them,
 * the topic's first offsets say. Returns the error of the second.
 */
export async function findLostPosition(parts: ReaderParts<object>, place: ReadPlace): Promise<unknown> {
  const { admin, cluster, partitions, report } = parts
  const offsets = await fetchOffsets(admin, cluster.topic, partitions)
  try {
    checkPosition(place.expected, offsets, report)
    return undefined
  } catch (error) {
    return error
  }
}

/** `filledUpTo` is where the records from `expected` on would end if no offset were missing among them. */
export function reportGap(report: KafkaReport, partition: number, expected: number, filledUpTo: number): void {
  if (filledUpTo <= expected) return
  const detail = `partition ${partition}: ${filledUpTo - expected} offsets without a record, not far behind ${expected}`
  report.kafkaFault({ fault: 'gap', detail })
}
