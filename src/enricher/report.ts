import type { WhohadError } from '../runtime/errors.ts'
import type { Corrected, ObjectResult, PassSummary } from './outcome.ts'
import type { WaitingReport, Waits } from './waiting.ts'

/** One callback per happening of the enricher. The command line makes log lines and metrics of them. */
export type EnricherReport = WaitingReport & {
  /** An object waits, because a later poll may change answers about it; once per object. */
  objectHeld(d: { readonly object: string }): void
  /** It waited as long as it may, and left with what was known: later polls may tell more of so many of its records. */
  objectReleasedByCap(d: { readonly object: string; readonly openRecords: number; readonly heldMs: number }): void
  /** So many open windows of claims are narrower by what the object’s flows show. It is answered once they count. */
  sightingsPublished(d: { readonly object: string; readonly claims: number }): void
  objectCommitted(d: ObjectResult): void
  /** It is no flow log that can be read: kept as one dead letter, never tried again. */
  objectRefused(d: { readonly object: string; readonly error: WhohadError }): void
  /** It could not be read or stored now; the next pass tries again. */
  objectFailed(d: { readonly object: string; readonly error: WhohadError }): void
  /** Lines of one object that are no records, by reason. */
  linesRejected(d: { readonly object: string; readonly reason: string; readonly count: number }): void
  /** NODATA and SKIPDATA lines of one object. SKIPDATA means that AWS lost records. */
  linesSkipped(d: { readonly object: string; readonly status: 'NODATA' | 'SKIPDATA'; readonly count: number }): void
  /** Answers that were given have become others: a new generation of the object has them. */
  objectCorrected(d: Corrected & { readonly name: string }): void
  /** An object could not be looked at again: now, or, where it is gone, ever. */
  correctionFailed(d: { readonly object: string; readonly error: WhohadError; readonly isGone: boolean }): void
  /** The store could not say what is to be looked at again; the next pass asks anew. */
  correctionsFailed(d: { readonly error: WhohadError }): void
  listFailed(d: { readonly error: WhohadError }): void
  /** `place` names the bucket and prefix. */
  passFinished(d: PassSummary & { readonly place: string; readonly waits: Waits }): void
}
