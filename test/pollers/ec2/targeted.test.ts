import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Ip } from '../../../src/ownership/address.ts'
import { type Ec2Inventory, type Ec2Settings, ec2Inventory } from '../../../src/pollers/ec2/inventory.ts'
import { DEFAULT_NAMING } from '../../../src/pollers/naming/rules.ts'
import { systemClock } from '../../../src/runtime/clock.ts'
import type { SimulatedCloud } from '../../../src/simulator/cloud.ts'
import { addressOf, type Estates, startEstates } from '../../support/ec2-estates.ts'
import { noDoubt } from '../../support/estate.ts'
import { startSmallCloud } from '../../support/simulator.ts'

const account = '111122223333'
const signal = new AbortController().signal
const idOf = (n: number) => `eni-${String(n).padStart(5, '0')}`
const numbers = (count: number) => Array.from({ length: count }, (_, n) => n)

let estates: Estates
let inventory: Ec2Inventory

const inventoryAt = (endpoint: string, where: string, region: string, more: Partial<Ec2Settings> = {}) =>
  ec2Inventory({
    account: where,
    region,
    partition: 'aws',
    endpoint,
    credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'none' },
    domainRules: [],
    naming: DEFAULT_NAMING,
    bounds: noDoubt,
    clock: systemClock,
    ...more,
  })

beforeAll(async () => {
  estates = await startEstates({
    directory: { anyKey: account },
    sizes: { [`${account}/us-east-1`]: { interfaces: 600, subnets: 1 } },
  })
  inventory = inventoryAt(estates.ec2, account, 'us-east-1')
})
beforeEach(() => {
  estates.requests.length = 0
})
afterAll(async () => {
  inventory.close()
  await estates.close()
})

describe('a look at a few interfaces', () => {
  test('shows them with their instances, by one request for two hundred', async () => {
    const ids = numbers(450).map(idOf)
    const { interfaces, instances, pages } = await inventory.targeted({ by: 'interface', ids }, signal)
    expect(interfaces.map(({ value }) => value.NetworkInterfaceId)).toEqual(ids)
    expect(instances.map(({ value }) => value.Tags?.[0]?.Value)).toEqual(numbers(450).map(n => `app-${n}`))
    expect(estates.requests.map(({ action }) => action)).toEqual([
      ...Array(3).fill('DescribeNetworkInterfaces'),
      ...Array(3).fill('DescribeInstances'),
    ])
    expect(pages).toHaveLength(6)
    for (const { parameters } of estates.requests) expect(parameters.get('IncludeManagedResources')).toBe('true')
  })

  test('an interface that is gone is left out, and does not fail the others', async () => {
    const ids = [idOf(1), 'eni-99999', idOf(3)]
    const { interfaces, target } = await inventory.targeted({ by: 'interface', ids }, signal)
    expect(interfaces.map(({ value }) => value.NetworkInterfaceId)).toEqual([idOf(1), idOf(3)])
    expect(target).toEqual({ by: 'interface', ids })
  })

  test('whoever holds an address is shown, and of what nobody holds nothing', async () => {
    const addresses = [addressOf(7), '10.9.9.9', '203.0.113.9', '2001:db8::1'] as Ip[]
    const { interfaces } = await inventory.targeted({ by: 'address', addresses }, signal)
    expect(interfaces.map(({ value }) => value.PrivateIpAddress)).toEqual([addressOf(7)])
    const filters = estates.requests.map(({ parameters }) => [
      parameters.get('Filter.1.Name'),
      parameters.get('Filter.1.Value.1'),
    ])
    expect(filters).toEqual([
      ['addresses.private-ip-address', addressOf(7)],
      ['addresses.association.public-ip', '203.0.113.9'],
      ['ipv6-addresses.ipv6-address', '2001:db8::1'],
      ['instance-id', 'i-00007'],
    ])
  })

  test('nothing asked is nothing sent', async () => {
    expect(await inventory.targeted({ by: 'interface', ids: [] }, signal)).toMatchObject({ interfaces: [], pages: [] })
    expect(estates.requests).toEqual([])
  })

  test('takes from the same budget as the listing', async () => {
    const spent = inventoryAt(estates.ec2, account, 'us-east-1', { budget: { perSecond: 0.001, burst: 10 } })
    const stopping = new AbortController()
    const looks = numbers(11).map(n => spent.targeted({ by: 'interface', ids: [idOf(n)] }, stopping.signal))
    const settled = Promise.allSettled(looks)
    await Promise.all(looks.slice(0, 10))
    stopping.abort(new Error('stopped'))
    // Ten is the burst; the eleventh waited for its turn.
    expect((await settled).map(({ status }) => status)).toEqual([...Array(10).fill('fulfilled'), 'rejected'])
    spent.close()
  })
})

describe('beside the simulated cloud', () => {
  let cloud: SimulatedCloud
  beforeAll(async () => {
    cloud = await startSmallCloud()
  })
  afterAll(() => cloud.close())

  test('a look by public and by private address finds what the whole listing shows', async () => {
    const small = inventoryAt(cloud.endpoints.ec2, cloud.account, cloud.region, { clock: cloud.clock })
    const { bindings } = await small.list(signal)
    const elastic = bindings.filter(({ layer, domain }) => layer === 'interface' && domain === 'inet.0')
    expect(elastic.length).toBeGreaterThan(3)
    const addresses = [...new Set(elastic.map(({ prefix }) => prefix.split('/')[0] as Ip))]
    const { interfaces } = await small.targeted({ by: 'address', addresses }, signal)
    const shown = new Set(interfaces.map(({ value }) => value.NetworkInterfaceId))
    expect(shown).toEqual(new Set(elastic.map(({ owners: [owner] }) => owner?.resourceId)))
    small.close()
  })
})
