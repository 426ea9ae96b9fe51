import { type Family, formatAddress, type Ip } from '../../ownership/address.ts'
import { isPublicDomain, PUBLIC_IPV4, PUBLIC_IPV6 } from '../../ownership/domains.ts'
import { PRIVATE_BLOCKS, type PrefixBits, prefixBits } from '../../ownership/prefix.ts'
import type { StandingIndex } from '../../ownership/standing-index.ts'
import { domainOfRemote } from '../domain-of-record.ts'
import { AddressRegions } from './address-regions.ts'
import { AskedSpace } from './asked-space.ts'
import type { SteadyLookUps } from './steady-look-ups.ts'

/** A remote address as seen from one domain: which space is asked for each region. */
export type ViewedSpace = {
  readonly regions: AddressRegions
  /** By region. */
  readonly asked: readonly AskedSpace[]
  /** The domain itself, for ends that are the interface's own. */
  readonly own: AskedSpace
}

/** The same by family. */
export type ViewedSpaces = { readonly viewed4: ViewedSpace; readonly viewed6: ViewedSpace }

/**
 * The space of remote addresses, cut into regions so that all addresses of one that no claim names one by one are answered
 * alike: at the edges of every block that is claimed or watched, of what decides which domain an address means, and of the routes.
 */
export class Viewpoints {
  private readonly index: StandingIndex
  private readonly lookUps: SteadyLookUps
  private readonly viewed = new Map<string, ViewedSpaces>()
  private readonly publicSpaces = new Map<string, AskedSpace>()
  private readonly watched: ReadonlyMap<string, readonly PrefixBits[]>
  private readonly all: AskedSpace[] = []

  constructor(index: StandingIndex, lookUps: SteadyLookUps) {
    this.index = index
    this.lookUps = lookUps
    this.watched = watchedBlocks(index)
  }

  /** Forgets all answers. */
  clear(): void {
    for (const space of this.all) space.clear()
  }

  /** Whether an address means the local domain itself for whoever is in it, or nothing where there is none (`domainOfRemote`). */
  isHome(domains: readonly string[], ip: Ip): boolean {
    const locals = domains.length > 0 ? domains : [undefined]
    return locals.every(from => domainOfRemote(ip, from, this.lookUps.isManaged) === from)
  }

  /** From the domain of an interface; undefined where that is none, several, or a public one. */
  from(domains: readonly string[]): ViewedSpaces | undefined {
    const [domain, ...others] = domains
    if (domain === undefined || others.length > 0 || isPublicDomain(domain)) return undefined
    const known = this.viewed.get(domain)
    if (known) return known
    const viewed = { viewed4: this.viewedFrom(domain, 4), viewed6: this.viewedFrom(domain, 6) }
    this.viewed.set(domain, viewed)
    return viewed
  }

  /** Which domain an address means depends on few blocks (`domainOfRemote`); what is answered there, on all of that domain. */
  private viewedFrom(domain: string, family: Family): ViewedSpace {
    const { reach, isManaged } = this.lookUps
    const routes = reach.from(domain)
    const led = routes.flatMap(({ to, cidrs }) => cidrs?.map(prefixBits) ?? this.watched.get(to) ?? [])
    const blocks = () => new AddressRegions(family, [...PRIVATE_BLOCKS, ...this.blocksOf(domain), ...led])
    const hasService = this.index.serviceDomains.has(domain)
    const own = this.asked(domain, { isOwnerSure: !hasService, isAlone: routes.length === 0 }, blocks)
    const beyond = this.publicSpace(family, led, routes.length > 0)
    const regions = new AddressRegions(family, [...PRIVATE_BLOCKS, ...(this.watched.get(domain) ?? [])])
    const asked = Array.from({ length: regions.size }, (_, region) => {
      const ip = formatAddress({ family, words: regions.firstOf(region) })
      const base = domainOfRemote(ip, domain, isManaged)
      return base === undefined || isPublicDomain(base) ? beyond : own
    })
    return { regions, asked, own }
  }

  /** With routes the answers depend on these as well, and are those of one domain only. */
  private publicSpace(family: Family, led: readonly PrefixBits[], hasRoutes: boolean): AskedSpace {
    const domain = family === 4 ? PUBLIC_IPV4 : PUBLIC_IPV6
    const known = hasRoutes ? undefined : this.publicSpaces.get(domain)
    if (known) return known
    const blocks = () => new AddressRegions(family, [...this.blocksOf(domain), ...led])
    const isOwnerSure = !hasRoutes && !this.index.serviceDomains.has(domain)
    const space = this.asked(domain, { isOwnerSure, isAlone: !hasRoutes }, blocks)
    if (!hasRoutes) this.publicSpaces.set(domain, space)
    return space
  }

  private asked(
    domain: string,
    sure: Pick<AskedSpace, 'isOwnerSure' | 'isAlone'>,
    regionsOf: () => AddressRegions,
  ): AskedSpace {
    const space = new AskedSpace(this.index.generation, domain, sure, regionsOf)
    this.all.push(space)
    return space
  }

  /** What is claimed or watched in a domain. */
  private blocksOf(domain: string): readonly PrefixBits[] {
    const { generation } = this.index
    const { number } = generation.domain(domain)
    return [...(number > 0 ? generation.blocksOf(number) : []), ...(this.watched.get(domain) ?? [])]
  }
}

function watchedBlocks(index: StandingIndex): ReadonlyMap<string, readonly PrefixBits[]> {
  const blocks = new Map<string, PrefixBits[]>()
  for (const { source } of index.sources()) {
    for (const { domain, prefix } of source.scope) {
      const held = blocks.get(domain) ?? []
      blocks.set(domain, held)
      held.push(prefixBits(prefix))
    }
  }
  return blocks
}
