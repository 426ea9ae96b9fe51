import type { Ip } from './address.ts'
import type { Evidence, Layer, Owner } from './claim.ts'
import type { Prefix } from './prefix.ts'
import type { Bounds, Millis, Window } from './window.ts'

/**
 * Who held `ip` in `domain` throughout [fromMs, untilMs)? A point in time is one millisecond long.
 * `nowMs` is the reader's clock: it tells a source that is late from one that is merely not there yet, and from it on every
 * instant is `unknown`, whatever a source with a fast clock vouches for.
 */
export type Question = Window & {
  readonly domain: string
  readonly ip: Ip
  readonly port?: number
  readonly nowMs: Millis
}

export type AmbiguousReason =
  | 'handoff'
  | 'head'
  | 'tail'
  | 'shared-address'
  | 'conflicting-sources'
  | 'spans-handoff'
  | 'interface-level'
export type UnknownReason =
  | 'before-coverage'
  | 'source-stale'
  | 'not-yet'
  | 'expired'
  | 'no-such-domain'
  | 'unmanaged-prefix'
export type ExternalReason = 'internet' | 'aws-service'

/** A closed list (docs/architecture.md, "Five answers"); a new reason breaks the build of whoever switches on it. */
export type Verdict =
  | { readonly state: 'owned'; readonly reason: Evidence }
  | { readonly state: 'ambiguous'; readonly reason: AmbiguousReason }
  | { readonly state: 'unowned'; readonly reason: 'absent-in-complete-polls' }
  | { readonly state: 'unknown'; readonly reason: UnknownReason }
  | { readonly state: 'external'; readonly reason: ExternalReason }

export type AnswerState = Verdict['state']
export const ANSWER_STATES = [
  'owned',
  'ambiguous',
  'unowned',
  'unknown',
  'external',
] as const satisfies readonly AnswerState[]

/** A claim as an answer shows it. */
export type Holding = {
  readonly owner: Owner
  readonly layer: Layer
  readonly prefix: Prefix
  readonly source: string
  readonly claimId: string
  readonly evidence: Evidence
  readonly start: Bounds
  readonly end: Bounds
  readonly lastSightingMs: Millis
}

/** One who may have held the address in part of the window; `holding` null is nobody. */
export type Candidate = {
  readonly holding: Holding | null
  /** The part of the asked window in which it is possible. */
  readonly during: Window
}

/** What holds over one stretch of the asked window: its own verdict, and the holding exactly where that is `owned`. */
export type AnswerPart = Window & Verdict & { readonly holding: Holding | null }

/** The asked window cut where the verdict or the holder changes, in order of time and without gaps. */
export type Split = {
  /** The first MOST_PARTS of them. */
  readonly parts: readonly AnswerPart[]
  /** How many there are. */
  readonly total: number
}

/** Longest lists that an answer carries; the totals beside them count what is left out. */
export const MOST_PARTS = 100
export const MOST_CANDIDATES = 1000
export const MOST_UNDER = 1000

export type Answer = Verdict & {
  readonly question: Question
  /** Set exactly where the state is `owned`. */
  readonly holding: Holding | null
  /** In order of time, the first MOST_CANDIDATES of `candidatesTotal`. */
  readonly candidates: readonly Candidate[]
  readonly candidatesTotal: number
  /** Live holdings below the deciding prefix and layer, nearest first, the first MOST_UNDER of `underTotal`. */
  readonly under: readonly Holding[]
  readonly underTotal: number
  /** Null where one verdict and one holder hold over the whole window. */
  readonly split: Split | null
  /** The published service that the address belongs to, where one does. */
  readonly service: Holding | null
  /** Least progress of the sources concerned; null where none is. */
  readonly watermarkMs: Millis | null
  /** False where a later poll may still change this answer. */
  readonly final: boolean
}
