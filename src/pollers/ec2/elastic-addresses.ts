import type { Address } from '@aws-sdk/client-ec2'
import type { Owner } from '../../ownership/claim.ts'
import { PUBLIC_IPV4 } from '../../ownership/domains.ts'
import type { Binding, Sighted } from '../../ownership/snapshot.ts'
import { nameOf } from '../naming/rules.ts'
import { type Estate, labelsOf, prefixOf, tagsOf } from './estate.ts'
import type { InterfaceBinder } from './interface-bindings.ts'
import { networkBinding } from './networks.ts'

/**
 * An allocated Elastic IP is managed space of its own, so that an unassociated one is nobody's and not "the internet".
 * Where the interfaces do not show its association (it is bound within a delegated prefix, or was made between two pages),
 * the address list itself is the sighting.
 */
export function elasticBindings(
  { value: address, sighting }: Sighted<Address>,
  interfaces: ReadonlyMap<string, InterfaceBinder>,
  estate: Estate,
): readonly Binding[] {
  if (!address.PublicIp) return []
  const prefix = prefixOf(address.PublicIp, 'an Elastic IP')
  const id = address.AllocationId ?? address.PublicIp
  const allocated = networkBinding(PUBLIC_IPV4, prefix, elasticOwner(address, id, estate), id, sighting)
  const holder = interfaces.get(address.NetworkInterfaceId ?? '')
  const isShown = holder?.addresses.some(held => held.domain === PUBLIC_IPV4 && held.prefix === prefix)
  if (holder === undefined || isShown) return [allocated]
  return [
    allocated,
    ...holder.bind({ domain: PUBLIC_IPV4, prefix, lifetime: null, primary: false, spare: true }, sighting),
  ]
}

function elasticOwner(address: Address, id: string, estate: Estate): Owner {
  const tags = tagsOf(address.Tags)
  return {
    ...nameOf({ tags, managed: null }, estate.naming),
    kind: 'elastic_ip',
    resourceId: id,
    account: estate.account,
    region: estate.region,
    zone: null,
    vpc: null,
    subnet: address.SubnetId ?? null,
    eni: null,
    host: null,
    labels: labelsOf(tags),
    forwards: false,
  }
}
