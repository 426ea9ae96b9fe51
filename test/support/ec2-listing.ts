import type { Address, Instance, NetworkInterface, Subnet, TrunkInterfaceAssociation, Vpc } from '@aws-sdk/client-ec2'
import type { Binding, Sighted } from '../../src/ownership/snapshot.ts'
import type { Estate } from '../../src/pollers/ec2/estate.ts'
import type { Ec2Listing } from '../../src/pollers/ec2/listing.ts'
import { toSnapshot } from '../../src/pollers/ec2/snapshot.ts'
import { DEFAULT_NAMING } from '../../src/pollers/naming/rules.ts'

export const estate: Estate = {
  partition: 'aws',
  account: '111122223333',
  region: 'us-east-1',
  domainRules: [],
  naming: DEFAULT_NAMING,
}

export const page = (at: number) => ({ sentAtMs: at, receivedAtMs: at + 10 })
export const on = <T>(at: number, ...values: readonly T[]): readonly Sighted<T>[] =>
  values.map(value => ({ value, sighting: page(at) }))

export type Parts = {
  vpcs?: Vpc[]
  subnets?: Subnet[]
  interfaces?: NetworkInterface[]
  instances?: Instance[]
  addresses?: Address[]
  trunkAssociations?: TrunkInterfaceAssociation[]
  /** Of an earlier listing: this one did not ask. */
  trunks?: NonNullable<Ec2Listing['trunks']>
}

/** What a listing of these parts shows: networks at 100, interfaces at 200, instances and trunks at 300, Elastic IPs at 400. */
export function snapshot(parts: Parts, overrides: Partial<Estate> = {}) {
  const listing: Ec2Listing = {
    vpcs: on(100, ...(parts.vpcs ?? [])),
    subnets: on(100, ...(parts.subnets ?? [])),
    interfaces: on(200, ...(parts.interfaces ?? [])),
    instances: on(300, ...(parts.instances ?? [])),
    addresses: on(400, ...(parts.addresses ?? [])),
    trunkAssociations: on(300, ...(parts.trunkAssociations ?? [])),
    ...(parts.trunks && { trunks: parts.trunks }),
    pages: [page(100), page(200), page(300), page(400)],
  }
  return toSnapshot(listing, { ...estate, ...overrides })
}

/** Attached to `instance`. */
export const eni: NetworkInterface = {
  Status: 'in-use',
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
export const instance: Instance = {
  InstanceId: 'i-1',
  State: { Name: 'running' },
  Tags: [{ Key: 'aws:autoscaling:groupName', Value: 'api-prod-v001' }],
}
/** Attached to nothing, and so perhaps a service's. */
export const loose = (part: Partial<NetworkInterface>): NetworkInterface => {
  const { Attachment: _, ...rest } = eni
  return { ...rest, ...part }
}

/** A binding in one line: domain, prefix, layer, owner, lifetime, state. */
export const line = ({ domain, prefix, layer, owners, lifetimeId, state }: Binding): string =>
  [domain, prefix, layer, owners.map(o => o.application ?? o.resourceId).join('+'), lifetimeId ?? '-', state].join(' ')
export const lines = (parts: Parts) => snapshot(parts).bindings.map(line)
export const only = (parts: Parts, overrides?: Partial<Estate>) => snapshot(parts, overrides).bindings[0] as Binding
