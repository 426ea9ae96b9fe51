import type { Ip } from '../../ownership/address.ts'
import type { SourceView } from '../../ownership/ownership-index.ts'
import { decideDomain } from '../domain.ts'

const MOST_KEPT = 65_536

/** `decideDomain` for many addresses, of which most come again: as the sources stood at the beginning. */
export class DecidedDomains {
  private readonly sources: readonly SourceView[]
  private readonly known = new Map<Ip, string>()

  constructor(sources: readonly SourceView[]) {
    this.sources = sources
  }

  /** @throws WHOHAD_DOMAIN_NEEDED */
  of(ip: Ip): string {
    const known = this.known.get(ip)
    if (known !== undefined) return known
    const domain = decideDomain(ip, this.sources)
    if (this.known.size >= MOST_KEPT) this.known.clear()
    this.known.set(ip, domain)
    return domain
  }
}
