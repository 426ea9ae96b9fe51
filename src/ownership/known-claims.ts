import type { Claim } from './claim.ts'
import { Places } from './places.ts'
import { isSameHolding } from './same-holding.ts'
import type { Binding } from './snapshot.ts'

/** The claims that one poll has to compare with, by number, and which of them it has dealt with. */
export class KnownClaims {
  /** Some claim was closed by an earlier poll. */
  readonly hasClosed: boolean
  private readonly claims: readonly Claim[]
  private readonly places: Places
  private readonly seen: Uint8Array

  constructor(claims: ReadonlyMap<string, Claim>) {
    this.claims = [...claims.values()]
    this.hasClosed = this.claims.some(({ state }) => state === 'closed')
    this.places = new Places(this.claims.length)
    this.seen = new Uint8Array(this.claims.length)
    // What is filed last is found first: backwards, so that claims are found in their own order.
    for (let number = this.claims.length - 1; number >= 0; number--) {
      this.places.file(this.claims[number] as Claim, number)
    }
  }

  /** The claims of one holding, in their order. */
  of(binding: Binding): readonly Claim[] {
    const found: Claim[] = []
    for (let at = this.places.lastAt(binding); at >= 0; at = this.places.beforeIt(at)) {
      const claim = this.claims[at] as Claim
      if (isSameHolding(claim, binding)) found.push(claim)
    }
    return found
  }

  /** Marks a claim of the state as dealt with. */
  markSeen(claim: Claim): void {
    let at = this.places.lastAt(claim)
    while (at >= 0 && this.claims[at] !== claim) at = this.places.beforeIt(at)
    if (at >= 0) this.seen[at] = 1
  }

  /**
   * Marks the claim of the holding as dealt with and gives it, where it is the only one and `isAsBefore`. Nearly all of an
   * estate is, so this is written for one look at the place.
   */
  markSeenIf(binding: Binding, isAsBefore: (claim: Claim, binding: Binding) => boolean): Claim | undefined {
    let only = -1
    for (let at = this.places.lastAt(binding); at >= 0; at = this.places.beforeIt(at)) {
      if (!isSameHolding(this.claims[at] as Claim, binding)) continue
      if (only >= 0) return undefined
      only = at
    }
    const claim = this.claims[only]
    if (claim === undefined || !isAsBefore(claim, binding)) return undefined
    this.seen[only] = 1
    return claim
  }

  *unseen(): Generator<Claim> {
    for (const [number, claim] of this.claims.entries()) if (this.seen[number] === 0) yield claim
  }
}
