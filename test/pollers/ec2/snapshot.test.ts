import type { Address, Instance, NetworkInterface, Subnet, Vpc } from '@aws-sdk/client-ec2'
import { describe, expect, test } from 'vitest'
import type { Binding, Sighted } from '../../../src/ownership/snapshot.ts'
import type { Estate } from '../../../src/pollers/ec2/estate.ts'
import type { Ec2Listing } from '../../../src/pollers/ec2/listing.ts'
import { toSnapshot } from '../../../src/pollers/ec2/snapshot.ts'
import { DEFAULT_NAMING } from '../../../src/pollers/naming/rules.ts'

const estate: Estate = {
  partition: 'aws',
  account: '111122223333',
  region: 'us-east-1',
  domainRules: [],
  naming: DEFAULT_NAMING,
}

const page = (at: number) => ({ sentAtMs: at, receivedAtMs: at + 10 })
const on = <T>(at: number, ...values: readonly T[]): readonly Sighted<T>[] =>
  values.map(value => ({ value, sighting: page(at) }))

type Parts = {
  vpcs?: Vpc[]
  subnets?: Subnet[]
  interfaces?: NetworkInterface[]
  instances?: Instance[]
  addresses?: Address[]
}

function snapshot(parts: Parts, overrides: Partial<Estate> = {}) {
  const listing: Ec2Listing = {
    vpcs: on(100, ...(parts.vpcs ?? [])),
    subnets: on(100, ...(parts.subnets ?? [])),
    interfaces: on(200, ...(parts.interfaces ?? [])),
    instances: on(300, ...(parts.instances ?? [])),
    addresses: on(400, ...(parts.addresses ?? [])),
    pages: [page(100), page(200), page(300), page(400)],
  }
  return toSnapshot(listing, { ...estate, ...overrides })
}

const eni: NetworkInterface = {
  NetworkInterfaceId: 'eni-0a',
  VpcId: 'vpc-1',
  SubnetId: 'subnet-1',
  OwnerId: '111122223333',
  InterfaceType: 'interface',
  AvailabilityZoneId: 'use1-az1',
  PrivateIpAddress: '10.0.0.5',
  PrivateIpAddresses: [{ PrivateIpAddress: '10.0.0.5', Primary: true }],
  Attachment: {
    AttachTime: new Date('2026-11-20T10:11:12Z'),
    AttachmentId: 'eni-attach-1',
    InstanceId: 'i-1',
    InstanceOwnerId: '111122223333',
    Status: 'attached',
  },
}
const instance: Instance = {
  InstanceId: 'i-1',
  State: { Name: 'running' },
  Tags: [{ Key: 'aws:autoscaling:groupName', Value: 'api-prod-v001' }],
}
const loose = (part: Partial<NetworkInterface>): NetworkInterface => {
  const { Attachment: _, ...rest } = eni
  return { ...rest, ...part }
}

/** A binding in one line: domain, prefix, layer, owner, lifetime, state. */
const line = ({ domain, prefix, layer, owners, lifetimeId, state }: Binding): string =>
  [domain, prefix, layer, owners.map(o => o.application ?? o.resourceId).join('+'), lifetimeId ?? '-', state].join(' ')
const lines = (parts: Parts) => snapshot(parts).bindings.map(line)
const only = (parts: Parts, overrides?: Partial<Estate>) => snapshot(parts, overrides).bindings[0] as Binding

describe('an interface attached to an instance', () => {
  test('is held at the interface layer by the interface and at the instance layer by the instance', () => {
    const { bindings } = snapshot({ interfaces: [eni], instances: [instance] })
    expect(bindings.map(line)).toEqual([
      'vpc-1 10.0.0.5/32 interface eni-0a eni-0a held',
      'vpc-1 10.0.0.5/32 instance api eni-0a/eni-attach-1 held',
    ])
    expect(bindings[0]).toMatchObject({ expects: ['instance'], sighting: page(200), stated: [] })
    expect(bindings[1]).toMatchObject({
      expects: [],
      sighting: { sentAtMs: 200, receivedAtMs: 310 },
      stated: [{ edge: 'start', kind: 'exact', subject: 'attachment', atMs: Date.UTC(2026, 10, 20, 10, 11, 12) }],
      owners: [
        {
          application: 'api',
          cluster: 'api-prod',
          stack: 'prod',
          kind: 'instance',
          resourceId: 'i-1',
          zone: 'use1-az1',
          vpc: 'vpc-1',
          subnet: 'subnet-1',
          eni: 'eni-0a',
          namedBy: 'asg-frigga',
        },
      ],
    })
  })

  test('gives every address of the worked example, public ones once and global IPv6 in both domains', () => {
    const full: NetworkInterface = {
      ...eni,
      Association: { PublicIp: '198.51.100.7', IpOwnerId: 'amazon' },
      PrivateIpAddresses: [
        { PrivateIpAddress: '10.0.0.5', Primary: true, Association: { PublicIp: '198.51.100.7', IpOwnerId: 'amazon' } },
        {
          PrivateIpAddress: '10.0.0.9',
          Primary: false,
          Association: { PublicIp: '203.0.113.9', AllocationId: 'eipalloc-1', AssociationId: 'eipassoc-1' },
        },
      ],
      Ipv4Prefixes: [{ Ipv4Prefix: '10.0.1.16/28' }],
      Ipv6Addresses: [{ Ipv6Address: '2001:DB8:0:1::5' }, { Ipv6Address: 'fd00::7' }],
      Ipv6Prefixes: [{ Ipv6Prefix: '2001:db8:0:1:5::/80' }],
    }
    const held = lines({ interfaces: [full], instances: [instance] })
    expect(held.filter(text => text.includes(' interface '))).toEqual([
      'vpc-1 10.0.0.5/32 interface eni-0a eni-0a held',
      'inet.0 198.51.100.7/32 interface eni-0a - held',
      'vpc-1 10.0.0.9/32 interface eni-0a - held',
      'inet.0 203.0.113.9/32 interface eni-0a - held',
      'vpc-1 10.0.1.16/28 interface eni-0a - held',
      'vpc-1 2001:db8:0:1::5/128 interface eni-0a - held',
      'inet6.0 2001:db8:0:1::5/128 interface eni-0a - held',
      'vpc-1 fd00::7/128 interface eni-0a - held',
      'vpc-1 2001:db8:0:1:5::/80 interface eni-0a - held',
      'inet6.0 2001:db8:0:1:5::/80 interface eni-0a - held',
    ])
    expect(held.filter(text => text.includes(' instance '))).toHaveLength(10)
  })

  test('an Elastic IP on the primary address is identified by its association, and by the attachment above it', () => {
    const Association = { PublicIp: '203.0.113.9', AllocationId: 'eipalloc-1', AssociationId: 'eipassoc-1' }
    const elastic = { ...eni, PrivateIpAddresses: [{ PrivateIpAddress: '10.0.0.5', Primary: true, Association }] }
    expect(lines({ interfaces: [elastic], instances: [instance] }).slice(2)).toEqual([
      'inet.0 203.0.113.9/32 interface eni-0a eipassoc-1 held',
      'inet.0 203.0.113.9/32 instance api eipassoc-1/eni-attach-1 held',
    ])
  })

  test('a carrier address is nobody’s of ours', () => {
    const carrier = { PrivateIpAddress: '10.0.0.5', Primary: true, Association: { CarrierIp: '192.0.2.1' } }
    expect(lines({ interfaces: [{ ...eni, PrivateIpAddresses: [carrier] }], instances: [instance] })).toHaveLength(2)
  })

  test.each([
    ['pending', 'held'],
    ['running', 'held'],
    ['stopping', 'held'],
    ['stopped', 'held'],
    ['shutting-down', 'ending'],
    ['terminated', 'ending'],
  ] as const)('a %s instance is %s; its interface is held all the same', (Name, state) => {
    const { bindings } = snapshot({ interfaces: [eni], instances: [{ ...instance, State: { Name } }] })
    expect(bindings.map(binding => binding.state)).toEqual(['held', state])
  })

  test.each([
    ['attaching', 1],
    ['attached', 2],
    ['detaching', 2],
    ['detached', 1],
  ] as const)('an interface that is %s has bindings at %i layers', (Status, count) => {
    const attached = { ...eni, Attachment: { ...eni.Attachment, Status } }
    expect(lines({ interfaces: [attached], instances: [instance] })).toHaveLength(count)
  })

  test('an instance that the listing lacks holds the address without a name', () => {
    const { bindings } = snapshot({ interfaces: [eni] })
    expect(bindings[1]).toMatchObject({
      state: 'held',
      owners: [{ application: null, resourceId: 'i-1', namedBy: null }],
    })
  })

  test('an address listed on two interfaces of one walk is emitted for both', () => {
    const other = { ...eni, NetworkInterfaceId: 'eni-0b' }
    expect(lines({ interfaces: [eni, other] }).filter(text => text.includes(' interface '))).toHaveLength(2)
  })
})

describe('what is expected above an interface', () => {
  test('a container above a branch, at the interface and at the instance layer alike', () => {
    const { bindings } = snapshot({ interfaces: [{ ...eni, InterfaceType: 'branch' }], instances: [instance] })
    expect(bindings.map(({ expects }) => expects)).toEqual([['container'], ['container']])
  })

  test('nothing above an interface that a service manages', () => {
    expect(only({ interfaces: [loose({ RequesterManaged: true, Description: 'made by hand' })] })).toMatchObject({
      expects: [],
      owners: [{ kind: 'interface' }],
    })
  })

  test('what the domain rule says, and the domain is the rule’s', () => {
    const domainRules = [{ domain: 'prod', vpc: 'vpc-1', expects: { interface: ['instance', 'container'] as const } }]
    const { bindings } = snapshot({ interfaces: [eni], instances: [instance] }, { domainRules })
    expect(bindings.map(({ domain, expects }) => [domain, expects])).toEqual([
      ['prod', ['instance', 'container']],
      ['prod', ['container']],
    ])
  })

  test('the domain is that of the interface’s own account, in a shared VPC too', () => {
    const domainRules = [{ domain: 'guest', account: '999999999999' }]
    expect(only({ interfaces: [loose({ OwnerId: '999999999999' })] }, { domainRules })).toMatchObject({
      domain: 'guest',
      owners: [{ account: '999999999999' }],
    })
  })
})

describe('an interface that a service manages', () => {
  test.each([
    ['ELB app/shop/50dc6c495c0c9188', 'load_balancer', 'shop', false],
    ['ELB net/edge/50dc6c495c0c9188', 'network_load_balancer', 'edge', true],
    ['ELB gwy/fw/50dc6c495c0c9188', 'gateway_load_balancer', 'fw', true],
    ['ELB classic-one', 'load_balancer', 'classic-one', false],
    ['Interface for NAT Gateway nat-0123456789abcdef0', 'nat_gateway', null, true],
    ['VPC Endpoint Interface vpce-0123', 'vpc_endpoint', null, false],
    ['Network Interface for Transit Gateway Attachment tgw-attach-0f', 'transit_gateway', null, true],
    ['AWS Lambda VPC ENI-resize-4ba0c4d4-1b2c-4d5e-8f90-123456789abc', 'lambda', null, false],
    ['RDSNetworkInterface', 'rds', null, false],
    ['EFS mount target for fs-0a (fsmt-0b)', 'efs', null, false],
    ['arn:aws-us-gov:ecs:us-gov-west-1:1:attachment/0f-1', 'ecs_task', null, false],
    ['Amazon EKS prod-1', 'eks_control_plane', 'prod-1', false],
  ])('%s is a %s', (Description, kind, application, forwards) => {
    const binding = only({ interfaces: [loose({ Description, RequesterManaged: true })] })
    expect(binding).toMatchObject({ expects: [], owners: [{ kind, application, forwards }] })
  })

  test('the interface type outranks the description, in the SDK’s spelling too', () => {
    const nat = loose({
      InterfaceType: 'natGateway',
      Description: 'Interface for NAT Gateway nat-0f',
      RequesterManaged: true,
    })
    expect(only({ interfaces: [nat] })).toMatchObject({
      owners: [{ kind: 'nat_gateway', forwards: true, labels: { serves: 'nat-0f' } }],
    })
  })

  test('a description on an interface of one’s own says nothing', () => {
    const own = loose({ Description: 'ELB app/shop/50dc6c495c0c9188' })
    expect(only({ interfaces: [own] })).toMatchObject({ owners: [{ kind: 'interface', application: null }] })
  })

  test('without source and destination check an interface forwards', () => {
    const { bindings } = snapshot({ interfaces: [{ ...eni, SourceDestCheck: false }], instances: [instance] })
    expect(bindings.map(({ owners }) => owners[0]?.forwards)).toEqual([true, true])
  })
})

describe('networks', () => {
  const vpc: Vpc = {
    VpcId: 'vpc-1',
    OwnerId: '111122223333',
    CidrBlock: '10.0.0.0/16',
    CidrBlockAssociationSet: [
      { CidrBlock: '10.0.0.0/16', CidrBlockState: { State: 'associated' } },
      { CidrBlock: '10.9.0.0/16', CidrBlockState: { State: 'disassociated' } },
    ],
    Ipv6CidrBlockAssociationSet: [{ Ipv6CidrBlock: '2001:db8::/56', Ipv6CidrBlockState: { State: 'associated' } }],
  }

  test('VPC and subnet blocks that are associated are managed', () => {
    const subnet: Subnet = { SubnetId: 'subnet-1', VpcId: 'vpc-1', OwnerId: '111122223333', CidrBlock: '10.0.1.0/24' }
    expect(lines({ vpcs: [vpc], subnets: [subnet] })).toEqual([
      'vpc-1 10.0.0.0/16 network vpc-1 vpc-1 held',
      'vpc-1 2001:db8::/56 network vpc-1 vpc-1 held',
      'inet6.0 2001:db8::/56 network vpc-1 vpc-1 held',
      'vpc-1 10.0.1.0/24 network subnet-1 subnet-1 held',
    ])
  })

  test('the scope is the blocks of the VPCs and all public space', () => {
    expect(snapshot({ vpcs: [vpc] }).scope.map(({ domain, prefix }) => `${domain} ${prefix}`)).toEqual([
      'vpc-1 10.0.0.0/16',
      'vpc-1 2001:db8::/56',
      'inet.0 0.0.0.0/0',
      'inet6.0 ::/0',
    ])
  })

  test('in a shared VPC its blocks are vouched for in the owner’s domain and in the account’s own', () => {
    const domainRules = [{ domain: 'ours', account: '111122223333' }]
    const { scope } = snapshot({ vpcs: [{ ...vpc, OwnerId: '999999999999' }] }, { domainRules })
    const domains = scope.filter(({ prefix }) => prefix === '10.0.0.0/16').map(({ domain }) => domain)
    expect(domains).toEqual(['vpc-1', 'ours'])
  })

  test('a rule counts as of the request that showed a thing, so nothing is certain in a domain beyond its lifetime', () => {
    // The VPC's page was asked for at 100, the interface's at 200.
    const domainRules = [
      { domain: 'old', vpc: 'vpc-1', untilMs: 150 },
      { domain: 'new', vpc: 'vpc-1', expects: { interface: ['container' as const] } },
    ]
    const { bindings, scope } = snapshot({ vpcs: [vpc], interfaces: [eni] }, { domainRules })
    const places = bindings.map(({ domain, layer }) => `${domain} ${layer}`)
    expect(new Set(places)).toEqual(new Set(['old network', 'inet6.0 network', 'new interface', 'new instance']))
    expect(bindings.find(({ layer }) => layer === 'interface')?.expects).toEqual(['container'])
    expect(new Set(scope.map(({ domain }) => domain))).toEqual(new Set(['old', 'inet.0', 'inet6.0']))
  })

  test('the snapshot spans all its pages', () => {
    expect(snapshot({ vpcs: [vpc] }).sighting).toEqual({ sentAtMs: 100, receivedAtMs: 410 })
  })
})

describe('Elastic IPs', () => {
  const elastic: Address = { PublicIp: '203.0.113.9', AllocationId: 'eipalloc-1' }

  test('an unassociated one is managed and nobody’s', () => {
    expect(lines({ addresses: [elastic] })).toEqual(['inet.0 203.0.113.9/32 network eipalloc-1 eipalloc-1 held'])
  })

  test('one that only the address list shows is held by its interface, joined from both replies', () => {
    const addresses = [{ ...elastic, AssociationId: 'eipassoc-1', NetworkInterfaceId: 'eni-0a' }]
    const { bindings } = snapshot({ interfaces: [eni], instances: [instance], addresses })
    const shown = bindings.filter(({ domain, layer }) => domain === 'inet.0' && layer !== 'network')
    expect(shown.map(line)).toEqual([
      'inet.0 203.0.113.9/32 interface eni-0a - held',
      'inet.0 203.0.113.9/32 instance api - held',
    ])
    expect(shown.map(({ sighting }) => sighting)).toEqual([
      { sentAtMs: 200, receivedAtMs: 410 },
      { sentAtMs: 200, receivedAtMs: 410 },
    ])
  })
})

describe('replies that cannot be understood', () => {
  test.each([
    ['no VPC', loose({ VpcId: '' }), 'the VPC of eni-0a is missing'],
    ['no address', loose({ PrivateIpAddresses: [{ PrivateIpAddress: '10.0.0.999', Primary: true }] }), '10.0.0.999'],
  ])('%s refuses the listing', (_, malformed, message) => {
    expect(() => snapshot({ interfaces: [malformed] })).toThrow(message)
  })
})
