import { type Family, formatAddress, type Ip } from '../../ownership/address.ts'
import { isPublicDomain, PUBLIC_IPV4, PUBLIC_IPV6 } from '../../ownership/domains.ts'
import { PRIVATE_BLOCKS, type PrefixBits, prefixBits } from '../../ownership/prefix.ts'
import type { StandingIndex } from '../../ownership/standing-index.ts'
import type { Millis, Window } from '../../ownership/window.ts'
import { domainOfRemote } from '../domain-of-record.ts'
import { AddressRegions } from './address-regions.ts'
import type { SteadyLookUps } from './steady-look-ups.ts'

/** What is answered for all addresses of a region that no claim names one by one: by region, good over one stretch each. */
export class RegionAnswers {
  readonly fromMs: Float64Array
  readonly untilMs: Float64Array
  /** Numbers of AnsweredEnds. */
  readonly ends: Int32Array
  readonly marks: Int32Array

  constructor(size: number) {
    this.fromMs = new Float64Array(size).fill(Number.POSITIVE_INFINITY)
    this.untilMs = new Float64Array(size)
    this.ends = new Int32Array(size)
    this.marks = new Int32Array(size)
  }

  stretch(region: number): Window {
    return { fromMs: this.fromMs[region] as Millis, untilMs: this.untilMs[region] as Millis }
  }

  put(region: number, { fromMs, untilMs }: Window, end: number, marks: number): void {
    this.fromMs[region] = fromMs
    this.untilMs[region] = untilMs
    this.ends[region] = end
    this.marks[region] = marks
  }

  clear(): void {
    this.fromMs.fill(Number.POSITIVE_INFINITY)
  }
}

/** A domain that is asked, in one family: how, and what its regions are. */
export type AskedSpace = {
  readonly domain: string
  /** Of `Generation.domain`. */
  readonly number: number
  readonly beforeMs: Millis
  /** Whom the quick look-up calls the owner is the answer: no route leads to another one, and no service is to be told with it. */
  readonly isOwnerSure: boolean
  readonly regions: AddressRegions
  readonly answers: RegionAnswers
}

/** A remote address as seen from one domain: which space is asked for each region. */
export type ViewedSpace = {
  readonly regions: AddressRegions
  /** By region. */
  readonly asked: readonly AskedSpace[]
  /** The domain itself, for ends that are the interface's own. */
  readonly own: AskedSpace
}

/**
 * The space of remote addresses, cut into regions so that all addresses of one that no claim names one by one are answered
 * alike: at the edges of every block that is claimed or watched, of what decides which domain an address means, and of the routes.
 */
export class Viewpoints {
  private readonly index: StandingIndex
  private readonly lookUps: SteadyLookUps
  private readonly viewed = new Map<string, ViewedSpace>()
  private readonly publicSpaces = new Map<string, AskedSpace>()
  private readonly watched: ReadonlyMap<string, readonly PrefixBits[]>
  private readonly all: RegionAnswers[] = []

  constructor(index: StandingIndex, lookUps: SteadyLookUps) {
    this.index = index
    this.lookUps = lookUps
    this.watched = watchedBlocks(index)
  }

  /** Forgets all answers. */
  clear(): void {
    for (const answers of this.all) answers.clear()
  }

  /** Whether an address means the local domain itself for whoever is in it, or nothing where there is none (`domainOfRemote`). */
  isHome(domains: readonly string[], ip: Ip): boolean {
    const locals = domains.length > 0 ? domains : [undefined]
    return locals.every(from => domainOfRemote(ip, from, this.lookUps.isManaged) === from)
  }

  from(domain: string, family: Family): ViewedSpace {
    const name = `${family} ${domain}`
    const known = this.viewed.get(name)
    if (known) return known
    const { reach, isManaged } = this.lookUps
    const routes = reach.from(domain)
    const led = routes.flatMap(({ to, cidrs }) => cidrs?.map(prefixBits) ?? this.watched.get(to) ?? [])
    const regions = new AddressRegions(family, [...PRIVATE_BLOCKS, ...this.blocksOf(domain), ...led])
    const own = this.asked(domain, regions, false)
    const beyond = this.publicSpace(family === 4 ? PUBLIC_IPV4 : PUBLIC_IPV6, family, led, routes.length > 0)
    const asked = Array.from({ length: regions.size }, (_, region) => {
      const ip = formatAddress({ family, words: regions.firstOf(region) })
      const base = domainOfRemote(ip, domain, isManaged)
      return base === undefined || isPublicDomain(base) ? beyond : own
    })
    const viewed = { regions, asked, own }
    this.viewed.set(name, viewed)
    return viewed
  }

  /** With routes the answers depend on these as well, and are those of one domain only. */
  private publicSpace(domain: string, family: Family, led: readonly PrefixBits[], hasRoutes: boolean): AskedSpace {
    const known = hasRoutes ? undefined : this.publicSpaces.get(domain)
    if (known) return known
    const space = this.asked(domain, new AddressRegions(family, [...this.blocksOf(domain), ...led]), hasRoutes)
    if (!hasRoutes) this.publicSpaces.set(domain, space)
    return space
  }

  private asked(domain: string, regions: AddressRegions, hasRoutes: boolean): AskedSpace {
    const answers = new RegionAnswers(regions.size)
    this.all.push(answers)
    const { number, beforeMs } = this.index.generation.domain(domain)
    const isOwnerSure = !hasRoutes && !this.index.serviceDomains.has(domain)
    return { domain, number, beforeMs, isOwnerSure, regions, answers }
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
