import type { FlowObject } from '../store/port.ts'
import type { RejectionReason } from './flowlogs/parse.ts'

/** Why something of an object was left out. */
export type DeadLetterReason = RejectionReason | 'without-time' | 'unreadable-object'

export type ObjectResult = {
  readonly object: FlowObject
  /** False where it was committed before, and nothing was done. */
  readonly written: boolean
  readonly rejected: readonly (readonly [DeadLetterReason, number])[]
}

/** What one look at the listing did. */
export type PassSummary = {
  readonly listed: number
  readonly committed: number
  /** Objects that wait for the watermark. */
  readonly held: number
  /** Objects that could not be read or stored now. */
  readonly failed: number
  readonly records: number
  readonly skipped: number
  readonly deadLetters: number
  /** False where the listing broke off: there may be more objects than `listed`. */
  readonly complete: boolean
}
