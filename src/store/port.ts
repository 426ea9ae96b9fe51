import type { Ip } from '../ownership/address.ts'
import type { AnswerState } from '../ownership/answer.ts'
import type { Change } from '../ownership/claim.ts'
import type { Prefix } from '../ownership/prefix.ts'
import type { Millis } from '../ownership/window.ts'
import type { NativeTableName } from './native-tables.ts'

/** One end of a flow record, answered. */
export type FlowEnd = {
  /** The packet-level address where the record has one, else the interface-level one. */
  readonly ip: string
  readonly port: number
  /** The routing domain that the answer is for; empty where none could be told. */
  readonly domain: string
  readonly state: AnswerState
  readonly reason: string
  /** Empty unless owned. */
  readonly application: string
  readonly resourceId: string
  readonly cluster: string
  readonly account: string
  readonly region: string
  readonly zone: string
  readonly layer: string
  readonly claimId: string
  /** Resource ids of those who may have held it, where the state is `ambiguous` or `unknown`. */
  readonly candidates: readonly string[]
  /** Name of the published service, where the address is one's. */
  readonly service: string
}

/** A flow record with both ends answered. Identity: (objectId, record, generation). */
export type AttributedFlow = {
  readonly objectId: string
  /** Number of the line within the object, the header being 0. */
  readonly record: number
  readonly generation: number
  readonly startSeconds: number
  readonly endSeconds: number
  readonly account: string
  readonly interfaceId: string
  readonly vpc: string
  readonly protocol: number
  readonly packets: number
  readonly bytes: number
  readonly action: string
  /** ingress, egress, or empty where the record does not tell. */
  readonly direction: string
  /** The interface-level pair, kept beside the packet-level one of the ends. */
  readonly interfaceSource: string
  readonly interfaceDestination: string
  readonly source: FlowEnd
  readonly destination: FlowEnd
}

/** A change with its place in the change stream, as the `claims`, `sources`, `coverage` and `horizons` tables keep it. */
export type StoredChange = {
  readonly change: Change
  readonly partition: number
  readonly offset: number
  readonly loggedAtMs: Millis
}

export type TrafficBy = 'app' | 'cluster' | 'account' | 'zone'

export type TrafficQuery = {
  /** A record counts by the second in which it starts. */
  readonly fromMs: Millis
  readonly untilMs: Millis
  readonly by: TrafficBy
  /** Only records that their interface saw in this direction. */
  readonly direction?: 'ingress' | 'egress' | undefined
  /** Only records with an end in one of these domains. */
  readonly domains?: readonly string[] | undefined
  /** Whether ends that only pass on are told apart, by their resource. */
  readonly withMiddles: boolean
  readonly most: number
}

/** One end of many records. */
export type TrafficEnd = {
  readonly domain: string
  readonly state: AnswerState
  /** Of an owned end what it was asked by, of an external one its service; empty where that is not known. */
  readonly name: string
  /** Resource id of the gateway or balancer that the end is; null where it is none, or was not asked for. */
  readonly middle: string | null
}

/** Records between the same two ends, added up. */
export type Traffic = {
  readonly source: TrafficEnd
  readonly destination: TrafficEnd
  readonly flows: number
  readonly bytes: number
  readonly packets: number
  /** Of these what was rejected. */
  readonly rejectedFlows: number
  readonly rejectedBytes: number
}

/** Addresses of one domain that are asked about together, with all prefixes that cover any of them. */
export type AskedPlace = { readonly domain: string; readonly ips: readonly Ip[]; readonly prefixes: readonly Prefix[] }

/** The manifest of one flow log object: the unit of exactly-once. */
export type FlowObject = {
  /** Hash of (bucket, key, etag); a file's path and content hash where there is no bucket. */
  readonly objectId: string
  readonly bucket: string
  readonly key: string
  readonly etag: string
  readonly generation: number
  readonly state: 'started' | 'committed'
  /** Offsets of the change stream that this generation was joined at, by partition. */
  readonly position: readonly number[]
  readonly records: number
  readonly skipped: number
  readonly deadLetters: number
  /** Of the records those of which a later poll may still change an answer. */
  readonly openRecords: number
  /** End of its newest record, exclusive; −Infinity where it has none, or is not committed. */
  readonly newestEndMs: Millis
  readonly updatedAtMs: Millis
}

export type StoredDeadLetter = {
  /** `change-stream`, the object's id, or the queue or topic that named it. */
  readonly origin: string
  /** Line number, or partition and offset. */
  readonly place: string
  readonly reason: string
  /** First bytes, as text with unprintable ones escaped. */
  readonly sample: string
  readonly atMs: Millis
}

/**
 * A line of a flow log that stands for records that are not there: there was no traffic (NODATA), or AWS lost them (SKIPDATA).
 * Identity: (objectId, record, generation).
 */
export type StoredGap = {
  readonly objectId: string
  /** Number of the line within the object, the header being 0. */
  readonly record: number
  readonly generation: number
  readonly status: 'NODATA' | 'SKIPDATA'
  readonly account: string
  /** Id of the interface, or of what else recorded; empty where the line does not tell. */
  readonly recorder: string
  /** Routing domains that the interface may have been in; empty where nobody knows. */
  readonly domains: readonly string[]
  /** Null where the line does not tell; `untilMs` is exclusive. */
  readonly fromMs: Millis | null
  readonly untilMs: Millis | null
}

export type GapQuery = {
  readonly fromMs: Millis
  readonly untilMs: Millis
  readonly status: StoredGap['status']
  /** Only of interfaces that may have been in this domain. */
  readonly domain?: string | undefined
  /** Only of interfaces that can have been in none but these. */
  readonly domains?: readonly string[] | undefined
  readonly most: number
}

/** Lines of one interface whose times meet or overlap. */
export type CaptureGap = Omit<StoredGap, 'objectId' | 'record' | 'generation' | 'fromMs' | 'untilMs'> & {
  readonly fromMs: Millis
  readonly untilMs: Millis
  readonly lines: number
}

/** Answers that were final and may have changed: to questions about an address in a block, or through one of the interfaces. */
export type StoredCorrection = {
  /** Place of the change in the stream, and which of its parts this is. */
  readonly partition: number
  readonly offset: number
  readonly part: number
  readonly domain: string
  readonly prefix: Prefix
  readonly fromMs: Millis
  readonly untilMs: Millis
  readonly enis: readonly string[]
}

/** One row per (state, side): how the ends were answered. */
export type StateCount = {
  readonly side: 'source' | 'destination'
  readonly state: AnswerState
  readonly reason: string
  readonly flows: number
  readonly bytes: number
}

export type PutOptions = {
  /** Ids of objects whose sums by hour are in `flow_hours` already, whole and of this generation: they are not added up again. */
  readonly addedUp?: ReadonlySet<string>
}

/**
 * ClickHouse, in this process (chDB) or by URL; callers cannot tell which. Every write is idempotent: repeating it leaves
 * the same rows. One contract suite runs on both (test/contract/store.ts).
 */
export type Store = {
  migrate(): Promise<void>
  insertChanges(changes: readonly StoredChange[]): Promise<void>
  /** One past the last stored offset of each partition of the change stream. */
  changesEnd(): Promise<readonly number[]>
  /**
   * Every stored change from `from` up to `until`, offsets by partition, the latter exclusive; a partition that `from` does
   * not name is read from its first one. Each once and just as it was logged, whatever was inserted twice or late, in the
   * order of its partition, one partition after another. A batch has at least one change and at most 8,000. Ends early, and
   * without an error, once the signal is given.
   */
  readChanges(
    from: readonly number[],
    until: readonly number[],
    signal: AbortSignal,
  ): AsyncIterable<readonly StoredChange[]>
  /**
   * What bears on who had these addresses, of the changes that were logged by `asOfMs`, that moment included: claims on the place
   * (and one of its domain, where there are none), registrations, the polls of the sources concerned, horizons. Each once, by
   * partition and offset. Fenced ones are among them, and the registration that fences them: who takes an epoch registers first.
   */
  changesAbout(place: AskedPlace, asOfMs: Millis): Promise<readonly StoredChange[]>
  insertFlows(flows: readonly AttributedFlow[]): Promise<void>
  /**
   * Rows from files of blocks (`NativeBlock`) in one folder, whose columns are those of NATIVE_TABLES, in that order. The same
   * rows as the other inserts would write, at a fraction of the cost; no row may be there twice.
   */
  insertFiles(table: NativeTableName, files: readonly string[]): Promise<void>
  /** What is committed is added up by hour (`flow_hours`) before it counts: all of its rows must be stored, and not change any more. */
  putObject(object: FlowObject): Promise<void>
  putObjects(objects: readonly FlowObject[], options?: PutOptions): Promise<void>
  /** Its newest generation. */
  findObject(objectId: string): Promise<FlowObject | undefined>
  /** The newest generation of each of them that has one, in no order. */
  findObjects(objectIds: readonly string[]): Promise<readonly FlowObject[]>
  /** Who sent to whom, the most bytes first: every record of the newest committed generation of its object once. */
  traffic(query: TrafficQuery): Promise<readonly Traffic[]>
  /** All records that were committed end before this instant; −Infinity where there are none. */
  answeredUntilMs(): Promise<Millis>
  /** Ids of the objects whose newest generation is committed. */
  committedObjects(): Promise<ReadonlySet<string>>
  /** Objects whose newest committed generation has records that a later poll may still answer otherwise. */
  openObjects(): Promise<readonly FlowObject[]>
  insertCorrections(corrections: readonly StoredCorrection[]): Promise<void>
  /**
   * Corrections from a position on, one partition after another in the order of its offsets: about `most` of them, and all
   * parts of every change that has one.
   */
  corrections(from: readonly number[], most: number): Promise<readonly StoredCorrection[]>
  /**
   * Newest committed generation of every object with a record in one of the stretches, by its addresses or its interface. May
   * name others with them. `slackMs` as the records were joined with; `anyDomain` where an address may be in several domains.
   */
  touchedObjects(
    corrections: readonly StoredCorrection[],
    by: { readonly slackMs: Millis; readonly anyDomain: boolean },
  ): Promise<readonly FlowObject[]>
  /** How far an enricher has looked again at its answers: offsets by partition, exclusive. */
  correctedUpTo(enricher: string): Promise<readonly number[]>
  putCorrectedUpTo(enricher: string, position: readonly number[]): Promise<void>
  insertDeadLetters(letters: readonly StoredDeadLetter[]): Promise<void>
  insertGaps(gaps: readonly StoredGap[]): Promise<void>
  /** Where logs have no records in a window, by the newest committed generation of each object; the newest first. */
  captureGaps(query: GapQuery): Promise<readonly CaptureGap[]>
  /** All committed flows of one object, in the order of their records. */
  flowsOf(objectId: string): Promise<readonly AttributedFlow[]>
  /** The same, some at a time. */
  flowPages(objectId: string): AsyncIterable<readonly AttributedFlow[]>
  countStates(): Promise<readonly StateCount[]>
  ping(): Promise<void>
  close(): Promise<void>
}
