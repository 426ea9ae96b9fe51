import type { Address, NetworkInterface, Subnet, Vpc } from '@aws-sdk/client-ec2'
import { describe, expect, test } from 'vitest'
import { createOwnershipIndex } from '../../../src/ownership/ownership-index.ts'
import { diffSnapshot } from '../../../src/ownership/snapshot-diff.ts'
import type { Estate } from '../../../src/pollers/ec2/estate.ts'
import { eni, instance, line, lines, loose, only, page, snapshot } from '../../support/ec2-listing.ts'
import { inWords, noDoubt, question } from '../../support/estate.ts'
import { fresh } from '../../support/one-poll.ts'

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

describe('networks', () => {
  const vpc: Vpc = {
    VpcId: 'vpc-1',
    State: 'available',
    OwnerId: '111122223333',
    CidrBlock: '10.0.0.0/16',
    CidrBlockAssociationSet: [
      { CidrBlock: '10.0.0.0/16', CidrBlockState: { State: 'associated' } },
      { CidrBlock: '10.9.0.0/16', CidrBlockState: { State: 'disassociated' } },
    ],
    Ipv6CidrBlockAssociationSet: [{ Ipv6CidrBlock: '2001:db8::/56', Ipv6CidrBlockState: { State: 'associated' } }],
  }

  test('VPC and subnet blocks that are associated are managed', () => {
    const subnet: Subnet = {
      SubnetId: 'subnet-1',
      VpcId: 'vpc-1',
      OwnerId: '111122223333',
      State: 'available',
      CidrBlock: '10.0.1.0/24',
    }
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

  describe('of a VPC that another account shares', () => {
    const shared = { ...vpc, OwnerId: '999999999999', Ipv6CidrBlockAssociationSet: [] }
    const vouched = (overrides?: Partial<Estate>) =>
      snapshot({ vpcs: [shared] }, overrides)
        .scope.filter(({ domain }) => !domain.startsWith('inet'))
        .map(({ domain, layers }) => `${domain} ${layers.join(',')}`)

    test('only the block is vouched for: who else has an address in it this account does not see', () => {
      expect(vouched()).toEqual(['vpc-1 network'])
    })

    test('all of it, in a domain that a rule gives to this account’s interfaces alone', () => {
      const domainRules = [{ domain: 'ours', account: '111122223333' }]
      expect(vouched({ domainRules })).toEqual(['vpc-1 network', 'ours network,interface,instance'])
    })

    test('an address that another participant may have is unknown, not nobody’s; one’s own is answered', () => {
      const index = createOwnershipIndex()
      let state = fresh
      for (let minute = 1; minute <= 4; minute++) {
        const { sighting, ...rest } = snapshot({ vpcs: [shared], interfaces: [eni], instances: [instance] })
        const at = { sentAtMs: minute * 60_000, receivedAtMs: minute * 60_000 + 500 }
        const bindings = rest.bindings.map(one => ({ ...one, stated: [], sighting: at }))
        const context = { source: 'ec2/1/r', kind: 'ec2', bounds: noDoubt, identify: (key: string) => key }
        const diff = diffSnapshot(state, { ...rest, bindings, sighting: at }, context)
        for (const change of diff.changes) index.apply(change)
        state = diff.next
      }
      const asked = (address: string) =>
        inWords(index.ask({ ...question(address, 150_000), domain: 'vpc-1', nowMs: 250_000 }))
      expect(asked('10.0.0.5')).toBe('owned sighted api')
      expect(asked('10.0.0.6')).toBe('unknown unmanaged-prefix')
    })
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

test('an Elastic IP that only the address list shows on the primary address is identified by its association, too', () => {
  const address = { PublicIp: '203.0.113.9', AllocationId: 'eipalloc-1', AssociationId: 'eipassoc-1' }
  const on = (PrivateIpAddress: string) =>
    lines({ interfaces: [eni], addresses: [{ ...address, NetworkInterfaceId: 'eni-0a', PrivateIpAddress }] })
  const lifetimes = (found: readonly string[]) => found.filter(text => text.startsWith('inet.0')).join()
  expect(lifetimes(on('10.0.0.5'))).toContain('eipassoc-1')
  // Another address of the interface may be reassigned, and takes its Elastic IP along under the same association.
  expect(lifetimes(on('10.0.0.6'))).not.toContain('eipassoc-1')
})

describe('addresses that an interface’s own list does not show', () => {
  const elastic = { PublicIp: '203.0.113.9', AllocationId: 'eipalloc-1', AssociationId: 'eipassoc-1' }

  test('an Elastic IP of an address within a delegated block is held by the interface that has the block', () => {
    const interfaces = [{ ...eni, Ipv4Prefixes: [{ Ipv4Prefix: '10.0.1.16/28' }] }]
    const addresses = [{ ...elastic, NetworkInterfaceId: 'eni-0a', PrivateIpAddress: '10.0.1.20' }]
    expect(lines({ interfaces, instances: [instance], addresses }).filter(text => text.startsWith('inet.0'))).toEqual([
      'inet.0 203.0.113.9/32 network eipalloc-1 eipalloc-1 held',
      'inet.0 203.0.113.9/32 interface eni-0a - held',
      'inet.0 203.0.113.9/32 instance api - held',
    ])
  })

  test('an Elastic IP of an interface that the listing lacks is held by that interface, and not nobody’s', () => {
    const foreign = { ...elastic, NetworkInterfaceId: 'eni-9', NetworkInterfaceOwnerId: '999999999999' }
    const { bindings } = snapshot({ addresses: [{ ...foreign, InstanceId: 'i-9' }] })
    expect(bindings.map(line)).toEqual([
      'inet.0 203.0.113.9/32 network eipalloc-1 eipalloc-1 held',
      'inet.0 203.0.113.9/32 interface eni-9 - held',
    ])
    expect(bindings[1]).toMatchObject({
      // Who is behind it is not known, so nobody but a proof that none is there makes the interface the answer.
      expects: ['instance', 'container'],
      owners: [{ account: '999999999999', eni: 'eni-9', host: 'i-9', forwards: true }],
      sighting: page(400),
    })
  })

  test('an interface without any IPv4 address holds its IPv6 addresses', () => {
    const { PrivateIpAddress: _, PrivateIpAddresses: __, ...rest } = eni
    const interfaces = [{ ...rest, Ipv6Address: '2001:db8::7', Ipv6Addresses: [{ Ipv6Address: '2001:db8::7' }] }]
    expect(lines({ interfaces }).filter(text => text.includes(' interface '))).toEqual([
      'vpc-1 2001:db8::7/128 interface eni-0a - held',
      'inet6.0 2001:db8::7/128 interface eni-0a - held',
    ])
  })

  test('the scalars count where the lists are left out', () => {
    const { PrivateIpAddresses: _, ...rest } = eni
    const Association = { PublicIp: '198.51.100.7', IpOwnerId: 'amazon' }
    expect(lines({ interfaces: [{ ...rest, Association, Ipv6Address: 'fd00::7' }] }).slice(0, 3)).toEqual([
      'vpc-1 10.0.0.5/32 interface eni-0a eni-0a held',
      'vpc-1 10.0.0.5/32 instance i-1 eni-0a/eni-attach-1 held',
      'inet.0 198.51.100.7/32 interface eni-0a - held',
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
