import type { NetworkInterface } from '@aws-sdk/client-ec2'
import { type Ip, toIp } from '../../ownership/address.ts'
import type { Claim } from '../../ownership/claim.ts'
import { PUBLIC_IPV4 } from '../../ownership/domains.ts'
import { type Asked, placeKey } from '../../ownership/look-memory.ts'
import { spanOf } from '../../ownership/snapshot.ts'
import type { TargetedLook } from '../narrowing.ts'
import type { Estate } from './estate.ts'
import { heldAddresses } from './held-addresses.ts'
import { toSnapshot } from './snapshot.ts'
import type { Ec2Target, Targeted } from './targeted.ts'

/** What a look needs of an inventory. */
export type Ec2Looking = {
  readonly targeted: Targeted
  /** How many interfaces the last whole listing had in the subnet; undefined where it had none. */
  readonly interfacesIn: (subnet: string) => number | undefined
}

/** Interfaces of all subnets that one look lists: no more than go on two pages. */
const MOST_LISTED = 2000
/** Of one subnet: so that several have their turn in a look. */
const SMALL_SUBNET = 250

/** What is asked for, and what its replies would have shown. */
type Way = {
  readonly target: Ec2Target
  readonly asked: readonly Asked[]
  readonly wouldShow: (claim: Claim) => boolean
}

/**
 * A look at the interfaces of one account and region, mapped as a whole listing is. There are four lanes:
 *
 *  - `address`, `public-address`: IPv4 addresses, by themselves. Every holder is shown.
 *  - `subnet`: blocks and IPv6 addresses, which EC2 has no filter for that can be trusted. They never leave their subnet, and a
 *    small one is listed whole: that takes no more requests than its interfaces by their ids, and shows the next holder, too.
 *  - `interface`: blocks and IPv6 addresses of large subnets, by the id of their holder. Nobody else is shown.
 */
export function ec2Look({ targeted, interfacesIn }: Ec2Looking, estate: Estate): TargetedLook {
  const laneOf = (claim: Claim): Ec2Target['by'] | undefined => {
    if (!isOfInterface(claim) || eniOf(claim) === undefined) return undefined
    if (ipv4Of(claim) !== undefined) return claim.domain === PUBLIC_IPV4 ? 'public-address' : 'address'
    return (interfacesIn(subnetOf(claim)) ?? Number.POSITIVE_INFINITY) <= SMALL_SUBNET ? 'subnet' : 'interface'
  }
  const wayTo = (claims: readonly Claim[]): Way | undefined => {
    const lane = claims[0] && laneOf(claims[0])
    if (lane === undefined) return undefined
    if (lane === 'interface') return byHolder(claims)
    return lane === 'subnet' ? bySubnet(claims, subnet => interfacesIn(subnet) ?? 0) : byAddress(claims, lane)
  }
  return {
    laneOf,
    mostAtOnce: 200,
    async at(claims, signal) {
      const way = wayTo(claims)
      if (way === undefined) return null
      const listing = await targeted(way.target, signal)
      if (listing.pages.length === 0) return null
      const { bindings } = toSnapshot(listing, estate)
      const shown = { sighting: listing.pages.reduce(spanOf), bindings }
      // Elastic IPs are shown by another request too; of those that are not, the interfaces' reply alone tells.
      if (listing.isEmpty && way.target.by === 'public-address') return { ...shown, asked: [], wouldShow: () => false }
      return { ...shown, asked: way.asked, wouldShow: way.wouldShow }
    },
  }
}

function byAddress(claims: readonly Claim[], by: 'address' | 'public-address'): Way {
  const places = new Map(claims.map(({ domain, prefix }) => [placeKey({ domain, prefix }), { domain, prefix }]))
  return {
    target: { by, addresses: [...new Set(claims.flatMap(claim => ipv4Of(claim) ?? []))] },
    asked: [...places.values()],
    wouldShow: claim => isOfInterface(claim) && places.has(placeKey(claim)),
  }
}

function byHolder(claims: readonly Claim[]): Way {
  const holders = new Set(claims.flatMap(claim => eniOf(claim) ?? []))
  return { target: { by: 'interface', ids: [...holders] }, asked: [], wouldShow: isListedOn(holders) }
}

function bySubnet(claims: readonly Claim[], sizeOf: (subnet: string) => number): Way {
  const ids = new Set<string>()
  let listed = 0
  for (const subnet of new Set(claims.map(subnetOf))) {
    listed += sizeOf(subnet)
    if (listed <= MOST_LISTED) ids.add(subnet)
  }
  const sought = claims.filter(claim => ids.has(subnetOf(claim)))
  const holders = new Set(sought.flatMap(claim => eniOf(claim) ?? []))
  const prefixes = new Set(sought.map(({ prefix }) => prefix))
  const keep = (eni: NetworkInterface) =>
    holders.has(eni.NetworkInterfaceId ?? '') || heldAddresses(eni, '').some(({ prefix }) => prefixes.has(prefix))
  const places = new Map(
    sought.map(claim => {
      const place = { domain: claim.domain, prefix: claim.prefix, subnet: subnetOf(claim) }
      return [`${placeKey(place)}|${place.subnet}`, place]
    }),
  )
  return { target: { by: 'subnet', ids: [...ids], keep }, asked: [...places.values()], wouldShow: isListedOn(holders) }
}

/** An interface's own list has its private addresses, its blocks and its IPv6; of Elastic IPs not those within a block. */
const isListedOn =
  (interfaces: ReadonlySet<string>) =>
  (claim: Claim): boolean =>
    isOfInterface(claim) && claim.domain !== PUBLIC_IPV4 && interfaces.has(eniOf(claim) ?? '')

const isOfInterface = ({ layer }: Claim): boolean => layer === 'interface' || layer === 'instance'

/** Claims of EC2 have one owner each. */
const eniOf = ({ owners: [owner] }: Claim): string | undefined => owner?.eni ?? undefined
const subnetOf = ({ owners: [owner] }: Claim): string => owner?.subnet ?? ''

/** One IPv4 address, which EC2 has a filter for. */
const ipv4Of = ({ prefix }: Claim): Ip | undefined =>
  prefix.endsWith('/32') ? toIp(prefix.slice(0, -'/32'.length)) : undefined
