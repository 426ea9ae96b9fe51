import type { Answer, Question } from './answer.ts'
import type { Change, Owner, SourceRecord } from './claim.ts'
import type { Prefix } from './prefix.ts'
import type { Millis, Window } from './window.ts'

/** What the claims say of one interface within a window. */
export type InterfaceView = {
  readonly domain: string
  readonly owner: Owner
  /** Every prefix that it holds or may hold at some instant of the window, in its own domain. */
  readonly prefixes: readonly Prefix[]
  readonly forwards: boolean
}

export type SourceView = {
  readonly source: SourceRecord
  /** Everything before this instant is in the claims; undefined before the first complete poll. */
  readonly completeUpToMs: Millis | undefined
  /** Why the newest poll was refused, or null where it was not. */
  readonly refused: { readonly reason: string; readonly detail: string } | null
}

/** All that is known, in memory. Pure: it changes by `apply` alone, and answers depend on nothing but what was applied. */
export type OwnershipIndex = {
  apply(change: Change): void
  ask(question: Question): Answer
  interfaceDuring(eni: string, window: Window): InterfaceView | undefined
  sources(): readonly SourceView[]
  counts(): { readonly claims: number; readonly domains: number }
}
