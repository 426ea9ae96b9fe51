import type { Claim } from './claim.ts'
import { Places } from './places.ts'
import { isSameHolding } from './same-holding.ts'
import type { Binding } from './snapshot.ts'

/** The claims that one poll has to compare with, by number, and which of them it has dealt with. */
export class KnownClaims {
  /** By an earlier poll. */
  readonly closed: readonly Claim[]
  private readonly claims: readonly Claim[]
  private readonly places: Places
  private readonly seen: Uint8Array

  constructor(claims: ReadonlyMap<string, Claim>) {
    this.claims = [...claims.values()]
    this.closed = this.claims.filter(({ state }) => state === 'closed')
    this.places = new Places(this.claims, this.claims.length)
    this.seen = new Uint8Array(this.claims.length)
    // What is filed last is found first: backwards, so that claims are found in their own order.
    for (let number = this.claims.length - 1; number >= 0; number--) this.places.file(number)
  }

  get size(): number {
    return this.claims.length
  }

  /** The number of the first claim of a holding, which stands for the holding; −1 where there is none. */
  holdingOf(binding: Binding): number {
    return this.sameHoldingFrom(this.places.lastAt(binding), binding)
  }

  /** The claims of one holding, in their order. */
  of(binding: Binding, holding: number): readonly Claim[] {
    const found: Claim[] = []
    for (let at = holding; at >= 0; at = this.nextOf(at, binding)) found.push(this.claims[at] as Claim)
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
   * estate is, so this makes nothing.
   */
  markSeenIf(
    binding: Binding,
    holding: number,
    isAsBefore: (claim: Claim, binding: Binding) => boolean,
  ): Claim | undefined {
    const claim = this.claims[holding]
    if (claim === undefined || this.nextOf(holding, binding) >= 0 || !isAsBefore(claim, binding)) return undefined
    this.seen[holding] = 1
    return claim
  }

  *unseen(): Generator<Claim> {
    for (let number = 0; number < this.claims.length; number++) {
      if (this.seen[number] === 0) yield this.claims[number] as Claim
    }
  }

  private nextOf(number: number, binding: Binding): number {
    return this.sameHoldingFrom(this.places.beforeIt(number), binding)
  }

  private sameHoldingFrom(number: number, binding: Binding): number {
    let at = number
    while (at >= 0 && !isSameHolding(this.claims[at] as Claim, binding)) at = this.places.beforeIt(at)
    return at
  }
}
