import type { Change, Revision } from '../ownership/claim.ts'
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
  /**
   * Where to start; the log's beginning where it is left out. Only the beginning shows what a log that has let go of
   * history has kept of it, under the offsets and times that it had: then offsets have gaps.
   */
  readonly from?: Position
  /** Go on waiting for new records after the end; otherwise finish at the end that was there when reading began. */
  readonly follow: boolean
  readonly signal: AbortSignal
  /**
   * For who brings the changes into an index (`applyTo`, encoded-change.ts) and keeps none of them: claims may come as
   * `EncodedChange`, whose `change` is made when it is first asked for.
   */
  readonly encoded?: boolean
  /** Called in the order of its partition, before the batch that holds the records around it. */
  readonly onDeadLetter?: (letter: DeadLetter) => void
}

/** What is to outlive the segments that it is in. */
export type Kept = {
  /** By partition, ascending. */
  readonly offsets: readonly ArrayLike<number>[]
  /** By source: claims of a lower revision were in the log before, and must not come again. */
  readonly floors: ReadonlyMap<string, Revision>
}

/** What a log can do that can let go of its beginning and keep a part of it; `retain` (retention/) uses it, and nobody else. */
export type Forgetting = {
  /** Whether reading from the beginning tells all that is needed: nothing was let go of, or what is needed of it was kept. */
  isWhole(): Promise<boolean>
  /**
   * The furthest position, at most `upTo`, before which every record was logged before `atMs`, and at which the log can
   * be parted. At least one record is behind it. Where it was killed after it had parted before, it ends that first.
   */
  loggedBefore(atMs: Millis, upTo: Position): Promise<Position>
  /**
   * Lets go of all before a position that `loggedBefore` gave, but for the kept records; durable when it resolves, and
   * either done or not done at all wherever it is killed. From then on a reading from before it is refused with
   * WHOHAD_STREAM_POSITION_GONE, and one from the beginning starts with what was kept. The embedded log does not disturb readings
   * under way; on Kafka one that has not come so far yet is told the same.
   * @param read The log with whatever stands behind its beginning: there the kept records are.
   * @returns false where nothing was let go of, since another process was faster.
   */
  forget(before: Position, kept: Kept, read: ChangeLog['read']): Promise<boolean>
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
  /** The first offset of each partition from which every record is there. Left out where history is never let go of. */
  start?(): Promise<Position>
  /** Left out where the log cannot let go of history and keep what is needed of it. */
  readonly forgetting?: Forgetting
  close(): Promise<void>
}

/** Whether `reached` has come at least as far as `wanted` in every partition. */
export const hasReached = (reached: Position, wanted: Position): boolean =>
  wanted.every((offset, partition) => (reached[partition] ?? 0) >= offset)
