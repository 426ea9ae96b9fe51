import type { Change } from './claim.ts'
import type { Millis } from './window.ts'

/** A change, and when the log took it in, by the log's clock. */
export type Logged = { readonly change: Change; readonly loggedAtMs: Millis }

/**
 * What was known at `asOfMs`, that moment included: claims, coverage, registrations and horizons alike. `logged` comes in the
 * order of the log. `counts` is asked once for each change that was logged by then, in that order; it keeps out what a
 * successor of its writer had fenced off at that moment, so it starts anew for each call.
 */
export function* changesAsOf(
  logged: Iterable<Logged>,
  asOfMs: Millis,
  counts: (change: Change) => boolean = () => true,
): Iterable<Change> {
  for (const { change, loggedAtMs } of logged) {
    if (loggedAtMs <= asOfMs && counts(change)) yield change
  }
}
