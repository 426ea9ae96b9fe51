import type { Claim, SourceBounds } from './claim.ts'
import type { Binding, Sighting } from './snapshot.ts'
import type { SourceState } from './source-state.ts'
import { type Bounds, EVER, type Millis } from './window.ts'

type LastSeen = Pick<Claim, 'end' | 'lastSightingMs'>

/** What sightings prove of the edges of holdings, lag and clock error included (design.md §1, rules 1 and 2). */
export class SeenWindows {
  private readonly lagMs: number
  private readonly clockErrorMs: number
  /** Every open claim was seen by the last complete poll. */
  private readonly openUntilMs: Millis
  /** What one page shows is in memory once, however many addresses are on it. */
  private sighting: Sighting | undefined
  private ofSighting: LastSeen = { end: EVER, lastSightingMs: 0 }
  private begun: Bounds = EVER

  constructor({ lagMs, clockErrorMs }: SourceBounds, { completeUpToMs }: SourceState) {
    this.lagMs = lagMs
    this.clockErrorMs = clockErrorMs
    this.openUntilMs = completeUpToMs ?? Number.NEGATIVE_INFINITY
  }

  /** What a reply shows, was so by then. */
  seenBy({ sighting }: Binding): Millis {
    return sighting.receivedAtMs + this.clockErrorMs
  }

  /** The start of a claim that is sighted for the first time, and did not begin before. In memory once, too. */
  startOf(binding: Binding, earliestMs: Millis): Bounds {
    const latestMs = this.seenBy(binding)
    if (this.begun.earliestMs !== earliestMs || this.begun.latestMs !== latestMs) this.begun = { earliestMs, latestMs }
    return this.begun
  }

  /** The end of a claim that is being sighted. */
  seenAt({ sighting }: Binding): LastSeen {
    if (sighting !== this.sighting) {
      this.sighting = sighting
      const earliestMs = sighting.sentAtMs - this.lagMs - this.clockErrorMs
      this.ofSighting = {
        end: { earliestMs, latestMs: Number.POSITIVE_INFINITY },
        lastSightingMs: sighting.receivedAtMs,
      }
    }
    return this.ofSighting
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
