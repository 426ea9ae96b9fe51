import { ApiBuckets, AWS_BUCKET } from '../../src/simulator/api-buckets.ts'
import { ApiRefusal, describePage, type Entry, type Listing, refusalReply } from '../../src/simulator/ec2-protocol.ts'
import { type Caller, type Directory, Identities } from '../../src/simulator/identities.ts'
import { listen, type Reply, type Request } from '../../src/simulator/loopback.ts'
import { stsApi } from '../../src/simulator/sts-api.ts'
import { elements, items, type Xml } from '../../src/simulator/xml.ts'

/** How much one account has in one region. */
export type EstateSize = { readonly interfaces: number; readonly subnets: number }

export type AskedOf = Caller & {
  readonly action: string
  readonly parameters: URLSearchParams
}

export type Estates = {
  readonly ec2: string
  readonly sts: string
  /** Every request to EC2, as it arrived. */
  readonly requests: AskedOf[]
  /** Actions that STS was asked for. */
  readonly identityRequests: string[]
  close(): Promise<void>
}

type Options = {
  readonly directory: Directory
  /** By account/region. */
  readonly sizes: Readonly<Record<string, EstateSize>>
  readonly buckets?: { readonly capacity: number; readonly perSecond: number }
  readonly now?: () => number
  /** Before a reply; may also throw an ApiRefusal. */
  readonly before?: (request: AskedOf, nth: number) => Promise<void> | void
}

/** EC2 and STS of several accounts and regions, on loopback: so many interfaces of one instance each, in one VPC. */
export async function startEstates({ directory, sizes, buckets = AWS_BUCKET, before, now = Date.now }: Options) {
  const identities = new Identities(directory, now)
  const limits = new ApiBuckets(buckets)
  const requests: AskedOf[] = []
  const identityRequests: string[] = []
  const answer = async ({ headers, body }: Request): Promise<Reply> => {
    const parameters = new URLSearchParams(body)
    const action = parameters.get('Action') ?? ''
    try {
      const caller = identities.callerOf(headers)
      const asked = { ...caller, action, parameters }
      requests.push(asked)
      limits.admit(caller, action, now())
      await before?.(asked, requests.filter(other => other.action === action).length)
      const [listing, list] = ACTIONS[action] ?? []
      if (!listing || !list) throw new ApiRefusal('InvalidAction', action)
      const size = sizes[`${caller.account}/${caller.region}`] ?? { interfaces: 0, subnets: 0 }
      return describePage(action, listing, list(size, caller.account), parameters)
    } catch (error) {
      if (error instanceof ApiRefusal) return refusalReply(error)
      throw error
    }
  }
  const answerSts = stsApi(identities)
  const ec2 = await listen(answer, () => () => undefined)
  const sts = await listen(
    request => {
      identityRequests.push(new URLSearchParams(request.body).get('Action') ?? '')
      return answerSts(request)
    },
    () => () => undefined,
  )
  const close = async () => {
    await Promise.all([ec2.close(), sts.close()])
  }
  return { ec2: ec2.url, sts: sts.url, requests, identityRequests, close } satisfies Estates
}

const five = (n: number) => String(n).padStart(5, '0')
const many = (count: number, make: (n: number) => Entry): Entry[] => Array.from({ length: count }, (_, n) => make(n))
const listing = (set: string, idParameter: string, longestPage: number | null = 1000): Listing => ({
  set,
  idParameter,
  notFound: `Invalid${idParameter}.NotFound`,
  longestPage,
})

/** The address of the nth interface of an estate. */
export const addressOf = (n: number): string => `10.${100 + (n >> 16)}.${(n >> 8) & 255}.${n & 255}`

type List = (size: EstateSize, account: string) => readonly Entry[]

const ACTIONS: Readonly<Record<string, readonly [Listing, List]>> = {
  DescribeVpcs: [listing('vpcSet', 'VpcId'), (_, account) => [{ id: 'vpc-1', matches: none, xml: vpcXml(account) }]],
  DescribeSubnets: [
    listing('subnetSet', 'SubnetId'),
    ({ subnets }) =>
      many(subnets, n => ({
        id: `subnet-${five(n)}`,
        matches: none,
        xml: elements({ subnetId: `subnet-${five(n)}`, vpcId: 'vpc-1', cidrBlock: `10.0.${n & 255}.0/28` }),
      })),
  ],
  DescribeNetworkInterfaces: [
    listing('networkInterfaceSet', 'NetworkInterfaceId'),
    ({ interfaces }, account) => many(interfaces, n => interfaceEntry(n, account)),
  ],
  DescribeInstances: [
    listing('reservationSet', 'InstanceId'),
    ({ interfaces }) =>
      many(interfaces, n => ({
        id: `i-${five(n)}`,
        matches: name => (name === 'instance-id' ? [`i-${five(n)}`] : undefined),
        xml: elements({ reservationId: `r-${five(n)}`, instancesSet: items([instanceXml(n)]) }),
      })),
  ],
  DescribeAddresses: [listing('addressesSet', 'AllocationId', null), () => []],
}

const none = () => undefined

const vpcXml = (account: string): Xml =>
  elements({
    vpcId: 'vpc-1',
    ownerId: account,
    cidrBlockAssociationSet: items([
      elements({ cidrBlock: '10.0.0.0/8', cidrBlockState: elements({ state: 'associated' }) }),
    ]),
  })

const instanceXml = (n: number): Xml =>
  elements({
    instanceId: `i-${five(n)}`,
    instanceState: elements({ code: 16, name: 'running' }),
    tagSet: items([elements({ key: 'app', value: `app-${n}` })]),
  })

function interfaceEntry(n: number, account: string): Entry {
  const address = addressOf(n)
  const id = `eni-${five(n)}`
  const values: Readonly<Record<string, readonly string[]>> = {
    'network-interface-id': [id],
    'addresses.private-ip-address': [address],
    'addresses.association.public-ip': [],
    'ipv6-addresses.ipv6-address': [],
  }
  const attachment = elements({
    attachmentId: `eni-attach-${five(n)}`,
    instanceId: `i-${five(n)}`,
    instanceOwnerId: account,
    deviceIndex: 0,
    status: 'attached',
    attachTime: '2026-11-20T10:11:12.000Z',
  })
  const xml = elements({
    networkInterfaceId: id,
    subnetId: 'subnet-00000',
    vpcId: 'vpc-1',
    ownerId: account,
    status: 'in-use',
    sourceDestCheck: true,
    interfaceType: 'interface',
    privateIpAddress: address,
    privateIpAddressesSet: items([elements({ privateIpAddress: address, primary: true })]),
    attachment,
  })
  return { id, matches: name => values[name], xml }
}
