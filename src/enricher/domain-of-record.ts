import type { Ip } from '../ownership/address.ts'
import { type DomainRule, PUBLIC_IPV4, PUBLIC_IPV6 } from '../ownership/domains.ts'
import type { InterfaceView, SourceView } from '../ownership/ownership-index.ts'
import { covers, isPrivate, type Prefix } from '../ownership/prefix.ts'
import type { FlowRecord } from './flowlogs/parse.ts'

/**
 * The routing domain of the interface that recorded a flow: what the claims say of the interface, for that is evidence;
 * else what the rules say of the record's own VPC; else undefined. `regionOfObject` stands in for a missing region.
 */
export function domainOfRecord(
  record: FlowRecord,
  view: InterfaceView | undefined,
  rules: readonly DomainRule[],
  regionOfObject?: string,
): string | undefined {
  if (view) return view.domain
  if (record.vpc === undefined) return undefined
  const region = record.region ?? regionOfObject
  const account = record.account === 'unknown' ? undefined : record.account
  return domainOfPlace(rules, { partition: region && partitionOf(region), account, region, vpc: record.vpc })
}

type PartialPlace = {
  readonly partition: string | undefined
  readonly account: string | undefined
  readonly region: string | undefined
  readonly vpc: string
}

/** As `domainOf`, but undefined where a rule asks for something that the record does not say: it may be the one. */
function domainOfPlace(rules: readonly DomainRule[], place: PartialPlace): string | undefined {
  for (const rule of rules) {
    const asked = (['partition', 'account', 'region', 'vpc'] as const).filter(key => rule[key] !== undefined)
    if (asked.some(key => place[key] !== undefined && place[key] !== rule[key])) continue
    return asked.some(key => place[key] === undefined) ? undefined : rule.domain
  }
  return place.vpc
}

/** Partitions by region name, as botocore's endpoints list them. */
const partitionOf = (region: string): string =>
  region.startsWith('cn-') ? 'aws-cn' : region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws'

/**
 * Which domain an address means where it is not (known to be) the interface's own: the local domain for what is managed
 * there (a VPC's IPv6 or public ranges too) and for all private space, since a bare private address says nothing anywhere
 * else; the public domain for the rest. Undefined for private space where no local domain is known.
 */
export function domainOfRemote(ip: Ip, local: string | undefined, isManaged: ManagedSpace): string | undefined {
  if (isPrivate(ip)) return local
  if (local !== undefined && isManaged(local, ip)) return local
  return ip.includes(':') ? PUBLIC_IPV6 : PUBLIC_IPV4
}

/** Whether an address lies in space that some source watches in a domain. */
export type ManagedSpace = (domain: string, ip: Ip) => boolean

/** A prefix of length 0 says "whatever is in this domain", not "all addresses are this domain's". */
export function managedSpace(sources: readonly SourceView[]): ManagedSpace {
  const prefixes = new Map<string, Set<Prefix>>()
  for (const { source } of sources) {
    for (const { domain, prefix } of source.scope) {
      if (prefix.endsWith('/0')) continue
      prefixes.set(domain, (prefixes.get(domain) ?? new Set()).add(prefix))
    }
  }
  return (domain, ip) => [...(prefixes.get(domain) ?? [])].some(prefix => covers(prefix, ip))
}
