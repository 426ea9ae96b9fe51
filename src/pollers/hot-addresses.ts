import type { Claim } from '../ownership/claim.ts'
import { placeKey } from '../ownership/look-memory.ts'
import type { Millis } from '../ownership/window.ts'

export type Hot = {
  readonly place: Pick<Claim, 'domain' | 'prefix'>
  /** Who has it or is leaving it, as last heard; the last one who had it where nobody does. */
  readonly claims: readonly Claim[]
  readonly untilMs: Millis
  readonly lookedMs: Millis
  /** It changes hands now: it is missing, or not yet narrowed as far as the last look allows. */
  readonly isTurning: boolean
}

/** Addresses and blocks that changed hands lately. Each is hot for a while after its last change. */
export class HotAddresses {
  private readonly hot = new Map<string, Hot>()

  get size(): number {
    return this.hot.size
  }

  has = (place: Hot['place']): boolean => this.hot.has(placeKey(place))

  /** What these claims say has just changed. */
  heat(claims: readonly Claim[], untilMs: Millis): void {
    for (const claim of claims) {
      const { domain, prefix, state } = claim
      const key = placeKey(claim)
      const known = this.hot.get(key)
      const all = [...(known?.claims ?? []).filter(({ id }) => id !== claim.id), claim]
      const held = all.filter(one => one.state !== 'closed')
      this.hot.set(key, {
        place: { domain, prefix },
        claims: held.length > 0 ? held : [claim],
        untilMs,
        lookedMs: known?.lookedMs ?? Number.NEGATIVE_INFINITY,
        isTurning: state === 'missing',
      })
    }
  }

  cool(nowMs: Millis): void {
    for (const [key, { untilMs }] of this.hot) if (untilMs <= nowMs) this.hot.delete(key)
  }

  /** Those that are changing hands come first, then those that were not looked at for longest. */
  hottest(most: number): readonly Hot[] {
    const byNeed = (a: Hot, b: Hot) => Number(b.isTurning) - Number(a.isTurning) || a.lookedMs - b.lookedMs
    return [...this.hot.values()].sort(byNeed).slice(0, most)
  }

  looked(places: readonly Hot['place'][], lookedMs: Millis): void {
    this.revise(places, { lookedMs })
  }

  turning(places: readonly Hot['place'][]): void {
    this.revise(places, { isTurning: true })
  }

  private revise(places: readonly Hot['place'][], change: Partial<Hot>): void {
    for (const place of places) {
      const hot = this.hot.get(placeKey(place))
      if (hot) this.hot.set(placeKey(place), { ...hot, ...change })
    }
  }
}
