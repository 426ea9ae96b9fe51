import type { Millis } from '../ownership/window.ts'
import { type Association, type Attachment, current, type Eni, isIpv6, lasting } from './eni.ts'
import { type ElasticIp, type Instance, type InstanceState, stateOf } from './fleet.ts'
import type { Subnet } from './subnet.ts'
import { ACCOUNT, type Vpc } from './world.ts'
import { elements, items, type Xml } from './xml.ts'

const time = (ms: Millis): string => new Date(ms).toISOString()

const tagSet = (tags: Readonly<Record<string, string>>) =>
  items(Object.entries(tags).map(([key, value]) => elements({ key, value })))

export function interfaceXml(eni: Eni, atMs: Millis): Xml {
  const attachment = current(eni.attachments, atMs)
  const bound = lasting(eni.associations, atMs)
  const boundTo = (ip: string) => bound.find(({ privateIp }) => privateIp === ip)
  const primary = boundTo(eni.primaryIp)
  const addresses = lasting(eni.addresses, atMs)
  const blocks = lasting(eni.delegations, atMs).map(({ block }) => block)
  return elements({
    networkInterfaceId: eni.id,
    subnetId: eni.subnet.id,
    vpcId: eni.subnet.vpc,
    availabilityZone: eni.subnet.zone,
    availabilityZoneId: eni.subnet.zoneId,
    description: eni.description,
    ownerId: ACCOUNT,
    requesterId: eni.requester,
    requesterManaged: eni.requester !== null,
    status: statusOf(eni, attachment, atMs),
    macAddress: eni.mac,
    privateIpAddress: eni.primaryIp,
    sourceDestCheck: eni.sourceDestCheck,
    groupSet: [],
    attachment: attachment ? attachmentXml(attachment, atMs) : null,
    association: primary ? associationXml(primary) : null,
    tagSet: tagSet(eni.tags),
    privateIpAddressesSet: items(
      addresses
        .filter(({ ip }) => !isIpv6(ip))
        .map(({ ip, primary: isPrimary }) => {
          const association = boundTo(ip)
          return elements({
            privateIpAddress: ip,
            primary: isPrimary,
            association: association ? associationXml(association) : null,
          })
        }),
    ),
    ipv4PrefixSet: items(blocks.filter(block => !isIpv6(block)).map(ipv4Prefix => elements({ ipv4Prefix }))),
    ipv6AddressesSet: items(addresses.filter(({ ip }) => isIpv6(ip)).map(({ ip }) => elements({ ipv6Address: ip }))),
    ipv6PrefixSet: items(blocks.filter(isIpv6).map(ipv6Prefix => elements({ ipv6Prefix }))),
    interfaceType: eni.interfaceType,
  })
}

/** The trunk association of a branch ENI is no attachment, and yet it is in use. */
export function statusOf(eni: Eni, attachment: Attachment | undefined, atMs: Millis): string {
  if (eni.interfaceType === 'branch') return 'in-use'
  if (!attachment) return 'available'
  return attachment.detachingFromMs <= atMs ? 'detaching' : 'in-use'
}

const attachmentXml = (attachment: Attachment, atMs: Millis): Xml =>
  elements({
    attachmentId: attachment.attachmentId,
    instanceId: attachment.instance?.id ?? null,
    instanceOwnerId: attachment.instanceOwner,
    deviceIndex: attachment.deviceIndex,
    status: attachment.detachingFromMs <= atMs ? 'detaching' : 'attached',
    attachTime: time(attachment.fromMs),
    deleteOnTermination: attachment.deleteOnTermination,
  })

export const trunkAssociationXml = (associationId: string, branch: Eni, trunk: string): Xml =>
  elements({
    associationId,
    branchInterfaceId: branch.id,
    trunkInterfaceId: trunk,
    interfaceProtocol: 'VLAN',
    // As good as any other, and always the same for one branch.
    vlanId: (Number.parseInt(branch.id.slice(-3), 16) % 4094) + 1,
  })

const associationXml = ({ publicIp, ipOwner, allocationId, associationId }: Association): Xml =>
  elements({ publicIp, publicDnsName: '', ipOwnerId: ipOwner, allocationId, associationId })

const STATE_CODES: Readonly<Record<InstanceState, number>> = {
  pending: 0,
  running: 16,
  'shutting-down': 32,
  terminated: 48,
  stopping: 64,
  stopped: 80,
}

/** None until they can be seen; a terminated instance has lost them. */
export function tagsOf(instance: Instance, atMs: Millis): Readonly<Record<string, string>> {
  const { group, names, taggedMs } = instance
  if (atMs < taggedMs || stateOf(instance, atMs) === 'terminated') return {}
  const application = names.findLast(({ fromMs }) => fromMs <= atMs)?.application ?? group.application
  return { 'aws:autoscaling:groupName': group.name, app: application, owner: group.owner }
}

/** One reservation for each instance. A terminated one has lost its addresses and its tags, as in EC2. */
export function reservationXml(instance: Instance, atMs: Millis): Xml {
  const state = stateOf(instance, atMs)
  const isGone = state === 'terminated'
  const { subnet, eni, pause } = instance
  const itself = elements({
    instanceId: instance.id,
    imageId: 'ami-0123456789abcdef0',
    instanceState: elements({ code: STATE_CODES[state], name: state }),
    instanceType: 'm5.xlarge',
    // The last start, not the first.
    launchTime: time(pause && pause.startMs <= atMs ? pause.startMs : instance.launchedMs),
    placement: elements({ availabilityZone: subnet.zone, tenancy: 'default' }),
    subnetId: isGone ? null : subnet.id,
    vpcId: isGone ? null : subnet.vpc,
    privateIpAddress: isGone ? null : eni.primaryIp,
    tagSet: tagSet(tagsOf(instance, atMs)),
    networkInterfaceSet: isGone ? [] : items([elements({ networkInterfaceId: eni.id, status: 'in-use' })]),
  })
  return elements({
    reservationId: instance.reservationId,
    ownerId: ACCOUNT,
    groupSet: [],
    instancesSet: items([itself]),
  })
}

export function elasticIpXml({ publicIp, allocationId, history }: ElasticIp, atMs: Millis): Xml {
  const bound = history.findLast(({ association }) => association.fromMs <= atMs && atMs < association.untilMs)
  const instance = bound && current(bound.eni.attachments, atMs)?.instance
  return elements({
    publicIp,
    allocationId,
    domain: 'vpc',
    associationId: bound?.association.associationId ?? null,
    instanceId: instance?.id ?? null,
    networkInterfaceId: bound?.eni.id ?? null,
    networkInterfaceOwnerId: bound ? ACCOUNT : null,
    privateIpAddress: bound?.association.privateIp ?? null,
  })
}

const cidr6Set = (id: string, ipv6CidrBlock: string) =>
  items([
    elements({
      associationId: `cidr6-assoc-${id.slice(-17)}`,
      ipv6CidrBlock,
      ipv6CidrBlockState: elements({ state: 'associated' }),
    }),
  ])

export const vpcXml = ({ id, name, cidr, cidr6 }: Vpc): Xml =>
  elements({
    vpcId: id,
    ownerId: ACCOUNT,
    state: 'available',
    cidrBlock: cidr,
    cidrBlockAssociationSet: items([
      elements({
        associationId: `vpc-cidr-assoc-${id.slice(4)}`,
        cidrBlock: cidr,
        cidrBlockState: elements({ state: 'associated' }),
      }),
    ]),
    ipv6CidrBlockAssociationSet: cidr6Set(id, cidr6),
    isDefault: false,
    tagSet: tagSet({ Name: name }),
  })

export const subnetXml = (subnet: Subnet): Xml =>
  elements({
    subnetId: subnet.id,
    vpcId: subnet.vpc,
    ownerId: ACCOUNT,
    state: 'available',
    cidrBlock: subnet.cidr,
    ipv6CidrBlockAssociationSet: cidr6Set(subnet.id, subnet.cidr6),
    availabilityZone: subnet.zone,
    availabilityZoneId: subnet.zoneId,
    tagSet: tagSet({ Name: `${subnet.vpcName}-${subnet.zone}` }),
  })
