import type { Millis } from '../ownership/window.ts'
import { Agenda } from './agenda.ts'
import { Containers, SHOWN_LATE_MS } from './containers.ts'
import type { Eni } from './eni.ts'
import { DEFAULT_HABITS, Fleet, type Ground, type Group, type Habits, PLAIN_ENI } from './fleet.ts'
import { Floating } from './floating.ts'
import { Ledger, type Tenure } from './ledger.ts'
import { Network } from './network.ts'
import { type Random, seededRandom } from './random.ts'
import { AddressPool, type Subnet } from './subnet.ts'

export const ACCOUNT = '123456789012'
export const REGION = 'us-east-1'
export const PARTITION = 'aws'
export type Scale = {
  readonly hosts: number
  readonly containersPerHost: number
  readonly groups: number
  readonly instancesPerGroup?: number
  /** Two to five; two where it is left out. */
  readonly vpcs?: number
  /** False: no two VPCs have an IPv4 address in common. Else all of them do, as those of companies that have merged. */
  readonly overlapping?: boolean
}

/** What this world keeps to; what is left out is as in the demo. */
export type Promises = Pick<Ground, 'briefestHoldingMs' | 'bridgeMs'> &
  Partial<Pick<Ground, 'shownLateMs' | 'tagsLateMs' | 'pace' | 'reuseGapMs'>> & {
    readonly habits?: Partial<Habits>
  }

export type Vpc = {
  readonly id: string
  readonly name: string
  readonly cidr: string
  /** Global, and no other's; each subnet has a /64 of it. */
  readonly cidr6: string
  readonly nat: Eni
  readonly balancers: readonly Eni[]
}

/** Everything that exists and happens, but for the traffic. It depends on the seed, the start and the scale alone. */
export type World = {
  readonly startMs: Millis
  readonly agenda: Agenda
  readonly ledger: Ledger
  readonly network: Network
  readonly fleet: Fleet
  readonly containers: Containers
  readonly vpcs: readonly Vpc[]
  readonly subnets: readonly Subnet[]
  /** Each tenure as it begins; whoever reads takes them out. */
  readonly begun: Tenure[]
}

export function createWorld(seed: number, startMs: Millis, scale: Scale, promises: Promises): World {
  const random = seededRandom(seed, 'world')
  const agenda = new Agenda(startMs)
  const begun: Tenure[] = []
  const ledger = new Ledger(tenure => begun.push(tenure))
  const network = new Network(ACCOUNT, random, ledger)
  const places = VPC_NAMES.slice(0, scale.vpcs ?? 2).map((name, index) =>
    placeOf(name, index, scale.overlapping ?? true),
  )
  const subnets = places.flatMap(place => subnetsOf(place, `vpc-0${random.hex(16)}`, random))
  const plain = subnets.filter(subnet => subnet.cidr !== BRANCH_CIDR)
  const others = places.slice(2).flatMap(({ name }) => groupsOf(name))
  const groups = [...GROUPS.slice(0, Math.max(2, scale.groups)), ...others]
  const defaults = { shownLateMs: SHOWN_LATE_MS, tagsLateMs: 0, pace: 1, reuseGapMs: 0 }
  const habits = { ...DEFAULT_HABITS, ...promises.habits }
  const ground: Ground = { agenda, network, random, ...defaults, ...promises, habits }
  const fleet = new Fleet(ground, groups, plain)
  const floating = new Floating(ground, fleet, plain)
  const containers = new Containers(ground, {
    fleet,
    group: HOSTS,
    hostSubnets: plain.slice(0, 2),
    branchSubnet: subnets.find(subnet => subnet.cidr === BRANCH_CIDR) as Subnet,
    capacity: scale.containersPerHost,
  })
  const vpcs = places.map(place => vpcOf(place, plain, network, floating, startMs))

  for (const { vpcName } of groups) {
    for (let i = scale.instancesPerGroup ?? 5; i > 0; i--) fleet.settle(vpcName, startMs)
  }
  containers.settle(scale.hosts, startMs)
  for (let i = 0; i < 4; i++) floating.addElasticIp(`52.11.120.${90 + i}`)
  for (const [index, { name }] of vpcs.entries()) {
    for (let i = 0; i < 3; i++) floating.addAddress(name)
    floating.addAddress(name, `52.11.122.${10 + index}`)
    floating.addAddress6(name)
    for (let i = 0; i < 2; i++) floating.addBlock(name, 16 * (2 * index + i))
    floating.addEni(name, startMs - 3_600_000)
  }
  return { startMs, agenda, ledger, network, fleet, containers, vpcs, subnets, begun }
}

/** The first one has the containers. */
const VPC_NAMES = ['prod', 'corp', 'labs', 'partner', 'archive'] as const

/** A VPC to be: the first two numbers of its IPv4 addresses, the first three of its IPv6 addresses. */
type VpcPlace = { readonly name: string; readonly index: number; readonly start4: string; readonly start6: string }

const placeOf = (name: string, index: number, overlapping: boolean): VpcPlace => ({
  name,
  index,
  start4: `10.${overlapping ? 0 : index}`,
  start6: `2600:1f18:${index + 1}00`,
})

const BRANCH_CIDR = '10.0.64.0/20'

/** The pools begin at the same addresses in all VPCs, so that these overlap in fact and not only on paper. */
function subnetsOf({ name: vpcName, index: place, start4, start6 }: VpcPlace, vpc: string, random: Random): Subnet[] {
  const own = [`${start4}.0.0/20`, `${start4}.16.0/20`]
  return (place === 0 ? [...own, BRANCH_CIDR] : own).map((cidr, index) => {
    const third = Number(cidr.split('.')[2])
    const cidr6 = `${start6}:${index + 1}::/64`
    const fresh = (n: number) => `${start4}.${third + ((n + 10) >> 8)}.${(n + 10) & 255}`
    return {
      id: `subnet-0${random.hex(16)}`,
      vpc,
      vpcName,
      cidr,
      cidr6,
      zone: `${REGION}${'ab'[index % 2]}`,
      zoneId: `use1-az${(index % 2) + 1}`,
      pool: new AddressPool(random, fresh),
      pool6: new AddressPool(random, n => cidr6.replace('/64', (n + 16).toString(16))),
    }
  })
}

/** A NAT gateway and a load balancer with a leg in each zone; they stay. */
function vpcOf(
  { name, index, start4, start6 }: VpcPlace,
  plain: readonly Subnet[],
  network: Network,
  floating: Floating,
  startMs: Millis,
): Vpc {
  const sinceMs = startMs - 86_400_000
  const own = plain.filter(subnet => subnet.vpcName === name)
  const managed = (subnet: Subnet, description: string, application: string | null, requester: string) => ({
    ...PLAIN_ENI,
    subnet,
    primaryIp: subnet.pool.take(),
    description,
    application,
    requester,
  })
  const balancers = own.map((subnet, leg) => {
    const eni = network.create(
      managed(subnet, `ELB app/web-${name}/50dc6c495c0c9188`, `web-${name}`, 'amazon-elb'),
      sinceMs,
    )
    network.attach(eni, { ...BY_SERVICE, instanceOwner: 'amazon-elb', deviceIndex: 1 }, sinceMs, 'ela-attach')
    network.associate(eni, `3.84.20.${10 + 10 * index + leg}`, null, 'amazon-elb', sinceMs)
    return eni
  })
  const natSubnet = own[0] as Subnet
  const nat = network.create(
    {
      ...managed(natSubnet, `Interface for NAT Gateway nat-0${index}a1b2c3d4e5f60718`, null, 'amazon-aws'),
      interfaceType: 'nat_gateway',
      sourceDestCheck: false,
    },
    sinceMs,
  )
  network.attach(nat, { ...BY_SERVICE, instanceOwner: 'amazon-aws', deviceIndex: 1 }, sinceMs, 'ela-attach')
  floating.pinElasticIp(`52.11.121.${10 + index}`, nat, sinceMs)
  return { id: natSubnet.vpc, name, cidr: `${start4}.0.0/16`, cidr6: `${start6}::/56`, nat, balancers }
}

const BY_SERVICE = { instance: null, deleteOnTermination: false } as const

const group = (name: string, application: string, owner: string, vpcName: string): Group => ({
  name,
  application,
  owner,
  vpcName,
})

/** Instances that run containers. */
const HOSTS = group('titusagent-main-v003', 'titusagent', 'compute', 'prod')

/** Of a VPC that has no groups among those below. */
const groupsOf = (vpcName: string): readonly Group[] => [
  group(`indexer-${vpcName}-v001`, 'indexer', 'search', vpcName),
  group(`proxy-${vpcName}-v002`, 'proxy', 'edge', vpcName),
]

const GROUPS: readonly Group[] = [
  group('api-prod-v012', 'api', 'edge', 'prod'),
  group('crm-corp-v004', 'crm', 'sales', 'corp'),
  group('cart-prod-canary-v101', 'cart', 'shop', 'prod'),
  group('payments-prod-v033', 'payments', 'payments', 'prod'),
  group('wiki-corp-v007', 'wiki', 'it', 'corp'),
  group('catalog-prod-v008', 'catalog', 'shop', 'prod'),
  group('recommend-prod-blue-v055', 'recommend', 'personalization', 'prod'),
  group('buildfarm-corp-linux-v019', 'buildfarm', 'tools', 'corp'),
  group('sessions-prod-v002', 'sessions', 'edge', 'prod'),
  group('evcache-prod-d0-v223', 'evcache', 'caching', 'prod'),
  group('mail-corp-v001', 'mail', 'it', 'corp'),
  group('metrics-prod-v064', 'metrics', 'observability', 'prod'),
]
