import type { SourceBounds } from '../../src/ownership/claim.ts'
import { spanOf } from '../../src/ownership/snapshot.ts'
import { toSnapshot } from '../../src/pollers/ec2/snapshot.ts'
import { type Trunk, trunksOf } from '../../src/pollers/ec2/trunks.ts'
import type { Inventory } from '../../src/pollers/inventory.ts'
import type { TargetedLook } from '../../src/pollers/narrowing.ts'
import { lasting } from '../../src/simulator/eni.ts'
import { ACCOUNT, REGION } from '../../src/simulator/world.ts'
import type { WeatheredWorld } from '../../test/support/bad-weather.ts'
import { sdkInstance, sdkInterface } from '../../test/support/sdk-shapes.ts'
import { ec2Listing, estate } from '../../test/support/world-inventories.ts'

/** As many as EC2 and Titus give. */
export const PAGE_SIZE = 1000

/** EC2 without the wire, listed whole and looked at by address, read as the EC2 poller reads it. */
export function ec2OfWorld(run: WeatheredWorld, bounds: SourceBounds): { inventory: Inventory; look: TargetedLook } {
  let trunks: ReadonlyMap<string, Trunk> = new Map()
  const inventory: Inventory = {
    source: `ec2/${ACCOUNT}/${REGION}`,
    kind: 'ec2',
    bounds,
    async list() {
      const listing = ec2Listing(run, PAGE_SIZE)
      trunks = trunksOf(listing)
      return toSnapshot(listing, estate)
    },
  }
  return { inventory, look: async addresses => lookAt(run, new Set(addresses), trunks) }
}

/**
 * What EC2 answers where interfaces are filtered by address, and then the instances that they are attached to: a request for
 * each, each thing at a moment of its own, as in whole listings.
 */
function lookAt(run: WeatheredWorld, asked: ReadonlySet<string>, trunks: ReadonlyMap<string, Trunk>) {
  const { network, fleet } = run.world
  const first = run.exchange()
  const interfaces = network
    .enisSeen(run.view(first))
    .filter(({ thing, atMs }) => lasting(thing.addresses, atMs).some(({ ip }) => asked.has(ip)))
    .map(({ thing, atMs }) => ({ value: sdkInterface(thing, atMs), sighting: run.sightingOf(first) }))
  const attached = new Set(interfaces.map(({ value }) => value.Attachment?.InstanceId))
  const second = run.exchange()
  const instances = fleet
    .instancesSeen(run.view(second))
    .filter(({ thing }) => attached.has(thing.id))
    .map(({ thing, atMs }) => ({ value: sdkInstance(thing, atMs), sighting: run.sightingOf(second) }))
  const pages = [run.sightingOf(first), run.sightingOf(second)]
  const listing = { vpcs: [], subnets: [], addresses: [], interfaces, instances, trunks, pages }
  return { sighting: pages.reduce(spanOf), bindings: toSnapshot(listing, estate).bindings }
}
