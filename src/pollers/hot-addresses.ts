import { type Ip, toIp } from '../ownership/address.ts'
import type { Claim } from '../ownership/claim.ts'
import { PUBLIC_IPV4 } from '../ownership/domains.ts'
import { placeKey } from '../ownership/look-memory.ts'
import type { Millis } from '../ownership/window.ts'

export type Hot = {
  readonly place: Pick<Claim, 'domain' | 'prefix'>
  readonly ip: Ip
  readonly untilMs: Millis
  readonly lookedMs: Millis
  /** It changes hands now: it is missing, or not yet narrowed as far as the last look allows. */
  readonly isTurning: boolean
}

/** Addresses that changed hands lately. Each is hot for a while after its last change. */
export class HotAddresses {
  private readonly hot = new Map<string, Hot>()

  get size(): number {
    return this.hot.size
  }

  has = (place: Hot['place']): boolean => this.hot.has(placeKey(place))

  /** What these claims say has just changed. */
  heat(claims: readonly Claim[], untilMs: Millis): void {
    for (const claim of claims) {
      const ip = shownIpOf(claim)
      if (ip === undefined) continue
      const { domain, prefix, state } = claim
      const key = placeKey(claim)
      const lookedMs = this.hot.get(key)?.lookedMs ?? Number.NEGATIVE_INFINITY
      this.hot.set(key, { place: { domain, prefix }, ip, untilMs, lookedMs, isTurning: state === 'missing' })
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

/** An address in an interface's own list; undefined for Elastic IPs, blocks and IPv6, which are not asked for by address. */
export function shownIpOf({ domain, prefix, layer }: Claim): Ip | undefined {
  const isListed = (layer === 'interface' || layer === 'instance') && domain !== PUBLIC_IPV4 && prefix.endsWith('/32')
  return isListed ? toIp(prefix.slice(0, -'/32'.length)) : undefined
}
