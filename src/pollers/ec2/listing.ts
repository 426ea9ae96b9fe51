import type { Address, Instance, NetworkInterface, Subnet, TrunkInterfaceAssociation, Vpc } from '@aws-sdk/client-ec2'
import type { Sighted, Sighting } from '../../ownership/snapshot.ts'
import * as calls from './calls.ts'
import { readPages, type Walk } from './pages.ts'
import type { Trunk } from './trunks.ts'

/** Everything that one walk of an account and region showed. */
export type Ec2Listing = {
  readonly vpcs: readonly Sighted<Vpc>[]
  readonly subnets: readonly Sighted<Subnet>[]
  readonly interfaces: readonly Sighted<NetworkInterface>[]
  readonly instances: readonly Sighted<Instance>[]
  readonly addresses: readonly Sighted<Address>[]
  /** Left out where they were not asked for. */
  readonly trunkAssociations?: readonly Sighted<TrunkInterfaceAssociation>[]
  /** Of the whole listing before, in one that did not ask: else every look would take the labels away, to be put back. */
  readonly trunks?: ReadonlyMap<string, Trunk>
  /** Of every page, those without an item too. */
  readonly pages: readonly Sighting[]
}

/**
 * Lists all kinds; throws where any page of any of them fails. Instances and trunk associations come after the interfaces,
 * so that whatever an interface is attached to was there to be listed. An account without branch interfaces is not asked for
 * trunks.
 */
export async function listEstate(look: Omit<Walk, 'pages'>): Promise<Ec2Listing> {
  const pages: Sighting[] = []
  const walk = { ...look, pages }
  const [vpcs, subnets, addresses, [interfaces, instances, trunkAssociations]] = await Promise.all([
    readPages(calls.vpcs(), walk),
    readPages(calls.subnets(), walk),
    readPages(calls.addresses(), walk),
    readPages(calls.interfaces(), walk).then(async found => {
      const hasBranches = found.some(({ value }) => value.InterfaceType === 'branch')
      const [attached, trunked] = await Promise.all([
        readPages(calls.instances(), walk),
        hasBranches ? readPages(calls.trunkAssociations(), walk) : [],
      ])
      return [found, attached, trunked] as const
    }),
  ])
  return { vpcs, subnets, interfaces, instances, addresses, trunkAssociations, pages }
}

/** How many interfaces were listed in each subnet. */
export function interfacesBySubnet({ interfaces }: Pick<Ec2Listing, 'interfaces'>): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const { value } of interfaces) {
    const subnet = value.SubnetId ?? ''
    counts.set(subnet, (counts.get(subnet) ?? 0) + 1)
  }
  return counts
}
