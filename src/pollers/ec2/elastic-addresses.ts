import type { Address } from '@aws-sdk/client-ec2'
import type { Owner } from '../../ownership/claim.ts'
import { PUBLIC_IPV4 } from '../../ownership/domains.ts'
import type { Prefix } from '../../ownership/prefix.ts'
import type { Binding, Sighted, Sighting } from '../../ownership/snapshot.ts'
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
  const eni = address.NetworkInterfaceId
  if (!eni) return [allocated]
  const holder = interfaces.get(eni)
  if (holder === undefined) return [allocated, unlistedHolder(address, eni, prefix, sighting, estate)]
  const isShown = holder.addresses.some(held => held.domain === PUBLIC_IPV4 && held.prefix === prefix)
  if (isShown) return [allocated]
  const isPrimary = isOnPrimary(address, holder)
  // Bound to the primary address the association is one interface's for life, here as in the interface's own list.
  const lifetime = (isPrimary && address.AssociationId) || null
  return [
    allocated,
    ...holder.bind({ domain: PUBLIC_IPV4, prefix, lifetime, primary: false, spare: !isPrimary }, sighting),
  ]
}

function isOnPrimary({ PrivateIpAddress }: Address, { addresses }: InterfaceBinder): boolean {
  if (!PrivateIpAddress) return false
  const bound = prefixOf(PrivateIpAddress, 'the private address of an Elastic IP')
  return addresses.some(held => held.primary && held.prefix === bound)
}

/**
 * The interface is not in the listing: another account's, hidden, or younger than its page. Nobody must be told of an address
 * that has a holder. What the interface serves is not known, so it is taken for one that instances and containers share.
 */
const unlistedHolder = (
  address: Address,
  eni: string,
  prefix: Prefix,
  sighting: Sighting,
  { region }: Estate,
): Binding => ({
  domain: PUBLIC_IPV4,
  prefix,
  ports: null,
  layer: 'interface',
  owners: [
    {
      application: null,
      cluster: null,
      stack: null,
      detail: null,
      kind: 'interface',
      resourceId: eni,
      account: address.NetworkInterfaceOwnerId ?? null,
      region,
      zone: null,
      vpc: null,
      subnet: null,
      eni,
      host: address.InstanceId || null,
      team: null,
      labels: {},
      namedBy: null,
      forwards: true,
    },
  ],
  lifetimeId: null,
  state: 'held',
  sighting,
  stated: [],
  expects: ['instance', 'container'],
  whole: false,
})

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
