import { openEmbeddedLog } from '../../src/changestream/embedded/embedded-log.ts'
import { openKafkaLog } from '../../src/changestream/kafka/kafka-log.ts'
import type { ChangeLog } from '../../src/changestream/port.ts'
import { systemClock } from '../../src/runtime/clock.ts'

/** Where a log is, as a child process is told of it. */
export type Place =
  | { readonly adapter: 'embedded'; readonly folder: string }
  | {
      readonly adapter: 'kafka'
      readonly brokers: readonly string[]
      readonly topic: string
      readonly compression: 'gzip' | 'none'
    }

const SEGMENT_BYTES = 64 * 1024 * 1024

export function openPlace(place: Place): Promise<ChangeLog> {
  if (place.adapter === 'embedded') {
    const { folder } = place
    return openEmbeddedLog({ folder, segmentBytes: SEGMENT_BYTES, clock: systemClock, onTornTail: () => {} })
  }
  const { brokers, topic, compression } = place
  const said = (d: unknown) => console.error(JSON.stringify(d))
  return openKafkaLog({
    brokers,
    topic,
    compression,
    partitions: 4,
    replicationFactor: 1,
    report: { kafkaClientSaid: said, kafkaReaderRestarted: said, kafkaFault: said, kafkaTopicDoubtful: said },
  })
}
