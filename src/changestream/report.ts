import type { DeadLetter } from './port.ts'

/** What a reader of the change stream wants known; the CLI makes log lines and metrics of it. */
export type MaterialiserReport = {
  /** A paused or replaced writer went on writing: its record was kept out of the index. */
  fencedWrite(d: FencedWrite): void
  /** A record could not be read and was passed over. */
  deadLetter(letter: DeadLetter): void
  /** The store ends before the log begins: retention removed records that it never got. */
  sinkLacks(d: { readonly partition: number; readonly from: number; readonly until: number }): void
}

export type CheckpointReport = {
  /** There is one, but it cannot be used: the stream is read from its beginning. */
  checkpointUnusable(d: { readonly path: string; readonly reason: string }): void
}

export type FencedWrite = {
  readonly source: string
  readonly epoch: number
  /** The epoch that has taken over. */
  readonly fencedBy: number
  readonly partition: number
  readonly offset: number
}

/** What the Kafka client does by itself and somebody should see. */
export type KafkaReport = {
  /** A warning or an error of the client. */
  kafkaClientSaid(d: { readonly level: 'warn' | 'error'; readonly scope: string; readonly text: string }): void
  /** A reader lost its connection or its group and begins again where it was. */
  kafkaReaderRestarted(d: { readonly reason: string; readonly attempt: number }): void
  /** A known fault of the client was met, and answered. */
  kafkaFault(d: { readonly fault: KafkaFault; readonly detail: string }): void
  /** The topic can be used, but a setting of it endangers history. */
  kafkaTopicDoubtful(d: TopicDoubt): void
}

export const KAFKA_FAULTS = [
  /** The client's request timer is as the client has it, and keeps an idle process busy. */
  'busy-timer',
  /** The end is ahead, and nothing comes. */
  'stalled',
  /** A stranger, or what is left of an earlier connection of ours, has a part of the partitions in the reader's own group. */
  'shared-group',
  /** The place to go on from is no longer in the topic; the client would have gone elsewhere without a word. */
  'position-lost',
  /** Offsets are missing between two records: marks of a transaction, or compaction. */
  'gap',
  /** The consumer ended by itself, and would not have come back. */
  'died',
  /** A disconnect that did not end in time, and was left to itself. */
  'late-disconnect',
  'topic-gone',
] as const
export type KafkaFault = (typeof KAFKA_FAULTS)[number]

export type TopicDoubt = {
  readonly topic: string
  readonly setting: string
  readonly is: string
  readonly wanted: string
  readonly mend: string
}
