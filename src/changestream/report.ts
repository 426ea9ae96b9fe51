import type { DeadLetter } from './port.ts'

/** What a reader of the change stream wants known; the CLI makes log lines and metrics of it. */
export type MaterialiserReport = {
  /** A paused or replaced writer went on writing: its record was kept out of the index. */
  fencedWrite(d: FencedWrite): void
  /** A record could not be read and was passed over. */
  deadLetter(letter: DeadLetter): void
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
  /** A reader lost its connection or its group and has begun again where it was. */
  kafkaReaderRestarted(d: { readonly reason: string }): void
}
