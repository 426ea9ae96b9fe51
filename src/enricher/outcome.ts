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

/** Traffic of one side that a correction took from one application, or from nobody known, and gave to another. */
export type Move = {
  readonly side: 'source' | 'destination'
  /** An application, or the state of an end that is not owned in parentheses. */
  readonly from: string
  readonly to: string
  readonly flows: number
  readonly bytes: number
}

/** An object that was answered again. */
export type Corrected = {
  readonly object: FlowObject
  /** Records of which an end is answered otherwise than before; with none, the rows stay as they are. */
  readonly changed: number
  readonly moves: readonly Move[]
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
