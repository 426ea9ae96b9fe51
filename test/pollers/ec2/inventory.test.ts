import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ec2Inventory } from '../../../src/pollers/ec2/inventory.ts'
import { DEFAULT_NAMING } from '../../../src/pollers/naming/rules.ts'
import { type Ec2Reply, type Ec2Request, type Ec2Stub, startEc2Stub, type Wire } from '../../support/ec2-wire.ts'
import { noDoubt } from '../../support/estate.ts'
import { ManualClock } from '../../support/manual-clock.ts'

const account = '111122223333'
const vpc = {
  vpcId: 'vpc-1',
  ownerId: account,
  cidrBlockAssociationSet: [{ cidrBlock: '10.0.0.0/16', cidrBlockState: { state: 'associated' } }],
}
const subnet = { subnetId: 'subnet-1', vpcId: 'vpc-1', ownerId: account, cidrBlock: '10.0.0.0/24' }
const eni = (n: number) => ({
  networkInterfaceId: `eni-${n}`,
  vpcId: 'vpc-1',
  subnetId: 'subnet-1',
  ownerId: account,
  interfaceType: 'interface',
  status: 'in-use',
  sourceDestCheck: true,
  privateIpAddress: `10.0.0.${n}`,
  privateIpAddressesSet: [{ privateIpAddress: `10.0.0.${n}`, primary: true }],
  attachment: {
    attachmentId: `eni-attach-${n}`,
    instanceId: `i-${n}`,
    instanceOwnerId: account,
    status: 'attached',
    attachTime: '2026-11-20T10:11:12.000Z',
  },
})
const reservation = (n: number) => ({
  reservationId: `r-${n}`,
  ownerId: account,
  instancesSet: [
    { instanceId: `i-${n}`, instanceState: { code: 16, name: 'running' }, tagSet: [{ key: 'app', value: `app-${n}` }] },
  ],
})
const elastic = { publicIp: '203.0.113.9', allocationId: 'eipalloc-1', domain: 'vpc' }

const SETS: Readonly<Record<string, readonly [string, readonly Wire[]]>> = {
  DescribeVpcs: ['vpcSet', [vpc]],
  DescribeSubnets: ['subnetSet', [subnet]],
  DescribeNetworkInterfaces: ['networkInterfaceSet', [1, 2, 3, 4, 5].map(eni)],
  DescribeInstances: ['reservationSet', [1, 2, 3, 4, 5].map(reservation)],
  DescribeAddresses: ['addressesSet', [elastic]],
}

/** Pages of two, by a token that is the number of the first item. */
function pageOf({ action, parameters }: Ec2Request): Ec2Reply {
  const [set = '', items = []] = SETS[action] ?? []
  if (action === 'DescribeAddresses') return { body: { [set]: items } }
  const from = Number(parameters.get('NextToken') ?? 0)
  const nextToken = from + 2 < items.length ? String(from + 2) : undefined
  return { body: { [set]: items.slice(from, from + 2), nextToken } }
}

let answer: (request: Ec2Request) => Ec2Reply
let stub: Ec2Stub
let clock: ManualClock

beforeEach(async () => {
  process.env['AWS_EC2_METADATA_DISABLED'] = 'true'
  answer = pageOf
  clock = new ManualClock(1_000_000)
  stub = await startEc2Stub(request => answer(request))
})
afterEach(() => stub.close())

const signal = new AbortController().signal
const inventoryAt = (endpoint: string, attempts = 3) =>
  ec2Inventory({
    account,
    region: 'us-east-1',
    partition: 'aws',
    endpoint,
    credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'none' },
    domainRules: [],
    naming: DEFAULT_NAMING,
    bounds: noDoubt,
    clock,
    pageSize: 5,
    attempts,
  })
const askedTimes = (action: string) => stub.requests.filter(request => request.action === action).length

describe('the EC2 inventory, through the SDK', () => {
  test('lists every page and joins interfaces with their instances', async () => {
    const inventory = inventoryAt(stub.endpoint)
    const { bindings } = await inventory.list(signal)
    const owners = bindings.filter(({ layer }) => layer === 'instance').map(({ owners: [owner] }) => owner?.application)
    expect(owners).toEqual(['app-1', 'app-2', 'app-3', 'app-4', 'app-5'])
    expect(bindings.filter(({ layer }) => layer === 'network').map(({ prefix }) => prefix)).toEqual([
      '10.0.0.0/16',
      '10.0.0.0/24',
      '203.0.113.9/32',
    ])
    expect(inventory.source).toBe('ec2/111122223333/us-east-1')
    inventory.close()
  })

  test('starts at the first page again in the next poll', async () => {
    const inventory = inventoryAt(stub.endpoint)
    const first = await inventory.list(signal)
    const second = await inventory.list(signal)
    expect(second.bindings).toHaveLength(first.bindings.length)
    expect(askedTimes('DescribeNetworkInterfaces')).toBe(6)
    inventory.close()
  })

  test('asks for managed resources, and for pages of the size it was told', async () => {
    const inventory = inventoryAt(stub.endpoint)
    await inventory.list(signal)
    for (const action of ['DescribeNetworkInterfaces', 'DescribeInstances']) {
      const asked = stub.requests.find(request => request.action === action)
      expect(asked?.parameters.get('IncludeManagedResources')).toBe('true')
      expect(asked?.parameters.get('MaxResults')).toBe('5')
    }
    inventory.close()
  })

  test('a sighting is that of the attempt which was answered, not of the throttled one before it', async () => {
    let throttled = false
    answer = request => {
      if (request.action !== 'DescribeVpcs') return pageOf(request)
      clock.advance(throttled ? 7 : 50_000)
      if (throttled) return pageOf(request)
      throttled = true
      return { status: 503, code: 'RequestLimitExceeded' }
    }
    const inventory = inventoryAt(stub.endpoint)
    const { bindings } = await inventory.list(signal)
    expect(askedTimes('DescribeVpcs')).toBe(2)
    const seen = bindings.find(({ prefix }) => prefix === '10.0.0.0/16')?.sighting
    expect(seen?.sentAtMs).toBeGreaterThanOrEqual(1_050_000)
    expect(seen).toMatchObject({ receivedAtMs: (seen?.sentAtMs ?? 0) + 7 })
    inventory.close()
  })

  test('a request that was signed by a wrong clock is signed again by that of EC2', async () => {
    const inAnHour = new Date(Date.now() + 3_600_000)
    answer = request =>
      request.action === 'DescribeVpcs' && askedTimes('DescribeVpcs') === 1
        ? { status: 400, code: 'RequestExpired', date: inAnHour }
        : pageOf(request)
    const inventory = inventoryAt(stub.endpoint)
    await inventory.list(signal)
    expect(askedTimes('DescribeVpcs')).toBe(2)
    inventory.close()
  })

  test('an error on the third page fails the whole listing', async () => {
    answer = request =>
      request.action === 'DescribeNetworkInterfaces' && request.parameters.get('NextToken') === '4'
        ? { status: 500, code: 'InternalError' }
        : pageOf(request)
    const inventory = inventoryAt(stub.endpoint, 1)
    await expect(inventory.list(signal)).rejects.toMatchObject({ code: 'WHOHAD_EC2_UNREACHABLE', retriable: true })
    inventory.close()
  })

  test('a token that comes twice is not the end of the listing', async () => {
    answer = request =>
      request.action === 'DescribeVpcs' ? { body: { vpcSet: [vpc], nextToken: 'again' } } : pageOf(request)
    const inventory = inventoryAt(stub.endpoint)
    await expect(inventory.list(signal)).rejects.toMatchObject({ code: 'WHOHAD_EC2_REPLY_MALFORMED' })
    inventory.close()
  })

  test.each([
    [403, 'UnauthorizedOperation', 'WHOHAD_EC2_DENIED'],
    [401, 'AuthFailure', 'WHOHAD_EC2_DENIED'],
    [503, 'RequestLimitExceeded', 'WHOHAD_EC2_THROTTLED'],
    [400, 'InvalidParameterValue', 'WHOHAD_EC2_FAILED'],
    [503, 'Unavailable', 'WHOHAD_EC2_UNREACHABLE'],
  ])('status %i with %s is %s', async (status, code, expected) => {
    answer = request => (request.action === 'DescribeAddresses' ? { status, code } : pageOf(request))
    const inventory = inventoryAt(stub.endpoint, 1)
    await expect(inventory.list(signal)).rejects.toMatchObject({ code: expected })
    inventory.close()
  })

  test('a server that is not there is unreachable', async () => {
    const gone = await startEc2Stub(pageOf)
    await gone.close()
    const inventory = inventoryAt(gone.endpoint, 1)
    await expect(inventory.list(signal)).rejects.toMatchObject({ code: 'WHOHAD_EC2_UNREACHABLE' })
    inventory.close()
  })
})
