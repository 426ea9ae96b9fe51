import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Claim } from '../../../src/ownership/claim.ts'
import { placeKey } from '../../../src/ownership/look-memory.ts'
import type { Binding } from '../../../src/ownership/snapshot.ts'
import { diffSnapshot } from '../../../src/ownership/snapshot-diff.ts'
import type { Estate } from '../../../src/pollers/ec2/estate.ts'
import { type Ec2Inventory, ec2Inventory } from '../../../src/pollers/ec2/inventory.ts'
import { ec2Look } from '../../../src/pollers/ec2/look.ts'
import { DEFAULT_NAMING } from '../../../src/pollers/naming/rules.ts'
import type { TargetedLook } from '../../../src/pollers/narrowing.ts'
import type { SimulatedCloud } from '../../../src/simulator/cloud.ts'
import { noDoubt, prefix } from '../../support/estate.ts'
import { fresh } from '../../support/one-poll.ts'
import { startSmallCloud } from '../../support/simulator.ts'

const signal = new AbortController().signal

let cloud: SimulatedCloud
let inventory: Ec2Inventory
let look: TargetedLook
let estate: Estate

beforeAll(async () => {
  cloud = await startSmallCloud()
  // What was set up at the start is in every reply from now on.
  cloud.advanceTo(cloud.clock.now() + 60_000)
  const { account, region, partition, clock, endpoints } = cloud
  estate = { account, region, partition, domainRules: [], naming: DEFAULT_NAMING }
  const credentials = { accessKeyId: 'simulated', secretAccessKey: 'none' }
  inventory = ec2Inventory({ ...estate, endpoint: endpoints.ec2, credentials, bounds: noDoubt, clock })
  look = ec2Look(inventory, estate)
})
afterAll(async () => {
  inventory.close()
  await cloud.close()
})

/** All that a binding says but for when it was seen. */
const saidBy = ({ sighting: _, ...rest }: Binding) => rest
const keyOf = ({ domain, prefix, layer, lifetimeId }: Binding) => `${domain} ${prefix} ${layer} ${lifetimeId}`
const byKey = (bindings: readonly Binding[]) =>
  new Map(bindings.filter(({ layer }) => layer !== 'network').map(one => [keyOf(one), saidBy(one)]))
const context = { source: 's', kind: 'ec2', bounds: noDoubt, identify: (key: string) => key }

/** A whole listing, and its claims by the lane that shows them. */
async function listed(by: TargetedLook = look) {
  const snapshot = await inventory.list(signal)
  const claims = [...diffSnapshot(fresh, snapshot, context).next.claims.values()]
  return { bindings: snapshot.bindings, of: (lane: string) => claims.filter(claim => by.laneOf(claim) === lane) }
}

/** What a whole listing says of the places of these claims, and what a look at them. */
async function bothOf(lane: string, by: TargetedLook = look) {
  const { bindings, of } = await listed(by)
  const claims = of(lane).slice(0, 60)
  const shown = await by.at(claims, signal)
  const places = new Set(claims.map(placeKey))
  const ofThem = (all: readonly Binding[]) => byKey(all.filter(binding => places.has(placeKey(binding))))
  return {
    claims,
    shown: shown ?? expect.unreachable('no look'),
    says: ofThem(bindings),
    sees: ofThem(shown?.bindings ?? []),
  }
}

/** As if every subnet had as many interfaces. */
const inSubnetsOf = (size: number): TargetedLook => ec2Look({ ...inventory, interfacesIn: () => size }, estate)

// Each reply shows what was up to ten seconds before, and now and then something changes hands there.
describe('a look, over the wire', { retry: 4 }, () => {
  test('by address says what the whole listing says, in every VPC that has it', async () => {
    const { claims, shown, says, sees } = await bothOf('address')
    expect(sees).toEqual(says)
    expect(new Set(claims.map(({ layer }) => layer))).toEqual(new Set(['interface', 'instance']))
    expect(new Set(claims.map(({ domain }) => domain)).size).toBe(2)
    expect(new Set(shown.asked.map(placeKey))).toEqual(new Set(claims.map(placeKey)))
    expect(claims.every(shown.wouldShow)).toBe(true)
  })

  test('by public address does, too, of Elastic IPs and of others', async () => {
    const { claims, shown, says, sees } = await bothOf('public-address')
    expect(sees).toEqual(says)
    expect(new Set(claims.map(({ lifetimeId }) => lifetimeId === null))).toEqual(new Set([true, false]))
    expect(claims.every(shown.wouldShow)).toBe(true)
  })

  test('at a small subnet finds its blocks and IPv6 addresses, whoever holds them', async () => {
    const { claims, shown, says, sees } = await bothOf('subnet')
    expect(sees).toEqual(says)
    expect(new Set(claims.map(({ prefix }) => prefix.split('/')[1]))).toEqual(new Set(['28', '80', '128']))
    expect(shown.asked).toContainEqual({
      domain: claims[0]?.domain,
      prefix: claims[0]?.prefix,
      subnet: claims[0]?.owners[0]?.subnet,
    })
    expect(claims.every(shown.wouldShow)).toBe(true)
  })

  test('at a subnet keeps the interfaces that matter, and says nothing of the others', async () => {
    const { of } = await listed()
    const [block] = of('subnet').filter(({ prefix }) => prefix.endsWith('/28'))
    const shown = await look.at(block ? [block] : [], signal)
    expect(new Set(shown?.bindings.map(({ owners: [owner] }) => owner?.eni))).toEqual(new Set([block?.owners[0]?.eni]))
    const others = of('subnet').filter(({ owners: [owner] }) => owner?.eni !== block?.owners[0]?.eni)
    expect(others.filter(claim => shown?.wouldShow(claim))).toEqual([])
  })

  test('finds the next holder of a block by the one who had it', async () => {
    const { of } = await listed()
    const blocks = of('subnet').filter(({ prefix, layer }) => prefix.endsWith('/28') && layer === 'interface')
    const [block = expect.unreachable('no block')] = blocks
    const [owner = expect.unreachable('no owner')] = block.owners
    const past: Claim = { ...block, state: 'closed', owners: [{ ...owner, eni: 'eni-gone', resourceId: 'eni-gone' }] }
    const shown = await look.at([past], signal)
    const holders = shown?.bindings.filter(({ prefix, layer }) => prefix === block.prefix && layer === 'interface')
    expect(holders?.map(({ owners: [holder] }) => holder?.eni)).toEqual([owner.eni])
  })

  test('in a large subnet asks for the holder, and vouches for nobody else', async () => {
    const large = inSubnetsOf(251)
    const { claims, shown, says, sees } = await bothOf('interface', large)
    expect(sees).toEqual(says)
    expect(shown.asked).toEqual([])
    expect(claims.every(shown.wouldShow)).toBe(true)
    expect((await listed(large)).of('subnet')).toEqual([])
    expect((await listed(inSubnetsOf(250))).of('interface')).toEqual([])
  })

  test('lists no more subnets than go on two pages, and vouches for no others', async () => {
    const few = inSubnetsOf(250)
    const { of } = await listed(few)
    const [one = expect.unreachable('no claim')] = of('subnet')
    const claims = Array.from({ length: 9 }, (_, i) => ({
      ...one,
      prefix: prefix(`10.9.${i}.0/28`),
      owners: one.owners.map(owner => ({ ...owner, subnet: `subnet-${i}`, eni: `eni-${i}` })),
    }))
    const shown = await few.at(claims, signal)
    expect(claims.map(claim => shown?.wouldShow(claim))).toEqual([...Array(8).fill(true), false])
    expect(shown?.asked).toHaveLength(8)
  })

  test('of interfaces that nobody has shows nothing, and dates it by its own requests', async () => {
    const { of } = await listed()
    const [claim = expect.unreachable('no claim')] = of('address')
    const beforeMs = cloud.clock.now()
    const shown = await look.at([{ ...claim, prefix: prefix('10.0.99.99') }], signal)
    expect(shown?.bindings).toEqual([])
    expect(shown?.sighting.sentAtMs).toBe(beforeMs)
    expect(shown?.sighting.receivedAtMs).toBe(cloud.clock.now())
  })

  test('at public addresses that no interface shows proves nothing', async () => {
    const { of } = await listed()
    const [claim = expect.unreachable('no claim')] = of('public-address')
    const gone = { ...claim, prefix: prefix('198.51.100.7') }
    const shown = await look.at([gone], signal)
    expect([shown?.asked, shown?.wouldShow(gone)]).toEqual([[], false])
  })

  test('of nothing sends nothing', async () => {
    const beforeMs = cloud.clock.now()
    expect(await look.at([], signal)).toBeNull()
    expect(cloud.clock.now()).toBe(beforeMs)
  })
})
