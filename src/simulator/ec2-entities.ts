import type { Millis } from '../ownership/window.ts'
import { type Association, type Attachment, current, type Eni, lasting } from './eni.ts'
import type { ElasticIp, Instance } from './fleet.ts'
import type { Subnet } from './subnet.ts'
import { ACCOUNT, VPC_CIDR, type Vpc } from './world.ts'
import { elements, items, type Xml } from './xml.ts'

const time = (ms: Millis): string => new Date(ms).toISOString()

const tagSet = (tags: Readonly<Record<string, string>>) =>
  items(Object.entries(tags).map(([key, value]) => elements({ key, value })))

export function interfaceXml(eni: Eni, atMs: Millis): Xml {
  const attachment = current(eni.attachments, atMs)
  const bound = lasting(eni.associations, atMs)
  const boundTo = (ip: string) => bound.find(({ privateIp }) => privateIp === ip)
  const primary = boundTo(eni.primaryIp)
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
      lasting(eni.addresses, atMs).map(({ ip, primary: isPrimary }) => {
        const association = boundTo(ip)
        return elements({
          privateIpAddress: ip,
          primary: isPrimary,
          association: association ? associationXml(association) : null,
        })
      }),
    ),
    ipv6AddressesSet: [],
    interfaceType: eni.interfaceType,
  })
}

/** The trunk association of a branch ENI is no attachment, and yet it is in use. */
function statusOf(eni: Eni, attachment: Attachment | undefined, atMs: Millis): string {
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

const associationXml = ({ publicIp, ipOwner, allocationId, associationId }: Association): Xml =>
  elements({ publicIp, publicDnsName: '', ipOwnerId: ipOwner, allocationId, associationId })

export type InstanceState = 'pending' | 'running' | 'shutting-down' | 'terminated'

const STATE_CODES: Readonly<Record<InstanceState, number>> = {
  pending: 0,
  running: 16,
  'shutting-down': 32,
  terminated: 48,
}

export function stateOf(instance: Instance, atMs: Millis): InstanceState {
  if (atMs >= instance.terminatedMs) return 'terminated'
  if (atMs >= instance.shuttingDownMs) return 'shutting-down'
  return atMs >= instance.runningMs ? 'running' : 'pending'
}

export const tagsOf = ({ group }: Instance): Readonly<Record<string, string>> => ({
  'aws:autoscaling:groupName': group.name,
  app: group.application,
  owner: group.owner,
})

/** One reservation for each instance. A terminated one has lost its addresses and its tags, as in EC2. */
export function reservationXml(instance: Instance, atMs: Millis): Xml {
  const state = stateOf(instance, atMs)
  const isGone = state === 'terminated'
  const { subnet, eni } = instance
  const itself = elements({
    instanceId: instance.id,
    imageId: 'ami-0123456789abcdef0',
    instanceState: elements({ code: STATE_CODES[state], name: state }),
    instanceType: 'm5.xlarge',
    launchTime: time(instance.launchedMs),
    placement: elements({ availabilityZone: subnet.zone, tenancy: 'default' }),
    subnetId: isGone ? null : subnet.id,
    vpcId: isGone ? null : subnet.vpc,
    privateIpAddress: isGone ? null : eni.primaryIp,
    tagSet: isGone ? [] : tagSet(tagsOf(instance)),
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

export const vpcXml = ({ id, name }: Vpc): Xml =>
  elements({
    vpcId: id,
    ownerId: ACCOUNT,
    state: 'available',
    cidrBlock: VPC_CIDR,
    cidrBlockAssociationSet: items([
      elements({
        associationId: `vpc-cidr-assoc-${id.slice(4)}`,
        cidrBlock: VPC_CIDR,
        cidrBlockState: elements({ state: 'associated' }),
      }),
    ]),
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
    availabilityZone: subnet.zone,
    availabilityZoneId: subnet.zoneId,
    tagSet: tagSet({ Name: `${subnet.vpcName}-${subnet.zone}` }),
  })
