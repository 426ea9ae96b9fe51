import { type Snapshot, spanOf } from '../../ownership/snapshot.ts'
import { elasticBindings } from './elastic-addresses.ts'
import type { Estate } from './estate.ts'
import { bindInterface } from './interface-bindings.ts'
import type { Ec2Listing } from './listing.ts'
import { scopeOf, subnetBindings, vpcBindings } from './networks.ts'
import { trunksOf } from './trunks.ts'

/**
 * From a whole listing to who holds what. An interface or address that moved between pages is listed twice and stays
 * twice: the evidence rules decide, not this function.
 */
export function toSnapshot(listing: Ec2Listing, estate: Estate): Snapshot {
  const instances = new Map(listing.instances.map(sighted => [sighted.value.InstanceId ?? '', sighted]))
  const trunks = listing.trunks ?? trunksOf(listing)
  const interfaces = listing.interfaces.map(sighted => bindInterface(sighted, { instances, trunks }, estate))
  const byId = new Map(interfaces.map(binder => [binder.id, binder]))
  return {
    sighting: listing.pages.reduce(spanOf),
    scope: scopeOf(listing.vpcs, estate),
    bindings: [
      ...listing.vpcs.flatMap(vpc => vpcBindings(vpc, estate)),
      ...listing.subnets.flatMap(subnet => subnetBindings(subnet, estate)),
      ...interfaces.flatMap(binder => binder.addresses.flatMap(address => binder.bind(address))),
      ...listing.addresses.flatMap(address => elasticBindings(address, byId, estate)),
    ],
  }
}
