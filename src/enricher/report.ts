import type { WhohadError } from '../runtime/errors.ts'
import type { ObjectResult, PassSummary } from './outcome.ts'

/** One callback per happening of the enricher. The command line makes log lines and metrics of them. */
export type EnricherReport = {
  /** An object waits for the watermark; once per object. */
  objectHeld(d: { readonly object: string; readonly newestEndMs: number; readonly watermarkMs: number | null }): void
  /** It waited as long as it may, and leaves with what is known. */
  objectReleasedByCap(d: { readonly object: string; readonly newestEndMs: number; readonly heldMs: number }): void
  objectCommitted(d: ObjectResult): void
  /** It is no flow log that can be read: kept as one dead letter, never tried again. */
  objectRefused(d: { readonly object: string; readonly error: WhohadError }): void
  /** It could not be read or stored now; the next pass tries again. */
  objectFailed(d: { readonly object: string; readonly error: WhohadError }): void
  /** Lines of one object that are no records, by reason. */
  linesRejected(d: { readonly object: string; readonly reason: string; readonly count: number }): void
  /** NODATA and SKIPDATA lines of one object. SKIPDATA means that AWS lost records. */
  linesSkipped(d: { readonly object: string; readonly status: 'NODATA' | 'SKIPDATA'; readonly count: number }): void
  listFailed(d: { readonly error: WhohadError }): void
  passFinished(d: PassSummary): void
}
