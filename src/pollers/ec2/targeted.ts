import type { Address, Filter, NetworkInterface } from '@aws-sdk/client-ec2'
import type { Ip } from '../../ownership/address.ts'
import { isPrivate } from '../../ownership/prefix.ts'
import type { Sighted, Sighting } from '../../ownership/snapshot.ts'
import * as calls from './calls.ts'
import type { Ec2Listing } from './listing.ts'
import { readPages, type Walk } from './pages.ts'
import type { Ec2Requests } from './requests.ts'

/** What to look at. Any number, none of it twice. */
export type Ec2Target =
  /** Interfaces. */
  | { readonly by: 'interface'; readonly ids: readonly string[] }
  /** Whatever interfaces hold some addresses. */
  | { readonly by: 'address'; readonly addresses: readonly Ip[] }
  /** Whatever interfaces have some public IPv4 addresses, by the list of Elastic IPs too. */
  | { readonly by: 'public-address'; readonly addresses: readonly Ip[] }
  /** Of all interfaces of some subnets those that are kept. */
  | { readonly by: 'subnet'; readonly ids: readonly string[]; readonly keep: (eni: NetworkInterface) => boolean }

/**
 * The interfaces that the target names, as they are now, and the instances that they are attached to; Elastic IPs only by
 * public address, VPCs and subnets never, because nothing was asked of them. `pages` has every request; it is empty for an
 * empty target.
 *
 * What is *shown* is a sighting like any other. What absence means:
 *  - by interface: an id that is not among `interfaces` named no interface that this account sees in this region (a filter
 *    answers with an empty list, where an id that is not there would fail the request with
 *    InvalidNetworkInterfaceID.NotFound). So *this interface* holds none of its addresses. Whether another one holds them
 *    was not asked.
 *  - by address: no interface that this account sees has the address *in its list*. It may still be within a prefix that is
 *    delegated to an interface, for which EC2 has no filter; and an IPv6 address is compared by its text, whose spelling on
 *    the other side is not known. So absence of an IPv4 address says something only where no block is delegated that
 *    covers it, and absence of an IPv6 address says nothing.
 *  - by public address: neither does an interface show it, nor is it an Elastic IP of this account that is on one: as much as
 *    a whole listing says.
 *  - by subnet: no interface of the subnet that `keep` would have kept, whatever it says of it. Blocks and IPv6 addresses too
 *    come from the subnet's own ranges, so that nobody outside of it has them in its VPC.
 *  - never absent: networks, and anything that was not asked for.
 * As with a whole poll, the reply may be as stale as the source's lag, and absence is dated by the last reply of `pages`.
 */
export type TargetedListing = Ec2Listing & {
  readonly target: Ec2Target
  /** No interface was shown for what was asked. By public address: interfaces that only the Elastic IPs name do not count. */
  readonly isEmpty: boolean
}

/**
 * Fails as a whole listing does, and goes through the same request budget: at least one request for every 200 ids or
 * addresses and for every page of the subnets, and one for every 200 of their instances.
 */
export type Targeted = (target: Ec2Target, signal: AbortSignal) => Promise<TargetedListing>

/** As many values as one filter takes. */
const LARGEST_FILTER = 200

export function targetedListing(requests: Ec2Requests, pageSize: number): Targeted {
  return async (target, signal) => {
    const pages: Sighting[] = []
    const walk = { requests, pageSize, signal, pages }
    const [found, addresses] = await Promise.all([
      readAll(filtersOf(target), calls.interfaces, walk),
      readAll(filtersFor('public-ip', target.by === 'public-address' ? target.addresses : []), calls.addresses, walk),
    ])
    const shown = target.by === 'subnet' ? found.filter(({ value }) => target.keep(value)) : found
    // An Elastic IP within a delegated prefix is in no interface's list.
    const unseen = filtersFor('network-interface-id', unseenHolders(addresses, shown))
    const interfaces = [...shown, ...(await readAll(unseen, calls.interfaces, walk))]
    const attached = new Set(interfaces.flatMap(({ value }) => value.Attachment?.InstanceId ?? []))
    const instances = await readAll(filtersFor('instance-id', [...attached]), calls.instances, walk)
    return { target, isEmpty: found.length === 0, vpcs: [], subnets: [], addresses, interfaces, instances, pages }
  }
}

function unseenHolders(
  addresses: readonly Sighted<Address>[],
  interfaces: readonly Sighted<NetworkInterface>[],
): readonly string[] {
  const seen = new Set(interfaces.map(({ value }) => value.NetworkInterfaceId))
  const holders = new Set(addresses.flatMap(({ value }) => value.NetworkInterfaceId || []))
  return [...holders].filter(id => !seen.has(id))
}

async function readAll<Reply extends object, Item>(
  filters: readonly Filter[],
  callWith: (filter: Filter) => calls.Call<Reply, Item>,
  walk: Walk,
): Promise<readonly Sighted<Item>[]> {
  return (await Promise.all(filters.map(filter => readPages(callWith(filter), walk)))).flat()
}

function filtersOf(target: Ec2Target): readonly Filter[] {
  if (target.by === 'interface') return filtersFor('network-interface-id', target.ids)
  if (target.by === 'subnet') return filtersFor('subnet-id', target.ids)
  if (target.by === 'public-address') return filtersFor('addresses.association.public-ip', target.addresses)
  const ipv6 = target.addresses.filter(ip => ip.includes(':'))
  const ipv4 = target.addresses.filter(ip => !ip.includes(':'))
  return [
    // A VPC may use public blocks as its own, so an address that is not private may be either kind.
    ...filtersFor('addresses.private-ip-address', ipv4),
    ...filtersFor(
      'addresses.association.public-ip',
      ipv4.filter(ip => !isPrivate(ip)),
    ),
    ...filtersFor('ipv6-addresses.ipv6-address', ipv6),
  ]
}

function filtersFor(Name: string, values: readonly string[]): readonly Filter[] {
  const filters: Filter[] = []
  for (let from = 0; from < values.length; from += LARGEST_FILTER) {
    filters.push({ Name, Values: values.slice(from, from + LARGEST_FILTER) })
  }
  return filters
}
