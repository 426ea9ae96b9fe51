import type {
  Address,
  NetworkInterface,
  Instance as SdkInstance,
  Subnet as SdkSubnet,
  Vpc as SdkVpc,
} from '@aws-sdk/client-ec2'
import { statusOf, tagsOf } from '../../src/simulator/ec2-entities.ts'
import { type Association, current, type Eni, isIpv6, lasting } from '../../src/simulator/eni.ts'
import { type ElasticIp, type Instance, stateOf } from '../../src/simulator/fleet.ts'
import type { Subnet } from '../../src/simulator/subnet.ts'
import { ACCOUNT, type Vpc } from '../../src/simulator/world.ts'

/** What the AWS SDK makes of the simulator's replies, without the way over the wire. A test holds the two together. */

export function sdkInterface(eni: Eni, atMs: number): NetworkInterface {
  const attachment = current(eni.attachments, atMs)
  const bound = lasting(eni.associations, atMs)
  const addresses = lasting(eni.addresses, atMs)
  const blocks = lasting(eni.delegations, atMs).map(({ block }) => block)
  const detaching = attachment !== undefined && attachment.detachingFromMs <= atMs
  return {
    NetworkInterfaceId: eni.id,
    Status: statusOf(eni, attachment, atMs) as NonNullable<NetworkInterface['Status']>,
    SubnetId: eni.subnet.id,
    VpcId: eni.subnet.vpc,
    AvailabilityZone: eni.subnet.zone,
    AvailabilityZoneId: eni.subnet.zoneId,
    Description: eni.description,
    OwnerId: ACCOUNT,
    ...(eni.requester !== null && { RequesterId: eni.requester }),
    RequesterManaged: eni.requester !== null,
    SourceDestCheck: eni.sourceDestCheck,
    InterfaceType: eni.interfaceType as NonNullable<NetworkInterface['InterfaceType']>,
    PrivateIpAddress: eni.primaryIp,
    TagSet: Object.entries(eni.tags).map(([Key, Value]) => ({ Key, Value })),
    PrivateIpAddresses: addresses
      .filter(({ ip }) => !isIpv6(ip))
      .map(({ ip, primary }) => {
        const association = bound.find(({ privateIp }) => privateIp === ip)
        return {
          PrivateIpAddress: ip,
          Primary: primary,
          ...(association && { Association: sdkAssociation(association) }),
        }
      }),
    Ipv4Prefixes: blocks.filter(block => !isIpv6(block)).map(Ipv4Prefix => ({ Ipv4Prefix })),
    Ipv6Addresses: addresses.filter(({ ip }) => isIpv6(ip)).map(({ ip }) => ({ Ipv6Address: ip })),
    Ipv6Prefixes: blocks.filter(isIpv6).map(Ipv6Prefix => ({ Ipv6Prefix })),
    ...(attachment && {
      Attachment: {
        AttachmentId: attachment.attachmentId,
        ...(attachment.instance && { InstanceId: attachment.instance.id }),
        InstanceOwnerId: attachment.instanceOwner,
        DeviceIndex: attachment.deviceIndex,
        Status: detaching ? 'detaching' : 'attached',
        AttachTime: new Date(attachment.fromMs),
      },
    }),
  }
}

const sdkAssociation = ({ publicIp, ipOwner, allocationId, associationId }: Association) => ({
  PublicIp: publicIp,
  IpOwnerId: ipOwner,
  ...(allocationId !== null && { AllocationId: allocationId }),
  ...(associationId !== null && { AssociationId: associationId }),
})

/** Tags come from another place than the rest, and may be as of another moment. */
export const sdkInstance = (instance: Instance, atMs: number, tagsAtMs = atMs): SdkInstance => ({
  InstanceId: instance.id,
  State: { Name: stateOf(instance, atMs) },
  Tags: Object.entries(tagsOf(instance, tagsAtMs)).map(([Key, Value]) => ({ Key, Value })),
})

export function sdkAddress({ publicIp, allocationId, history }: ElasticIp, atMs: number): Address {
  const bound = history.findLast(({ association }) => association.fromMs <= atMs && atMs < association.untilMs)
  return {
    PublicIp: publicIp,
    AllocationId: allocationId,
    ...(bound && {
      AssociationId: bound.association.associationId ?? '',
      NetworkInterfaceId: bound.eni.id,
      PrivateIpAddress: bound.association.privateIp,
    }),
  }
}

const associated = (Ipv6CidrBlock: string) => [{ Ipv6CidrBlock, Ipv6CidrBlockState: { State: 'associated' as const } }]

export const sdkVpc = ({ id, name, cidr, cidr6 }: Vpc): SdkVpc => ({
  VpcId: id,
  OwnerId: ACCOUNT,
  State: 'available',
  CidrBlock: cidr,
  CidrBlockAssociationSet: [{ CidrBlock: cidr, CidrBlockState: { State: 'associated' } }],
  Ipv6CidrBlockAssociationSet: associated(cidr6),
  Tags: [{ Key: 'Name', Value: name }],
})

export const sdkSubnet = (subnet: Subnet): SdkSubnet => ({
  SubnetId: subnet.id,
  VpcId: subnet.vpc,
  OwnerId: ACCOUNT,
  State: 'available',
  CidrBlock: subnet.cidr,
  AvailabilityZone: subnet.zone,
  AvailabilityZoneId: subnet.zoneId,
  Ipv6CidrBlockAssociationSet: associated(subnet.cidr6),
  Tags: [{ Key: 'Name', Value: `${subnet.vpcName}-${subnet.zone}` }],
})
