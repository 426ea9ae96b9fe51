import type { Millis } from '../ownership/window.ts'
import type { ApiBuckets } from './api-buckets.ts'
import {
  elasticIpXml,
  interfaceXml,
  reservationXml,
  subnetXml,
  tagsOf,
  trunkAssociationXml,
  vpcXml,
} from './ec2-entities.ts'
import { ApiRefusal, describePage, type Entry, type Listing, refusalReply } from './ec2-protocol.ts'
import { current, type Eni, lasting } from './eni.ts'
import type { Faults } from './faults.ts'
import { type Instance, stateOf } from './fleet.ts'
import type { Caller, Identities } from './identities.ts'
import type { Reply, Request } from './loopback.ts'
import type { Random } from './random.ts'
import type { World } from './world.ts'

type Action = Listing & {
  /** In the order of the ids, which is that of the pages. */
  readonly list: (world: World, atMs: Millis) => readonly Entry[]
}

export type Ec2ApiParts = {
  readonly faults: Faults
  readonly random: Random
  readonly identities: Identities
  readonly buckets: ApiBuckets
  readonly nowMs: () => Millis
  /** The moment that a page shows. */
  readonly momentOf: () => Millis
  /** Lets time pass before a slow page. */
  readonly pause: (ms: number) => Promise<void>
}

/**
 * The EC2 Query protocol (version 2016-11-15) over the worlds of accounts and regions: form-encoded requests, XML replies,
 * pages by token, error codes, and AWS' request buckets. Where `worldOf` knows nothing the lists are empty, as in a region
 * that nobody uses.
 */
export function ec2Api(worldOf: (caller: Caller) => World | undefined, parts: Ec2ApiParts) {
  const { faults, random, identities, buckets } = parts
  return async ({ headers, body }: Request): Promise<Reply> => {
    const parameters = new URLSearchParams(body)
    try {
      const caller = identities.callerOf(headers)
      const name = parameters.get('Action') ?? ''
      const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined
      if (!action) throw new ApiRefusal('InvalidAction', `The action ${name} is not valid for this web service.`)
      const isLimited = random.chance(faults.throttleProbability)
      if (isLimited) throw new ApiRefusal('RequestLimitExceeded', 'Request limit exceeded.', 503)
      buckets.admit(caller, name, parts.nowMs())
      if (parameters.has('NextToken') && random.chance(faults.pageErrorProbability))
        throw new ApiRefusal('InternalError', 'An internal error has occurred', 500)
      if (faults.slowPageProbability > 0 && random.chance(faults.slowPageProbability))
        await parts.pause(faults.slowPageMs)
      const world = worldOf(caller)
      return describePage(name, action, world ? action.list(world, parts.momentOf()) : [], parameters)
    } catch (error) {
      if (error instanceof ApiRefusal) return refusalReply(error)
      throw error
    }
  }
}

const ACTIONS: Readonly<Record<string, Action>> = {
  DescribeNetworkInterfaces: {
    set: 'networkInterfaceSet',
    idParameter: 'NetworkInterfaceId',
    notFound: 'InvalidNetworkInterfaceID.NotFound',
    longestPage: 1000,
    list: (world, atMs) =>
      world.network.enisAt(atMs).map(eni => ({
        id: eni.id,
        matches: filter => interfaceValues(eni, atMs, filter),
        xml: interfaceXml(eni, atMs),
      })),
  },
  DescribeInstances: {
    set: 'reservationSet',
    idParameter: 'InstanceId',
    notFound: 'InvalidInstanceID.NotFound',
    longestPage: 1000,
    list: (world, atMs) =>
      world.fleet.instancesAt(atMs).map(instance => ({
        id: instance.id,
        matches: filter => instanceValues(instance, atMs, filter),
        xml: reservationXml(instance, atMs),
      })),
  },
  DescribeAddresses: {
    set: 'addressesSet',
    idParameter: 'AllocationId',
    notFound: 'InvalidAllocationID.NotFound',
    longestPage: null,
    list: (world, atMs) =>
      world.fleet.elasticIps.map(elastic => ({
        id: elastic.allocationId,
        matches: filter => ({ 'public-ip': [elastic.publicIp], 'allocation-id': [elastic.allocationId] })[filter],
        xml: elasticIpXml(elastic, atMs),
      })),
  },
  DescribeTrunkInterfaceAssociations: {
    set: 'interfaceAssociationSet',
    idParameter: 'AssociationId',
    notFound: 'InvalidTrunkInterfaceAssociationId.NotFound',
    longestPage: 255,
    list: (world, atMs) =>
      world.network.enisAt(atMs).flatMap(eni => {
        const trunk = eni.tags['titus.trunk-eni-id']
        if (trunk === undefined) return []
        const id = `trunk-assoc-${eni.id.slice(4)}`
        return [{ id, matches: () => undefined, xml: trunkAssociationXml(id, eni, trunk) }]
      }),
  },
  DescribeSubnets: {
    set: 'subnetSet',
    idParameter: 'SubnetId',
    notFound: 'InvalidSubnetID.NotFound',
    longestPage: 1000,
    list: world =>
      byId(
        world.subnets.map(subnet => ({
          id: subnet.id,
          matches: filter => ({ 'subnet-id': [subnet.id], 'vpc-id': [subnet.vpc] })[filter],
          xml: subnetXml(subnet),
        })),
      ),
  },
  DescribeVpcs: {
    set: 'vpcSet',
    idParameter: 'VpcId',
    notFound: 'InvalidVpcID.NotFound',
    longestPage: 1000,
    list: world =>
      byId(
        world.vpcs.map(vpc => ({
          id: vpc.id,
          matches: filter => ({ 'vpc-id': [vpc.id], 'tag:Name': [vpc.name] })[filter],
          xml: vpcXml(vpc),
        })),
      ),
  },
}

const byId = (entries: Entry[]): Entry[] => entries.sort((a, b) => (a.id < b.id ? -1 : 1))

function interfaceValues(eni: Eni, atMs: Millis, filter: string): readonly string[] | undefined {
  const attachment = current(eni.attachments, atMs)
  const publicIps = lasting(eni.associations, atMs).map(({ publicIp }) => publicIp)
  const values: Readonly<Record<string, readonly string[]>> = {
    'network-interface-id': [eni.id],
    'addresses.private-ip-address': lasting(eni.addresses, atMs).map(({ ip }) => ip),
    'private-ip-address': [eni.primaryIp],
    'addresses.association.public-ip': publicIps,
    'association.public-ip': publicIps,
    'attachment.instance-id': attachment?.instance ? [attachment.instance.id] : [],
    'attachment.attachment-id': attachment ? [attachment.attachmentId] : [],
    'vpc-id': [eni.subnet.vpc],
    'subnet-id': [eni.subnet.id],
    'interface-type': [eni.interfaceType],
    description: [eni.description],
  }
  return values[filter]
}

function instanceValues(instance: Instance, atMs: Millis, filter: string): readonly string[] | undefined {
  const state = stateOf(instance, atMs)
  const values: Readonly<Record<string, readonly string[]>> = {
    'instance-id': [instance.id],
    'instance-state-name': [state],
    'vpc-id': [instance.subnet.vpc],
    'subnet-id': [instance.subnet.id],
    'network-interface.network-interface-id': [instance.eni.id],
    'tag:aws:autoscaling:groupName':
      state === 'terminated' ? [] : [tagsOf(instance, atMs)['aws:autoscaling:groupName'] ?? ''],
  }
  return values[filter]
}
