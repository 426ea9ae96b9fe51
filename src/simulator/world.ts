import type { Millis } from '../ownership/window.ts'
import { Agenda } from './agenda.ts'
import { Containers, SHOWN_LATE_MS } from './containers.ts'
import type { Eni } from './eni.ts'
import { Fleet, type Ground, type Group, PLAIN_ENI } from './fleet.ts'
import { Floating } from './floating.ts'
import { Ledger, type Tenure } from './ledger.ts'
import { Network } from './network.ts'
import { type Random, seededRandom } from './random.ts'
import { AddressPool, type Subnet } from './subnet.ts'

export const ACCOUNT = '123456789012'
export const REGION = 'us-east-1'
export const PARTITION = 'aws'
/** Of both VPCs: they overlap, as those of companies that have merged do. */
export const VPC_CIDR = '10.0.0.0/16'

/** The global IPv6 blocks of the VPCs; each of their subnets has a /64 of it. */
export const CIDR6 = { prod: '2600:1f18:100::/56', corp: '2600:1f18:200::/56' } as const

export type Scale = {
  readonly hosts: number
  readonly containersPerHost: number
  readonly groups: number
  readonly instancesPerGroup?: number
}

/** What this world keeps to; what is left out is as in the demo. */
export type Promises = Pick<Ground, 'briefestHoldingMs' | 'bridgeMs'> &
  Partial<Pick<Ground, 'shownLateMs' | 'tagsLateMs' | 'pace' | 'reuseGapMs'>>

export type Vpc = {
  readonly id: string
  readonly name: string
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
  const subnets = ['prod', 'corp'].flatMap(name => subnetsOf(name, `vpc-0${random.hex(16)}`, random))
  const plain = subnets.filter(subnet => subnet.cidr !== BRANCH_CIDR)
  const groups = GROUPS.slice(0, Math.max(2, scale.groups))
  const defaults = { shownLateMs: SHOWN_LATE_MS, tagsLateMs: 0, pace: 1, reuseGapMs: 0 }
  const ground: Ground = { agenda, network, random, ...defaults, ...promises }
  const fleet = new Fleet(ground, groups, plain)
  const floating = new Floating(ground, fleet, plain)
  const containers = new Containers(ground, {
    fleet,
    group: HOSTS,
    hostSubnets: plain.slice(0, 2),
    branchSubnet: subnets.find(subnet => subnet.cidr === BRANCH_CIDR) as Subnet,
    capacity: scale.containersPerHost,
  })
  const vpcs = ['prod', 'corp'].map((name, index) => vpcOf(name, index, plain, network, floating, startMs))

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

const BRANCH_CIDR = '10.0.64.0/20'

/** The pools begin at the same addresses in both VPCs, so that these overlap in fact and not only on paper. */
function subnetsOf(vpcName: string, vpc: string, random: Random): Subnet[] {
  const cidrs = vpcName === 'prod' ? ['10.0.0.0/20', '10.0.16.0/20', BRANCH_CIDR] : ['10.0.0.0/20', '10.0.16.0/20']
  return cidrs.map((cidr, index) => {
    const third = Number(cidr.split('.')[2])
    const cidr6 = `${vpcName === 'prod' ? '2600:1f18:100' : '2600:1f18:200'}:${index + 1}::/64`
    const fresh = (n: number) => `10.0.${third + ((n + 10) >> 8)}.${(n + 10) & 255}`
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
  name: string,
  index: number,
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
  return { id: natSubnet.vpc, name, cidr6: name === 'prod' ? CIDR6.prod : CIDR6.corp, nat, balancers }
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
