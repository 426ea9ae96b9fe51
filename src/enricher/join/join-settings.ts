import type { Millis, Window } from '../../ownership/window.ts'
import type { RecordBatch } from '../flowlogs/record-batch.ts'
import type { DomainSpace } from './steady-look-ups.ts'

export type JoinSettings = DomainSpace & {
  /** How much earlier than `start` a packet may be. */
  readonly slackMs: Millis
  /** The reader's clock, the same for all that is joined. */
  readonly nowMs: Millis
  /** The time of records that carry none. */
  readonly atMs?: Millis | undefined
  /** Whether `JoinedBatch.isFinal` is wanted. Then quick look-ups answer less: they do not tell it. */
  readonly wantsFinal?: boolean | undefined
  /** Whether the claims of owners are wanted: rows name them, counts do not. */
  readonly wantsClaims?: boolean | undefined
}

/** How many ends were answered how, for whoever asks where the time goes; `whole` are records. */
export type JoinCounts = { lookedUp: number; byRegion: number; workedOut: number; whole: number }

/** When a record's packets crossed the interface, or the time that is given to records without one. */
export function windowAt(batch: RecordBatch, place: number, { slackMs, atMs }: JoinSettings): Window | undefined {
  const start = batch.startSeconds[place] as number
  const end = batch.endSeconds[place] as number
  if (start >= 0 && end >= 0) return { fromMs: start * 1000 - slackMs, untilMs: (end + 1) * 1000 }
  return atMs === undefined ? undefined : { fromMs: atMs, untilMs: atMs + 1 }
}
