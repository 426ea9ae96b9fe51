import type { Change } from '../ownership/claim.ts'
import type { Millis } from '../ownership/window.ts'
import type { Clock } from '../runtime/clock.ts'

export type ClockReport = {
  /** A complete poll vouches for a time that has not come yet by our clock: one of the two clocks is wrong. */
  sourceClockAhead(d: { readonly source: string; readonly aheadMs: Millis }): void
}

/**
 * Follows progress in the change stream. A source vouches for no more than the time until its lag and clock error before its
 * request, so whatever lies ahead of us is a difference of clocks that its declared bounds do not cover.
 */
export function createClockWatch(clock: Pick<Clock, 'now'>, report: ClockReport) {
  return {
    take(changes: Iterable<Change>): void {
      for (const change of changes) {
        if (change.record !== 'progress' || change.refused !== null) continue
        const aheadMs = change.completeUpToMs - clock.now()
        if (aheadMs > 0) report.sourceClockAhead({ source: change.source, aheadMs })
      }
    },
  }
}
