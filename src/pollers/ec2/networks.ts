import type { Subnet, Vpc } from '@aws-sdk/client-ec2'
import type { Owner, Scope } from '../../ownership/claim.ts'
import { PUBLIC_IPV4, PUBLIC_IPV6 } from '../../ownership/domains.ts'
import { type Prefix, toPrefix } from '../../ownership/prefix.ts'
import type { Binding, Sighted, Sighting } from '../../ownership/snapshot.ts'
import { nameOf } from '../naming/rules.ts'
import { type Estate, labelsOf, placeIn, prefixOf, privateDomain, required, tagsOf } from './estate.ts'
import { isGlobalIpv6 } from './held-addresses.ts'

/** The blocks of a VPC or subnet that are in force: the association sets, never the primary block alone. */
export function vpcBlocks(vpc: Vpc): readonly Prefix[] {
  const what = `a block of ${vpc.VpcId}`
  return [
    ...(vpc.CidrBlockAssociationSet ?? [])
      .filter(({ CidrBlockState }) => CidrBlockState?.State === 'associated')
      .map(({ CidrBlock }) => prefixOf(CidrBlock, what)),
    ...ipv6Blocks(vpc.Ipv6CidrBlockAssociationSet, what),
  ]
}

const subnetBlocks = (subnet: Subnet): readonly Prefix[] => {
  const what = `a block of ${subnet.SubnetId}`
  const ipv4 = subnet.CidrBlock ? [prefixOf(subnet.CidrBlock, what)] : []
  return [...ipv4, ...ipv6Blocks(subnet.Ipv6CidrBlockAssociationSet, what)]
}

type Ipv6Association = {
  readonly Ipv6CidrBlock?: string | undefined
  readonly Ipv6CidrBlockState?: { readonly State?: string | undefined } | undefined
}

const ipv6Blocks = (associations: readonly Ipv6Association[] | undefined, what: string): readonly Prefix[] =>
  (associations ?? [])
    .filter(({ Ipv6CidrBlockState }) => Ipv6CidrBlockState?.State === 'associated')
    .map(({ Ipv6CidrBlock }) => prefixOf(Ipv6CidrBlock, what))

export function vpcBindings({ value: vpc, sighting }: Sighted<Vpc>, estate: Estate): readonly Binding[] {
  const id = required(vpc.VpcId, 'the id of a VPC')
  const network = { id, kind: 'vpc', vpc: id, subnet: null, zone: null, account: vpc.OwnerId, tags: tagsOf(vpc.Tags) }
  return vpcBlocks(vpc).flatMap(prefix => networkBindings(network, prefix, sighting, estate))
}

export function subnetBindings({ value: subnet, sighting }: Sighted<Subnet>, estate: Estate): readonly Binding[] {
  const id = required(subnet.SubnetId, 'the id of a subnet')
  const network = {
    id,
    kind: 'subnet',
    vpc: required(subnet.VpcId, `the VPC of ${id}`),
    subnet: id,
    zone: subnet.AvailabilityZoneId ?? subnet.AvailabilityZone ?? null,
    account: subnet.OwnerId,
    tags: tagsOf(subnet.Tags),
  }
  return subnetBlocks(subnet).flatMap(prefix => networkBindings(network, prefix, sighting, estate))
}

type Network = {
  readonly id: string
  readonly kind: string
  readonly vpc: string
  readonly subnet: string | null
  readonly zone: string | null
  readonly account: string | undefined
  readonly tags: Readonly<Record<string, string>>
}

function networkBindings(network: Network, prefix: Prefix, sighting: Sighting, estate: Estate): readonly Binding[] {
  const place = placeIn(estate, network.vpc, network.account)
  const owner: Owner = {
    ...nameOf({ tags: network.tags, managed: null }, estate.naming),
    kind: network.kind,
    resourceId: network.id,
    account: place.account,
    region: place.region,
    zone: network.zone,
    vpc: network.vpc,
    subnet: network.subnet,
    eni: null,
    host: null,
    labels: labelsOf(network.tags),
    forwards: false,
  }
  const domains = [privateDomain(estate, place, sighting), ...(isGlobalIpv6(prefix) ? [PUBLIC_IPV6] : [])]
  return domains.map(domain => networkBinding(domain, prefix, owner, network.id, sighting))
}

/** Says that the block is managed; never who holds an address in it. */
export const networkBinding = (
  domain: string,
  prefix: Prefix,
  owner: Owner,
  lifetimeId: string,
  sighting: Sighting,
): Binding => ({
  domain,
  prefix,
  ports: null,
  layer: 'network',
  owners: [owner],
  lifetimeId,
  state: 'held',
  sighting,
  stated: [],
  expects: [],
  whole: false,
})

const LAYERS = ['network', 'interface', 'instance'] as const

/**
 * What absence from this account's listing means something for: its VPCs' blocks, and all public space (an address that
 * this account does not list is not this account's). In a shared VPC the account's own interfaces may be in a domain of
 * their own, so the blocks are vouched for there too.
 */
export function scopeOf(vpcs: readonly Sighted<Vpc>[], estate: Estate): readonly Omit<Scope, 'fromMs'>[] {
  const blocks = vpcs.flatMap(({ value: vpc, sighting }) => {
    const id = required(vpc.VpcId, 'the id of a VPC')
    const domains = new Set(
      [vpc.OwnerId, estate.account].map(owner => privateDomain(estate, placeIn(estate, id, owner), sighting)),
    )
    return [...domains].flatMap(domain => vpcBlocks(vpc).map(prefix => ({ domain, prefix, layers: LAYERS })))
  })
  return [
    ...blocks,
    { domain: PUBLIC_IPV4, prefix: EVERYTHING.ipv4, layers: LAYERS },
    { domain: PUBLIC_IPV6, prefix: EVERYTHING.ipv6, layers: LAYERS },
  ]
}

const EVERYTHING = { ipv4: toPrefix('0.0.0.0/0') as Prefix, ipv6: toPrefix('::/0') as Prefix }
