import { ownerOfIpv4Fallback, ownerOfIpv6Fallback, writeSpareIpv4, writeSpareIpv6 } from './addresses.ts'
import { type Column, columnOf } from './columns.ts'
import { type Estate, SPAN_MS, type Versions, versionColumns } from './estate.ts'
import { bitsOf, choiceOf, fractionOf, seedOf } from './random.ts'

export const PROBE_KINDS = ['cold', 'hot', 'fallback', 'window'] as const
/**
 * - `cold`: any address that a host ever held, at any millisecond; each 64th on the edge of a certain window or a
 *   millisecond before it, so that an engine that is off by one gives itself away.
 * - `hot`: 20,000 addresses, some asked far more often than others, most of them about the last hours.
 * - `fallback`: addresses that no host holds, within subnets of each length.
 * - `window`: as cold, over 1 to 60 s.
 */
export type ProbeKind = (typeof PROBE_KINDS)[number]

/** Questions as columns, with the truth that the generator knows of each. */
export type Probes = {
  readonly count: number
  /** Four words for each, of which IPv4 uses the first. */
  readonly words: Column
  /** 1 where the address is IPv6. */
  readonly isIpv6: Column
  /** Half-open, ms after BASE_MS; a point is one millisecond long. */
  readonly fromMs: Column
  readonly untilMs: Column
  /** The owner that is certain throughout; 0 where none is. Of a fallback the owner of its longest subnet. */
  readonly owner: Column
  /** Version number, counted through all addresses in order, that the owner comes from; NO_VERSION where none. */
  readonly version: Column
}

export const NO_VERSION = 0xffff_ffff

const HOT_ADDRESSES = 20_000
const EDGE_EVERY = 64
const STREAMS: Record<ProbeKind, number> = { cold: 1001, hot: 1002, fallback: 1003, window: 1004 }
const HOT_CHOICE_STREAM = 1005

export function makeProbes(estate: Estate, kind: ProbeKind, count: number): Probes {
  const probes: Probes = {
    count,
    words: columnOf(count * 4),
    isIpv6: columnOf(count),
    fromMs: columnOf(count),
    untilMs: columnOf(count),
    owner: columnOf(count),
    version: columnOf(count),
  }
  const draw = { cold: drawCold, hot: drawHot, window: drawWindow, fallback: drawFallback }[kind]
  const history = versionColumns(estate.versionsPerAddress)
  for (let i = 0; i < count; i++) draw(estate, probes, i, history)
  return probes
}

/** What every engine's answers must add up to: the owners of all questions that have a certain one. */
export function checksumOf(probes: Probes): number {
  let sum = 0
  for (let i = 0; i < probes.count; i++) sum += probes.owner[i] as number
  return sum
}

function drawCold(estate: Estate, probes: Probes, i: number, history: Versions): void {
  const seed = seedOf(STREAMS.cold, i)
  const address = choiceOf(seed, 0, estate.addresses)
  const atMs = i % EDGE_EVERY === 0 ? edgeOf(estate, address, seed, history) : choiceOf(seed, 1, SPAN_MS)
  askHost(estate, probes, i, address, atMs, atMs + 1, history)
}

function edgeOf(estate: Estate, address: number, seed: number, history: Versions): number {
  estate.fill(address, 1, history)
  const edges = choiceOf(seed, 2, 2) === 0 ? history.startLatest : history.endEarliest
  const edgeMs = edges[choiceOf(seed, 3, estate.versionsPerAddress)] as number
  return Math.min(edgeMs - choiceOf(seed, 4, 2), SPAN_MS - 1)
}

function drawHot(estate: Estate, probes: Probes, i: number, history: Versions): void {
  const seed = seedOf(STREAMS.hot, i)
  const uniform = fractionOf(seed, 0)
  const rank = Math.floor(HOT_ADDRESSES * uniform * uniform)
  const address = choiceOf(seedOf(HOT_CHOICE_STREAM, rank), 0, estate.addresses)
  const atMs = SPAN_MS - 1 - Math.floor((SPAN_MS - 1) * fractionOf(seed, 1) ** 4)
  askHost(estate, probes, i, address, atMs, atMs + 1, history)
}

function drawWindow(estate: Estate, probes: Probes, i: number, history: Versions): void {
  const seed = seedOf(STREAMS.window, i)
  const lengthMs = 1000 + choiceOf(seed, 2, 59_001)
  const fromMs = choiceOf(seed, 1, SPAN_MS - lengthMs)
  askHost(estate, probes, i, choiceOf(seed, 0, estate.addresses), fromMs, fromMs + lengthMs, history)
}

function drawFallback(estate: Estate, probes: Probes, i: number): void {
  const seed = seedOf(STREAMS.fallback, i)
  const isIpv6 = estate.ipv4Addresses < estate.addresses && fractionOf(seed, 2) < 0.5
  if (isIpv6) writeSpareIpv6(bitsOf(seed, 0), probes.words, i * 4)
  else writeSpareIpv4(bitsOf(seed, 0), probes.words, i * 4)
  const atMs = choiceOf(seed, 1, SPAN_MS)
  setWindow(probes, i, atMs, atMs + 1)
  probes.isIpv6[i] = isIpv6 ? 1 : 0
  const deciding = probes.words[i * 4 + (isIpv6 ? 1 : 0)] as number
  probes.owner[i] = isIpv6 ? ownerOfIpv6Fallback(deciding) : ownerOfIpv4Fallback(deciding)
  probes.version[i] = NO_VERSION
}

function askHost(
  estate: Estate,
  probes: Probes,
  i: number,
  address: number,
  fromMs: number,
  untilMs: number,
  history: Versions,
): void {
  estate.writeAddress(address, probes.words, i * 4)
  probes.isIpv6[i] = estate.isIpv6(address) ? 1 : 0
  setWindow(probes, i, fromMs, untilMs)
  estate.fill(address, 1, history)
  const found = certainThroughout(history, estate.versionsPerAddress, fromMs, untilMs)
  probes.owner[i] = found < 0 ? 0 : (history.owner[found] as number)
  probes.version[i] = found < 0 ? NO_VERSION : address * estate.versionsPerAddress + found
}

function setWindow(probes: Probes, i: number, fromMs: number, untilMs: number): void {
  probes.fromMs[i] = fromMs
  probes.untilMs[i] = untilMs
}

function certainThroughout(history: Versions, count: number, fromMs: number, untilMs: number): number {
  for (let i = 0; i < count; i++) {
    if ((history.startLatest[i] as number) <= fromMs && untilMs <= (history.endEarliest[i] as number)) return i
  }
  return -1
}
