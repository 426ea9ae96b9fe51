import { toIp } from '../../src/ownership/address.ts'
import type { Owner } from '../../src/ownership/claim.ts'
import { hostPrefix, type Prefix } from '../../src/ownership/prefix.ts'
import type { Binding } from '../../src/ownership/snapshot.ts'
import { type Random, seededRandom } from '../../src/simulator/random.ts'

export type Holding = { readonly holder: string; readonly fromMs: number; readonly untilMs: number }

/** Addresses that go from hand to hand: who held each of them when, in order. */
export type Handoffs = ReadonlyMap<string, readonly Holding[]>

export const DOMAIN = 'vpc-0a1b2c3d4e5f60718'
export const LAG_MS = 10_000
const MEDIAN_LIFE_MS = 600_000
const LONGEST_GAP_MS = 30_000

/** Lifetimes are exponential with a median of ten minutes; between two holders lie up to thirty seconds. */
export function madeUpHandoffs(random: Random, addresses: number, fromMs: number, untilMs: number): Handoffs {
  const handoffs = new Map<string, readonly Holding[]>()
  for (let n = 0; n < addresses; n++) {
    const held: Holding[] = []
    // Somewhere in the first one's life: they do not all begin together.
    let atMs = fromMs - Math.floor(random.exponential(MEDIAN_LIFE_MS))
    while (atMs < untilMs) {
      const endMs = atMs + Math.max(1000, Math.floor(random.exponential(MEDIAN_LIFE_MS)))
      held.push({ holder: `eni-${n}-${held.length}`, fromMs: atMs, untilMs: endMs })
      atMs = endMs + Math.floor(random.next() * LONGEST_GAP_MS)
    }
    handoffs.set(`10.0.${n >> 8}.${n & 255}`, held)
  }
  return handoffs
}

export const holderAt = (held: readonly Holding[], atMs: number): Holding | undefined =>
  held.find(({ fromMs, untilMs }) => fromMs <= atMs && atMs < untilMs)

export const prefixOf = (address: string): Prefix => {
  const ip = toIp(address)
  if (ip === undefined) throw new TypeError(`not an address: ${address}`)
  return hostPrefix(ip)
}

/** What a reply shows of an address: each as it was up to lag before some moment of the request. */
export function shownOf(
  address: string,
  held: readonly Holding[],
  sighting: Binding['sighting'],
  random: Random,
): readonly Binding[] {
  const { sentAtMs, receivedAtMs } = sighting
  const momentMs = sentAtMs + random.next() * (receivedAtMs - sentAtMs) - random.next() * LAG_MS
  const holding = holderAt(held, momentMs)
  if (holding === undefined) return []
  return [
    {
      domain: DOMAIN,
      prefix: prefixOf(address),
      ports: null,
      layer: 'interface',
      owners: [ownerOf(holding.holder)],
      lifetimeId: holding.holder,
      state: 'held',
      sighting,
      stated: [],
      expects: [],
      whole: false,
    },
  ]
}

const ownerOf = (holder: string): Owner => ({
  application: `app-${holder}`,
  cluster: null,
  stack: null,
  detail: null,
  kind: 'interface',
  resourceId: holder,
  account: '123456789012',
  region: 'us-east-1',
  zone: null,
  vpc: DOMAIN,
  subnet: null,
  eni: holder,
  host: null,
  team: null,
  labels: {},
  namedBy: 'tag',
  forwards: false,
})

/** The world, its replies and the questions draw from streams of their own: one world for every way of polling. */
export const randomOf = (stream: string): Random => seededRandom(7, stream)
