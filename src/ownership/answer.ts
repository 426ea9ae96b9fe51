import type { Ip } from './address.ts'
import type { Evidence, Layer, Owner } from './claim.ts'
import type { Prefix } from './prefix.ts'
import type { Bounds, Millis, Window } from './window.ts'

/**
 * Who held `ip` in `domain` throughout [fromMs, untilMs)? A point in time is one millisecond long.
 * `nowMs` tells a source that is late from one that is merely not there yet.
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

export type Answer = Verdict & {
  readonly question: Question
  /** Set exactly where the state is `owned`. */
  readonly holding: Holding | null
  readonly candidates: readonly Candidate[]
  /** Live holdings below the deciding prefix and layer, nearest first. */
  readonly under: readonly Holding[]
  /** The published service that the address belongs to, where one does. */
  readonly service: Holding | null
  /** Least progress of the sources concerned; null where none is. */
  readonly watermarkMs: Millis | null
  /** False where a later poll may still change this answer. */
  readonly final: boolean
}
