import { type AddressBits, bitsOf, type Ip } from '../ownership/address.ts'
import type { Layer } from '../ownership/claim.ts'
import { type DomainRule, domainsDuring, PUBLIC_IPV4, PUBLIC_IPV6, partitionOf } from '../ownership/domains.ts'
import type { InterfaceView, SourceView } from '../ownership/ownership-index.ts'
import { coversBits, isPrivate, type PrefixBits, prefixBits } from '../ownership/prefix.ts'
import type { ManagedSpace } from '../ownership/reach.ts'
import type { Window } from '../ownership/window.ts'
import type { FlowRecord, TransitEnd } from './flowlogs/parse.ts'

/** What a record says of where an interface is. */
export type RecordedPlace = Pick<FlowRecord, 'account' | 'region' | 'vpc'>

/**
 * The routing domains in which the interface that recorded a flow may have been at some instant of the window: what the
 * claims say of the interface, for that is evidence; else what the rules say of the record's own VPC; else none.
 * `regionOfObject` stands in for a missing region.
 */
export function domainsOfRecord(
  record: RecordedPlace,
  view: InterfaceView | undefined,
  window: Window,
  rules: readonly DomainRule[],
  regionOfObject?: string,
): readonly string[] {
  if (view) return view.domains
  if (record.vpc === undefined) return []
  const region = record.region ?? regionOfObject
  const account = record.account === 'unknown' ? undefined : record.account
  const partition = region && partitionOf(region)
  return domainsDuring(rules, { partition, account, region, vpc: record.vpc }, window)
}

/** The same of the VPC that an end of a transit gateway's record is in. */
export const placeInTransit = (record: FlowRecord, end: TransitEnd): RecordedPlace => ({
  account: end.account,
  region: record.region,
  vpc: end.vpc,
})

/**
 * Which domain an address means where it is not (known to be) the interface's own, and no reach leads further: the local
 * domain for what is managed there (a VPC's IPv6 or public ranges too) and for all private space, since a bare private
 * address says nothing anywhere else; the public domain for the rest. Undefined for private space where no local domain is
 * known.
 */
export function domainOfRemote(ip: Ip, local: string | undefined, isManaged: ManagedSpace): string | undefined {
  if (isPrivate(ip)) return local
  if (local !== undefined && isManaged(local, ip)) return local
  return ip.includes(':') ? PUBLIC_IPV6 : PUBLIC_IPV4
}

type Watched = { readonly block: PrefixBits; readonly layers: readonly Layer[] }

/** What some source watches or has watched. A prefix of length 0 says "whatever is in this domain", not "all addresses". */
export function managedSpace(sources: readonly SourceView[]): ManagedSpace {
  const byDomain = new Map<string, Map<string, Watched>>()
  for (const { source } of sources) {
    for (const { domain, prefix, layers } of source.scope) {
      if (prefix.endsWith('/0')) continue
      const watched = byDomain.get(domain) ?? new Map<string, Watched>()
      byDomain.set(domain, watched.set(`${prefix} ${layers.join(',')}`, { block: prefixBits(prefix), layers }))
    }
  }
  const lists = new Map([...byDomain].map(([domain, watched]) => [domain, [...watched.values()]]))
  return (domain, ip, layer) => {
    const watched = lists.get(domain)
    return watched !== undefined && isWatched(watched, bitsOf(ip), layer)
  }
}

const isWatched = (watched: readonly Watched[], address: AddressBits, layer: Layer | undefined): boolean =>
  watched.some(({ block, layers }) => (layer === undefined || layers.includes(layer)) && coversBits(block, address))
