import type { Claim, SourceBounds } from './claim.ts'
import type { Binding } from './snapshot.ts'
import type { SourceState } from './source-state.ts'
import type { Millis } from './window.ts'

type LastSeen = Pick<Claim, 'end' | 'lastSightingMs'>

/** What sightings prove of the edges of holdings, lag and clock error included (design.md §1, rules 1 and 2). */
export class SeenWindows {
  private readonly lagMs: number
  private readonly clockErrorMs: number
  /** Every open claim was seen by the last complete poll. */
  private readonly openUntilMs: Millis

  constructor({ lagMs, clockErrorMs }: SourceBounds, { completeUpToMs }: SourceState) {
    this.lagMs = lagMs
    this.clockErrorMs = clockErrorMs
    this.openUntilMs = completeUpToMs ?? Number.NEGATIVE_INFINITY
  }

  /** What a reply shows, was so by then. */
  seenBy({ sighting }: Binding): Millis {
    return sighting.receivedAtMs + this.clockErrorMs
  }

  /** The end of a claim that is being sighted. */
  seenAt({ sighting }: Binding): LastSeen {
    return {
      end: { earliestMs: sighting.sentAtMs - this.lagMs - this.clockErrorMs, latestMs: Number.POSITIVE_INFINITY },
      lastSightingMs: sighting.receivedAtMs,
    }
  }

  /** The end of a claim by its last sighting. */
  lastSeen(claim: Claim, latestMs: Millis): LastSeen {
    const earliestMs = this.lastSeenMs(claim)
    const sentAtMs = claim.state === 'open' ? earliestMs + this.lagMs + this.clockErrorMs : 0
    return { end: { earliestMs, latestMs }, lastSightingMs: Math.max(claim.lastSightingMs, sentAtMs) }
  }

  /** Until when a claim is certain. */
  lastSeenMs({ state, end }: Claim): Millis {
    return state === 'open' ? Math.max(end.earliestMs, this.openUntilMs) : end.earliestMs
  }
}
