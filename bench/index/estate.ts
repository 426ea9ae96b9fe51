import { HOST_OWNERS, MOST_IPV4_HOSTS, writeIpv4Host, writeIpv6Host } from './addresses.ts'
import { type Column, columnOf } from './columns.ts'
import { bitsOf, fractionOf, seedOf } from './random.ts'

/**
 * Times are milliseconds after this instant; 25 days of them fit 32 bits. It is the beginning of one of the index's segments
 * of thirty days, so that all of the estate lies in one.
 */
export const BASE_MS = Date.UTC(2026, 9, 4)
export const SPAN_MS = 25 * 86_400_000
/** The same estate here lies half in one segment and half in the next. */
export const STRADDLING_BASE_MS = BASE_MS + 17.5 * 86_400_000
/** End of what is possible of a holding whose end nothing has shown. */
export const OPEN = 0xffff_ffff

export type EstateOptions = {
  /** A multiple of `versionsPerAddress`. */
  readonly versions: number
  readonly versionsPerAddress?: number
  /** The second half of the addresses is IPv6. */
  readonly halfIpv6?: boolean
  readonly seed?: number
}

/**
 * Claim versions as columns: who held an address, and the windows in which that began and ended. Certain in
 * [startLatest, endEarliest), possible in [startEarliest, endLatest). Milliseconds after BASE_MS.
 */
export type Versions = {
  readonly startEarliest: Column
  readonly startLatest: Column
  readonly endEarliest: Column
  readonly endLatest: Column
  /** 1 to HOST_OWNERS. */
  readonly owner: Column
}

export const versionColumns = (count: number): Versions => ({
  startEarliest: columnOf(count),
  startLatest: columnOf(count),
  endEarliest: columnOf(count),
  endLatest: columnOf(count),
  owner: columnOf(count),
})

/** Longest window of a boundary; the estate's first and last boundaries keep this far from its edges. */
const LONGEST_WINDOW_MS = 75_000
/** The least that any holding weighs against its neighbours: more than an hour, so that no two windows meet. */
const LEAST_WEIGHT = 0.02
const GAP_SHARE = 0.25

/** What is drawn for each holding of an address. */
const DRAW = { weight: 0, gap: 1, start: 2, owner: 3, end: 4, each: 5 } as const

/**
 * A made-up estate of hosts that change hands: a function of its options, address by address, so that any part of it can be
 * made again without holding the rest. Holdings of one address follow each other by handoff, in one of four cases with a
 * gap between; every boundary is known to within a window of 45 to 75 s, as a poll a minute leaves it; the last one is
 * open. Lengths are skewed (the longest third of the holdings takes two thirds of the time), and so are owners.
 */
export class Estate {
  readonly versions: number
  readonly versionsPerAddress: number
  readonly addresses: number
  /** Addresses from this number on are IPv6. */
  readonly ipv4Addresses: number
  readonly seed: number
  private readonly weights: Float64Array

  constructor({ versions, versionsPerAddress = 10, halfIpv6 = false, seed = 1 }: EstateOptions) {
    this.versions = versions
    this.versionsPerAddress = versionsPerAddress
    this.addresses = versions / versionsPerAddress
    this.ipv4Addresses = halfIpv6 ? Math.ceil(this.addresses / 2) : this.addresses
    this.seed = seed
    this.weights = new Float64Array(versionsPerAddress)
    if (!Number.isInteger(this.addresses)) throw new RangeError(`${versions} is no multiple of ${versionsPerAddress}`)
    if (this.ipv4Addresses > MOST_IPV4_HOSTS) throw new RangeError(`10.0.0.0/8 has no room for ${this.ipv4Addresses}`)
  }

  isIpv6(address: number): boolean {
    return address >= this.ipv4Addresses
  }

  /** Four words at `at`, of which IPv4 uses the first. */
  writeAddress(address: number, words: Uint32Array, at: number): void {
    if (this.isIpv6(address)) writeIpv6Host(address - this.ipv4Addresses, words, at)
    else writeIpv4Host(address, words, at)
  }

  /** Writes all versions of `count` addresses, those of one after another, each address's in order of time. */
  fill(firstAddress: number, count: number, into: Versions): void {
    for (let i = 0; i < count; i++) this.fillAddress(firstAddress + i, into, i * this.versionsPerAddress)
  }

  private fillAddress(address: number, into: Versions, at: number): void {
    const last = at + this.versionsPerAddress - 1
    const seed = seedOf(this.seed, address)
    const millisPerWeight = (SPAN_MS - 4 * LONGEST_WINDOW_MS) / this.weigh(seed)
    let fromMs = 2 * LONGEST_WINDOW_MS
    writeStart(seed, 0, fromMs, into, at)
    for (let version = at; version < last; version++) {
      const heldMs = (this.weights[version - at] as number) * millisPerWeight
      const place = version - at + 1
      const gap = fractionOf(seed, place * DRAW.each + DRAW.gap)
      writeStart(seed, place, fromMs + heldMs, into, version + 1)
      if (gap < GAP_SHARE) writeEnd(seed, place, fromMs + heldMs * (0.5 + 1.6 * gap), into, version)
      else handOff(into, version)
      fromMs += heldMs
    }
    into.endEarliest[last] = SPAN_MS
    into.endLatest[last] = OPEN
  }

  /** Draws the lengths of an address's holdings and returns their sum. */
  private weigh(seed: number): number {
    let sum = 0
    for (let i = 0; i < this.versionsPerAddress; i++) {
      const uniform = fractionOf(seed, i * DRAW.each + DRAW.weight)
      const weight = LEAST_WEIGHT + uniform * uniform
      this.weights[i] = weight
      sum += weight
    }
    return sum
  }
}

function writeStart(seed: number, place: number, atMs: number, into: Versions, version: number): void {
  const random = bitsOf(seed, place * DRAW.each + DRAW.start)
  const earliest = Math.floor(atMs) - (random & 0x7fff)
  into.startEarliest[version] = earliest
  into.startLatest[version] = earliest + windowMs(random)
  const uniform = fractionOf(seed, place * DRAW.each + DRAW.owner)
  into.owner[version] = 1 + Math.floor(HOST_OWNERS * uniform * uniform * uniform)
}

function writeEnd(seed: number, place: number, atMs: number, into: Versions, version: number): void {
  const random = bitsOf(seed, place * DRAW.each + DRAW.end)
  const earliest = Math.floor(atMs) - (random >>> 17)
  into.endEarliest[version] = earliest
  into.endLatest[version] = earliest + windowMs(random >>> 2)
}

/** The next holder took over at once: one window for both. */
function handOff(into: Versions, version: number): void {
  into.endEarliest[version] = into.startEarliest[version + 1] as number
  into.endLatest[version] = into.startLatest[version + 1] as number
}

/** 45 to 75 s. */
const windowMs = (random: number): number => LONGEST_WINDOW_MS - 30_000 + ((random >>> 15) % 30_001)
