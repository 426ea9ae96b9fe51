import { openEmbeddedLog } from '../../src/changestream/embedded/embedded-log.ts'
import { openKafkaLog } from '../../src/changestream/kafka/kafka-log.ts'
import type { Patience } from '../../src/changestream/kafka/patience.ts'
import type { ChangeLog } from '../../src/changestream/port.ts'
import type { KafkaReport } from '../../src/changestream/report.ts'
import { systemClock } from '../../src/runtime/clock.ts'

/** Where the story is told: a topic, or a folder. */
export type StoryLogPlace =
  | { readonly brokers: readonly string[]; readonly topic: string; readonly partitions: number }
  | { readonly folder: string }

/** Stalls are looked for often, and a reader begins anew at once: the tests bring about what makes it. */
export const QUICK: Partial<Patience> = { stallMs: 400, rebuilds: 50, firstDelayMs: 50, longestDelayMs: 500 }

export const quietKafka: KafkaReport = {
  kafkaClientSaid: () => {},
  kafkaReaderRestarted: () => {},
  kafkaFault: () => {},
  kafkaTopicDoubtful: () => {},
}

export function openStoryLog(place: StoryLogPlace, report: KafkaReport = quietKafka): Promise<ChangeLog> {
  if ('folder' in place) {
    return openEmbeddedLog({ ...place, segmentBytes: 32_768, clock: systemClock, onTornTail: () => {} })
  }
  return openKafkaLog({ ...place, patience: QUICK, report })
}
