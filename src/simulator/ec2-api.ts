import type { Millis } from '../ownership/window.ts'
import { elasticIpXml, interfaceXml, reservationXml, stateOf, subnetXml, tagsOf, vpcXml } from './ec2-entities.ts'
import { current, type Eni, lasting } from './eni.ts'
import type { Faults } from './faults.ts'
import type { Instance } from './fleet.ts'
import type { Reply, Request } from './loopback.ts'
import type { Random } from './random.ts'
import type { World } from './world.ts'
import { element, elements, items, type Xml, xmlDocument } from './xml.ts'

type Entry = {
  readonly id: string
  readonly matches: (filter: string) => readonly string[] | undefined
  readonly xml: Xml
}

type Action = {
  readonly set: string
  /** Names the ids in a request (`InstanceId.1`). */
  readonly idParameter: string
  readonly notFound: string
  readonly pages: boolean
  /** In the order of the ids, which is that of the pages. */
  readonly list: (world: World, atMs: Millis) => readonly Entry[]
}

class Refusal extends Error {
  readonly code: string
  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

/**
 * The EC2 Query protocol (version 2016-11-15): form-encoded requests, XML replies, pages by token, error codes. Each page
 * shows the moment that `momentOf` gives; a token carries on after the last id, whatever has changed in between.
 */
export function ec2Api(world: World, faults: Faults, random: Random, momentOf: () => Millis): (r: Request) => Reply {
  return request => {
    const parameters = new URLSearchParams(request.body)
    if (random.chance(faults.throttleProbability)) {
      return refusal(503, 'RequestLimitExceeded', 'Request limit exceeded.')
    }
    if (parameters.has('NextToken') && random.chance(faults.pageErrorProbability)) {
      return refusal(500, 'InternalError', 'An internal error has occurred')
    }
    const name = parameters.get('Action') ?? ''
    const action = ACTIONS[name]
    if (!action) return refusal(400, 'InvalidAction', `The action ${name} is not valid for this web service.`)
    try {
      return xmlReply(200, describe(name, action, action.list(world, momentOf()), parameters))
    } catch (error) {
      if (error instanceof Refusal) return refusal(400, error.code, error.message)
      throw error
    }
  }
}

const xmlReply = (status: number, body: string): Reply => ({
  status,
  headers: { 'content-type': 'text/xml;charset=UTF-8' },
  body,
})

const refusal = (status: number, code: string, message: string): Reply =>
  xmlReply(
    status,
    xmlDocument(
      'Response',
      null,
      elements({ Errors: element('Error', elements({ Code: code, Message: message })), RequestID: 'simulated' }),
    ),
  )

function describe(name: string, action: Action, entries: readonly Entry[], parameters: URLSearchParams): string {
  const size = pageSizeOf(action, parameters)
  const after = afterOf(parameters)
  const found = selected(action, entries, parameters).filter(({ id }) => after === null || id > after)
  const page = found.slice(0, size)
  const last = page.at(-1)
  const nextToken = found.length > page.length && last ? Buffer.from(last.id).toString('base64url') : null
  return xmlDocument(
    `${name}Response`,
    'http://ec2.amazonaws.com/doc/2016-11-15/',
    elements({ requestId: 'simulated', [action.set]: items(page.map(({ xml }) => xml)), nextToken }),
  )
}

function pageSizeOf(action: Action, parameters: URLSearchParams): number {
  const text = parameters.get('MaxResults')
  if (text === null) return Number.POSITIVE_INFINITY
  if (!action.pages) throw new Refusal('UnknownParameter', 'The parameter MaxResults is not recognized')
  if (numbered(parameters, action.idParameter).length > 0) {
    throw new Refusal(
      'InvalidParameterCombination',
      `The parameter ${action.idParameter} cannot be used with MaxResults`,
    )
  }
  const size = Number(text)
  if (Number.isInteger(size) && size >= 5 && size <= 1000) return size
  throw new Refusal(
    'InvalidParameterValue',
    `Value ( ${text} ) for parameter maxResults is invalid. Expecting 5 to 1000.`,
  )
}

function afterOf(parameters: URLSearchParams): string | null {
  const token = parameters.get('NextToken')
  if (token === null) return null
  const id = Buffer.from(token, 'base64url').toString()
  if (/^[0-9a-z.-]+$/.test(id)) return id
  throw new Refusal('InvalidNextToken', 'The token is not valid')
}

function selected(action: Action, entries: readonly Entry[], parameters: URLSearchParams): readonly Entry[] {
  const ids = numbered(parameters, action.idParameter)
  const missing = ids.find(id => !entries.some(entry => entry.id === id))
  if (missing !== undefined) throw new Refusal(action.notFound, `The ID '${missing}' does not exist`)
  const filters = filtersOf(parameters)
  return entries.filter(
    entry =>
      (ids.length === 0 || ids.includes(entry.id)) &&
      filters.every(({ name, values }) => {
        const own = entry.matches(name)
        if (own === undefined) throw new Refusal('InvalidParameterValue', `The filter '${name}' is invalid`)
        return own.some(value => values.includes(value))
      }),
  )
}

/** `Name.1`, `Name.2`, … */
function numbered(parameters: URLSearchParams, name: string): string[] {
  const values: string[] = []
  for (let i = 1; ; i++) {
    const value = parameters.get(`${name}.${i}`)
    if (value === null) return values
    values.push(value)
  }
}

function filtersOf(parameters: URLSearchParams): { name: string; values: string[] }[] {
  const filters = []
  for (let i = 1; ; i++) {
    const name = parameters.get(`Filter.${i}.Name`)
    if (name === null) return filters
    filters.push({ name, values: numbered(parameters, `Filter.${i}.Value`) })
  }
}

const ACTIONS: Readonly<Record<string, Action>> = {
  DescribeNetworkInterfaces: {
    set: 'networkInterfaceSet',
    idParameter: 'NetworkInterfaceId',
    notFound: 'InvalidNetworkInterfaceID.NotFound',
    pages: true,
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
    pages: true,
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
    pages: false,
    list: (world, atMs) =>
      world.fleet.elasticIps.map(elastic => ({
        id: elastic.allocationId,
        matches: filter => ({ 'public-ip': [elastic.publicIp], 'allocation-id': [elastic.allocationId] })[filter],
        xml: elasticIpXml(elastic, atMs),
      })),
  },
  DescribeSubnets: {
    set: 'subnetSet',
    idParameter: 'SubnetId',
    notFound: 'InvalidSubnetID.NotFound',
    pages: true,
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
    pages: true,
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
      state === 'terminated' ? [] : [tagsOf(instance)['aws:autoscaling:groupName'] ?? ''],
  }
  return values[filter]
}
