import type { Subnet, Vpc } from '@aws-sdk/client-ec2'
import type { Owner, Scope } from '../../ownership/claim.ts'
import { PUBLIC_IPV4, PUBLIC_IPV6 } from '../../ownership/domains.ts'
import { type Prefix, toPrefix } from '../../ownership/prefix.ts'
import type { Binding, Sighted, Sighting } from '../../ownership/snapshot.ts'
import { nameOf } from '../naming/rules.ts'
import { type Estate, labelsOf, placeIn, prefixOf, privateDomain, required, tagsOf } from './estate.ts'
import { isGlobalIpv6 } from './held-addresses.ts'
import { leastOf, type Sign, signOf } from './states.ts'

type Block = { readonly prefix: Prefix; readonly sign: Sign }

/** The blocks of a VPC that are in force or on their way out: the association sets, never the primary block alone. */
function vpcBlocks(vpc: Vpc): readonly Block[] {
  const what = `a block of ${vpc.VpcId}`
  const ipv4 = (vpc.CidrBlockAssociationSet ?? []).map(({ CidrBlock, CidrBlockState }) => ({
    prefix: prefixOf(CidrBlock, what),
    sign: signOf('block', CidrBlockState?.State),
  }))
  return within([...ipv4, ...ipv6Blocks(vpc.Ipv6CidrBlockAssociationSet, what)], signOf('vpc', vpc.State))
}

/** The IPv4 block of a subnet is its own for life, and so has no state of its own. */
function subnetBlocks(subnet: Subnet): readonly Block[] {
  const what = `a block of ${subnet.SubnetId}`
  const ipv4 = subnet.CidrBlock ? [{ prefix: prefixOf(subnet.CidrBlock, what), sign: 'held' as const }] : []
  return within([...ipv4, ...ipv6Blocks(subnet.Ipv6CidrBlockAssociationSet, what)], signOf('subnet', subnet.State))
}

const within = (blocks: readonly Block[], whole: Sign): readonly Block[] =>
  blocks.map(({ prefix, sign }) => ({ prefix, sign: leastOf(sign, whole) })).filter(({ sign }) => sign !== 'none')

type Ipv6Association = {
  readonly Ipv6CidrBlock?: string | undefined
  readonly Ipv6CidrBlockState?: { readonly State?: string | undefined } | undefined
}

const ipv6Blocks = (associations: readonly Ipv6Association[] | undefined, what: string): readonly Block[] =>
  (associations ?? []).map(({ Ipv6CidrBlock, Ipv6CidrBlockState }) => ({
    prefix: prefixOf(Ipv6CidrBlock, what),
    sign: signOf('block', Ipv6CidrBlockState?.State),
  }))

export function vpcBindings({ value: vpc, sighting }: Sighted<Vpc>, estate: Estate): readonly Binding[] {
  const id = required(vpc.VpcId, 'the id of a VPC')
  const network = { id, kind: 'vpc', vpc: id, subnet: null, zone: null, account: vpc.OwnerId, tags: tagsOf(vpc.Tags) }
  return vpcBlocks(vpc).flatMap(block => networkBindings(network, block, sighting, estate))
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
  return subnetBlocks(subnet).flatMap(block => networkBindings(network, block, sighting, estate))
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

function networkBindings(
  network: Network,
  { prefix, sign }: Block,
  sighting: Sighting,
  estate: Estate,
): readonly Binding[] {
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
  const state = sign === 'held' ? 'held' : 'ending'
  return domains.map(domain => ({ ...networkBinding(domain, prefix, owner, network.id, sighting), state }))
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
 * What absence from this account's listing means something for: its own VPCs' blocks, and all public space (an address that
 * this account does not list is not this account's). Of a VPC that another account shares it sees its own interfaces only
 * (aws.md §2.4): that nobody has an address there it cannot say, except in a domain that the rules give to its own interfaces
 * alone.
 */
export function scopeOf(vpcs: readonly Sighted<Vpc>[], estate: Estate): readonly Omit<Scope, 'fromMs'>[] {
  const blocks = vpcs.flatMap(({ value: vpc, sighting }) => {
    const id = required(vpc.VpcId, 'the id of a VPC')
    const domainFor = (account: string | undefined) => privateDomain(estate, placeIn(estate, id, account), sighting)
    const [owners, own] = [domainFor(vpc.OwnerId), domainFor(estate.account)]
    const isShared = vpc.OwnerId !== undefined && vpc.OwnerId !== estate.account
    const vouched = [
      { domain: owners, layers: isShared ? (['network'] as const) : LAYERS },
      ...(own === owners ? [] : [{ domain: own, layers: LAYERS }]),
    ]
    return vouched.flatMap(part => vpcBlocks(vpc).map(({ prefix }) => ({ ...part, prefix })))
  })
  return [
    ...blocks,
    { domain: PUBLIC_IPV4, prefix: EVERYTHING.ipv4, layers: LAYERS },
    { domain: PUBLIC_IPV6, prefix: EVERYTHING.ipv6, layers: LAYERS },
  ]
}

const EVERYTHING = { ipv4: toPrefix('0.0.0.0/0') as Prefix, ipv6: toPrefix('::/0') as Prefix }
