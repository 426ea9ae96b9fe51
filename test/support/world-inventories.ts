import { placeOfInterface } from '../../src/cli/interface-place.ts'
import type { SourceBounds } from '../../src/ownership/claim.ts'
import { PUBLIC_IPV6 } from '../../src/ownership/domains.ts'
import type { OwnershipIndex } from '../../src/ownership/ownership-index.ts'
import type { Sighted, Sighting } from '../../src/ownership/snapshot.ts'
import { type Ec2Listing, interfacesBySubnet } from '../../src/pollers/ec2/listing.ts'
import { ec2Look } from '../../src/pollers/ec2/look.ts'
import { toSnapshot } from '../../src/pollers/ec2/snapshot.ts'
import { type Trunk, trunksOf } from '../../src/pollers/ec2/trunks.ts'
import type { Inventory } from '../../src/pollers/inventory.ts'
import { DEFAULT_NAMING } from '../../src/pollers/naming/rules.ts'
import type { TargetedLook } from '../../src/pollers/narrowing.ts'
import { type TitusInventory, titusInventory } from '../../src/pollers/titus/inventory.ts'
import { defaultFaults } from '../../src/simulator/faults.ts'
import { titusApi } from '../../src/simulator/titus-api.ts'
import type { View } from '../../src/simulator/view.ts'
import { ACCOUNT, PARTITION, REGION } from '../../src/simulator/world.ts'
import type { Exchange, WeatheredWorld } from './bad-weather.ts'
import { prefix } from './estate.ts'
import { sdkAddress, sdkInstance, sdkInterface, sdkSubnet, sdkVpc } from './sdk-shapes.ts'
import { targetedOf } from './world-looks.ts'

const PAGE_SIZE = 12

export const estate = {
  partition: PARTITION,
  account: ACCOUNT,
  region: REGION,
  domainRules: [],
  naming: DEFAULT_NAMING,
}

/** The EC2 poller's own reading of the world, without the wire: pages, each a request of its own, and looks between them. */
export function ec2Of(
  run: WeatheredWorld,
  bounds: SourceBounds,
  { pageSize = PAGE_SIZE, areSubnetsLarge = false } = {},
): Inventory & { readonly look: TargetedLook } {
  let trunks: ReadonlyMap<string, Trunk> = new Map()
  let bySubnet: ReadonlyMap<string, number> = new Map()
  return {
    source: `ec2/${ACCOUNT}/${REGION}`,
    kind: 'ec2',
    bounds,
    async list() {
      const listing = ec2Listing(run, pageSize)
      trunks = trunksOf(listing)
      bySubnet = interfacesBySubnet(listing)
      return toSnapshot(listing, estate)
    },
    look: ec2Look(
      {
        targeted: targetedOf(run, () => trunks),
        interfacesIn: subnet => (areSubnetsLarge ? undefined : bySubnet.get(subnet)),
      },
      estate,
    ),
  }
}

export function ec2Listing(run: WeatheredWorld, pageSize = PAGE_SIZE): Ec2Listing {
  const { network, fleet, vpcs, subnets } = run.world
  const pages: Sighting[] = []
  const walk = <T>(
    entries: (view: View) => readonly { readonly id: string; readonly value: T }[],
    emptied = 0,
  ): Sighted<T>[] => {
    const found: Sighted<T>[] = []
    const isEmptied = run.random.chance(emptied)
    for (let after = ''; ; ) {
      const exchange: Exchange = run.exchange()
      const sighting = run.sightingOf(exchange)
      pages.push(sighting)
      const all = isEmptied ? [] : run.shown(entries(run.view(exchange)))
      const rest = all.filter(({ id }) => id > after)
      for (const { value } of rest.slice(0, pageSize)) found.push({ value, sighting })
      const last = rest[pageSize - 1]
      if (last === undefined || rest.length === pageSize) return found
      after = last.id
    }
  }
  const { emptied } = run.weather
  const interfaces = walk(
    view => network.enisSeen(view).map(({ thing, atMs }) => ({ id: thing.id, value: sdkInterface(thing, atMs) })),
    emptied,
  )
  const instances = walk(
    view =>
      fleet.instancesSeen(view).map(({ thing, atMs }) => {
        const isTagless = !Number.isFinite(thing.renamedMs) && run.random.chance(run.weather.tagless)
        return { id: thing.id, value: sdkInstance(thing, atMs, isTagless ? Number.NEGATIVE_INFINITY : view(thing.id)) }
      }),
    emptied,
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
): TitusInventory {
  let exchange: Exchange = { sentMs: run.nowMs, receivedMs: run.nowMs }
  const viewOf = () => run.view(exchange, run.weather.lagMs - shownLateMs)
  const noFaults = { ...defaultFaults, titusErrorProbability: 0 }
  const answer = titusApi(run.world, noFaults, run.random, viewOf, run.titusOffsetMs)
  const covers = run.world.vpcs.flatMap(({ id, cidr, cidr6 }) => [
    { domain: id, prefix: prefix(cidr) },
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
      return new Response(path.endsWith('/tasks') ? thinned(String(body), run) : body, { status })
    },
  })
}

/** A page of tasks as it comes where walks come back empty, or lack something. */
function thinned(body: string, run: WeatheredWorld): string {
  const isEmptied = run.random.chance(run.weather.emptied)
  if (!isEmptied && run.weather.lacking === 0) return body
  const page = JSON.parse(body) as { readonly items: readonly unknown[]; readonly pagination: object }
  if (!isEmptied) return JSON.stringify({ ...page, items: run.shown(page.items) })
  return JSON.stringify({ items: [], pagination: { ...page.pagination, hasMore: false, cursor: '', totalItems: 0 } })
}
