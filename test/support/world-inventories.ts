import { placeOfInterface } from '../../src/cli/interface-place.ts'
import type { SourceBounds } from '../../src/ownership/claim.ts'
import { PUBLIC_IPV6 } from '../../src/ownership/domains.ts'
import type { OwnershipIndex } from '../../src/ownership/ownership-index.ts'
import type { Sighted, Sighting } from '../../src/ownership/snapshot.ts'
import type { Ec2Listing } from '../../src/pollers/ec2/listing.ts'
import { toSnapshot } from '../../src/pollers/ec2/snapshot.ts'
import type { Inventory } from '../../src/pollers/inventory.ts'
import { DEFAULT_NAMING } from '../../src/pollers/naming/rules.ts'
import { titusInventory } from '../../src/pollers/titus/inventory.ts'
import { defaultFaults } from '../../src/simulator/faults.ts'
import { titusApi } from '../../src/simulator/titus-api.ts'
import type { View } from '../../src/simulator/view.ts'
import { ACCOUNT, PARTITION, REGION, VPC_CIDR } from '../../src/simulator/world.ts'
import type { Exchange, WeatheredWorld } from './bad-weather.ts'
import { prefix } from './estate.ts'
import { sdkAddress, sdkInstance, sdkInterface, sdkSubnet, sdkVpc } from './sdk-shapes.ts'

const PAGE_SIZE = 12

export const estate = {
  partition: PARTITION,
  account: ACCOUNT,
  region: REGION,
  domainRules: [],
  naming: DEFAULT_NAMING,
}

/** The EC2 poller's own reading of the world, without the wire: pages, each a request of its own. */
export function ec2Of(run: WeatheredWorld, bounds: SourceBounds): Inventory {
  return {
    source: `ec2/${ACCOUNT}/${REGION}`,
    kind: 'ec2',
    bounds,
    list: async () => toSnapshot(ec2Listing(run), estate),
  }
}

export function ec2Listing(run: WeatheredWorld, pageSize = PAGE_SIZE): Ec2Listing {
  const { network, fleet, vpcs, subnets } = run.world
  const pages: Sighting[] = []
  const walk = <T>(entries: (view: View) => readonly { readonly id: string; readonly value: T }[]): Sighted<T>[] => {
    const found: Sighted<T>[] = []
    for (let after = ''; ; ) {
      const exchange: Exchange = run.exchange()
      const sighting = run.sightingOf(exchange)
      pages.push(sighting)
      const rest = entries(run.view(exchange)).filter(({ id }) => id > after)
      for (const { value } of rest.slice(0, pageSize)) found.push({ value, sighting })
      const last = rest[pageSize - 1]
      if (last === undefined || rest.length === pageSize) return found
      after = last.id
    }
  }
  const interfaces = walk(view =>
    network.enisSeen(view).map(({ thing, atMs }) => ({ id: thing.id, value: sdkInterface(thing, atMs) })),
  )
  const instances = walk(view =>
    fleet.instancesSeen(view).map(({ thing, atMs }) => {
      const isTagless = !thing.isRenamed && run.random.chance(run.weather.tagless)
      return { id: thing.id, value: sdkInstance(thing, atMs, isTagless ? Number.NEGATIVE_INFINITY : view(thing.id)) }
    }),
  )
  const addresses = walk(view =>
    fleet.elasticIps
      .map(elastic => ({ id: elastic.allocationId, value: sdkAddress(elastic, view(elastic.allocationId)) }))
      .sort((a, b) => (a.id < b.id ? -1 : 1)),
  )
  const still = <T extends { readonly id: string }, S>(things: readonly T[], shape: (thing: T) => S) =>
    walk(() => things.map(thing => ({ id: thing.id, value: shape(thing) })).sort((a, b) => (a.id < b.id ? -1 : 1)))
  return {
    vpcs: still(vpcs, sdkVpc),
    subnets: still(subnets, sdkSubnet),
    interfaces,
    instances,
    addresses,
    trunkAssociations: interfaces.flatMap(({ value: { NetworkInterfaceId = '', TagSet }, sighting }) => {
      const trunk = TagSet?.find(({ Key }) => Key === 'titus.trunk-eni-id')?.Value
      if (trunk === undefined) return []
      return [{ value: { BranchInterfaceId: NetworkInterfaceId, TrunkInterfaceId: trunk }, sighting }]
    }),
    pages,
  }
}

/** The Titus poller itself, whose requests are answered without the wire. */
export function titusOf(
  run: WeatheredWorld,
  bounds: SourceBounds,
  shownLateMs: number,
  index: OwnershipIndex,
  pageSize = PAGE_SIZE,
): Inventory {
  let exchange: Exchange = { sentMs: run.nowMs, receivedMs: run.nowMs }
  const viewOf = () => run.view(exchange, run.weather.lagMs - shownLateMs)
  const noFaults = { ...defaultFaults, titusErrorProbability: 0 }
  const answer = titusApi(run.world, noFaults, run.random, viewOf, run.titusOffsetMs)
  const covers = run.world.vpcs.flatMap(({ id, cidr6 }) => [
    { domain: id, prefix: prefix(VPC_CIDR) },
    { domain: id, prefix: prefix(cidr6) },
    { domain: PUBLIC_IPV6, prefix: prefix(cidr6) },
  ])
  return titusInventory({
    name: 'main',
    url: 'http://titus',
    clock: run.clock,
    bounds,
    pageSize,
    retries: { attempts: 1, firstDelayMs: 0, longestDelayMs: 0 },
    scope: covers.map(cover => ({ ...cover, layers: ['container'] })),
    interfacePlace: (eni, sentAtMs) =>
      placeOfInterface(eni, index, { nowMs: run.clock.now(), sentAtMs, domainRules: [] }),
    fetch: async input => {
      const { pathname: path, searchParams: query } = new URL(String(input))
      exchange = run.exchange()
      const { status, body } = answer({ method: 'GET', path, query, headers: {}, body: '' })
      return new Response(body, { status })
    },
  })
}
