import type { Change, Claim, Owner, SourceBounds, SourceRecord } from './claim.ts'
import type { Contradiction } from './hearing.ts'
import type { Millis } from './window.ts'

/** What a poller knows of its own source: all of it can be read back from the change stream. */
export type SourceState = {
  readonly epoch: number
  /** Of the last poll, complete or refused. */
  readonly sequence: number
  /** Progress of the last complete poll; null before the first. */
  readonly completeUpToMs: Millis | null
  readonly addresses: number
  /** Claims that are open or missing, by id; and closed ones while their binding is still listed on its way out. */
  readonly claims: ReadonlyMap<string, Claim>
  readonly record: SourceRecord | null
}

export type DiffContext = {
  readonly source: string
  readonly kind: string
  readonly bounds: SourceBounds
  /** Turns the words that name a claim into its id: a hash, given from outside so that the core needs no library. */
  readonly identify: (key: string) => string
  /**
   * Whether the naming rules alone, and nothing about the resource, account for another name: the owner was then called so
   * all along. Left out, another name is a handoff between two applications, which is never wrong of either (rule 6).
   */
  readonly isRename?: (before: Owner, after: Owner) => boolean
}

export type Diff = {
  readonly changes: readonly Change[]
  readonly next: SourceState
  /** What the source stated and its own polls refute, at each poll that shows it. */
  readonly contradictions: readonly Contradiction[]
}
