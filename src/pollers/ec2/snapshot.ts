import { type Binding, type Snapshot, spanOf } from '../../ownership/snapshot.ts'
import { elasticBindings } from './elastic-addresses.ts'
import type { Estate } from './estate.ts'
import { bindInterface, type InterfaceBinder } from './interface-bindings.ts'
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
  const bindings: Binding[] = []
  for (const vpc of listing.vpcs) bindings.push(...vpcBindings(vpc, estate))
  for (const subnet of listing.subnets) bindings.push(...subnetBindings(subnet, estate))
  // Of a large estate's interfaces only those stay in memory that an Elastic IP is on.
  const withElastic = new Set(listing.addresses.map(({ value }) => value.NetworkInterfaceId))
  const binders = new Map<string, InterfaceBinder>()
  for (const sighted of listing.interfaces) {
    const binder = bindInterface(sighted, { instances, trunks }, estate)
    for (const address of binder.addresses) bindings.push(...binder.bind(address))
    if (withElastic.has(binder.id)) binders.set(binder.id, binder)
  }
  for (const address of listing.addresses) bindings.push(...elasticBindings(address, binders, estate))
  return { sighting: listing.pages.reduce(spanOf), scope: scopeOf(listing.vpcs, estate), bindings }
}
