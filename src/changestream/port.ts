import type { Change } from '../ownership/claim.ts'
import type { Millis } from '../ownership/window.ts'

/** How far a reader has come: for each partition (by index) the offset of the next record. */
export type Position = readonly number[]

/** A change with the place and time that the log gave it. `loggedAtMs` is the log's clock and orders `as_of` questions. */
export type LoggedChange = {
  readonly change: Change
  readonly partition: number
  readonly offset: number
  readonly loggedAtMs: Millis
}

/** A record that could not be read: kept with its place, counted, passed over. */
export type DeadLetter = {
  readonly partition: number
  readonly offset: number
  readonly reason: string
  /** At most the first 256 bytes. */
  readonly payload: Uint8Array
}

export type ReadOptions = {
  /** Where to start; the log's beginning where it is left out. */
  readonly from?: Position
  /** Go on waiting for new records after the end; otherwise finish at the end that was there when reading began. */
  readonly follow: boolean
  readonly signal: AbortSignal
  /** Called in the order of its partition, before the batch that holds the records around it. */
  readonly onDeadLetter?: (letter: DeadLetter) => void
}

/**
 * The claim log: append-only, partitioned by source, the history of who held what. Kafka and the embedded Avro log are two
 * adapters of it that one contract suite holds to the same behaviour (test/contract/change-log.ts).
 */
export type ChangeLog = {
  readonly partitions: number
  /**
   * Appends the changes in order. Resolves once they are durable on every replica; a throw means that some, all or none
   * may be there, and that the same changes may be appended again (revisions make that harmless).
   */
  append(changes: readonly Change[]): Promise<void>
  /** Batches in the order of each partition; a batch has at least one record. Partitions are not ordered among each other. */
  read(options: ReadOptions): AsyncIterable<readonly LoggedChange[]>
  /** One past the last durable record of each partition. */
  end(): Promise<Position>
  close(): Promise<void>
}

/** Whether `reached` has come at least as far as `wanted` in every partition. */
export const hasReached = (reached: Position, wanted: Position): boolean =>
  wanted.every((offset, partition) => (reached[partition] ?? 0) >= offset)
