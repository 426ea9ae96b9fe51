import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Ip } from '../../../src/ownership/address.ts'
import type { Binding } from '../../../src/ownership/snapshot.ts'
import { type Ec2Inventory, ec2Inventory } from '../../../src/pollers/ec2/inventory.ts'
import { ec2Look } from '../../../src/pollers/ec2/look.ts'
import { DEFAULT_NAMING } from '../../../src/pollers/naming/rules.ts'
import type { TargetedLook } from '../../../src/pollers/narrowing.ts'
import type { SimulatedCloud } from '../../../src/simulator/cloud.ts'
import { noDoubt } from '../../support/estate.ts'
import { startSmallCloud } from '../../support/simulator.ts'

const signal = new AbortController().signal

let cloud: SimulatedCloud
let inventory: Ec2Inventory
let look: TargetedLook

beforeAll(async () => {
  cloud = await startSmallCloud()
  const { account, region, partition, clock, endpoints } = cloud
  const estate = { account, region, partition, domainRules: [], naming: DEFAULT_NAMING }
  const credentials = { accessKeyId: 'simulated', secretAccessKey: 'none' }
  inventory = ec2Inventory({ ...estate, endpoint: endpoints.ec2, credentials, bounds: noDoubt, clock })
  look = ec2Look(inventory.targeted, estate)
})
afterAll(async () => {
  inventory.close()
  await cloud.close()
})

/** All that a binding says but for when it was seen. */
const saidBy = ({ sighting: _, ...rest }: Binding) => rest
const ipOf = ({ prefix }: Binding) => prefix.slice(0, prefix.indexOf('/')) as Ip
const ofInterfaces = ({ layer, prefix, domain }: Binding) =>
  layer !== 'network' && prefix.endsWith('/32') && domain !== 'inet.0'

describe('a look by address, over the wire', () => {
  test('says of each address what the whole listing says, in every VPC that has it', async () => {
    const { bindings } = await inventory.list(signal)
    const listed = bindings.filter(ofInterfaces)
    const addresses = [...new Set(listed.map(ipOf))].slice(0, 40)
    const shown = (await look(addresses, signal))?.bindings ?? []
    const asked = new Set(addresses)
    const expected = listed.filter(binding => asked.has(ipOf(binding)))
    const vpcs = new Set(expected.map(({ domain }) => domain))
    expect(vpcs.size).toBe(2)
    expect(new Set(expected.map(({ layer }) => layer))).toEqual(new Set(['interface', 'instance']))
    const found = shown.filter(binding => ofInterfaces(binding) && asked.has(ipOf(binding)))
    const key = (binding: Binding) => `${binding.domain} ${binding.prefix} ${binding.layer} ${binding.lifetimeId}`
    const byKey = (all: readonly Binding[]) => new Map(all.map(one => [key(one), saidBy(one)]))
    expect(byKey(found)).toEqual(byKey(expected))
  })

  test('shows nothing of an address that nobody holds, and dates it by its own requests', async () => {
    const beforeMs = cloud.clock.now()
    const shown = await look(['10.0.99.99' as Ip], signal)
    expect(shown?.bindings).toEqual([])
    expect(shown?.sighting.sentAtMs).toBe(beforeMs)
    expect(shown?.sighting.receivedAtMs).toBe(cloud.clock.now())
  })

  test('of no address sends nothing', async () => {
    const beforeMs = cloud.clock.now()
    expect(await look([], signal)).toBeNull()
    expect(cloud.clock.now()).toBe(beforeMs)
  })
})
