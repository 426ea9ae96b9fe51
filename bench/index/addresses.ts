import { bitsOf, seedOf } from './random.ts'

/**
 * Which addresses hosts hold, which none holds, and which subnets cover them. IPv4 hosts lie in 10.0.0.0/8, spread evenly;
 * IPv6 hosts in the /64s of 256 VPCs. An address whose last two bits are both set is never a host's. As in the core, an
 * address is four words, of which IPv4 uses the first.
 */

const IPV4_BASE = 10 * 2 ** 24
const IPV4_BLOCKS = 2 ** 22
const SPREAD = 0x2545f491 // odd, hence a permutation modulo any power of two
const IPV6_BASE = 0x26001f18
const VPCS = 256
const SUBNETS_PER_VPC = 160
const RANKS = 2 ** 30
const ADDRESS_STREAM = 1

/** Three hosts in each block of four addresses. */
export const MOST_IPV4_HOSTS = IPV4_BLOCKS * 3

export function writeIpv4Host(host: number, words: Uint32Array, at: number): void {
  const block = (Math.imul(Math.floor(host / 3), SPREAD) & (IPV4_BLOCKS - 1)) >>> 0
  words[at] = IPV4_BASE + block * 4 + (host % 3)
  words.fill(0, at + 1, at + 4)
}

export function writeIpv6Host(host: number, words: Uint32Array, at: number): void {
  const subnet = host % (VPCS * SUBNETS_PER_VPC)
  const rank = Math.floor(host / (VPCS * SUBNETS_PER_VPC))
  words[at] = IPV6_BASE
  words[at + 1] = Math.floor(subnet / SUBNETS_PER_VPC) * 256 + (subnet % SUBNETS_PER_VPC)
  words[at + 2] = bitsOf(seedOf(ADDRESS_STREAM, host), 0)
  words[at + 3] = ((Math.imul(rank, SPREAD) & (RANKS - 1)) << 2) >>> 0
}

export type Subnet = {
  readonly family: 4 | 6
  readonly words: readonly [number, number, number, number]
  readonly length: number
  /** Which owner number it has; no host has the same. */
  readonly owner: number
}

/** Owners of hosts are 1 to this; those of subnets come after. */
export const HOST_OWNERS = 20_000

// 256 /16s, in each ten /24s (every 25th), in each of these fifteen /28s: 41,216 subnets in three levels.
const NETS_24 = 10
const NETS_24_STEP = 25
const NETS_28 = 15
const FIRST_24 = 256
const FIRST_28 = FIRST_24 + 256 * NETS_24

/** Every IPv4 subnet: a /28 lies in a /24, a /24 in a /16. */
export function* ipv4Subnets(): Generator<Subnet> {
  for (let vpc = 0; vpc < 256; vpc++) {
    yield ipv4Subnet(vpc, 16)
    for (let net = 0; net < NETS_24; net++) {
      yield ipv4Subnet(vpc * 256 + net * NETS_24_STEP, 24)
      for (let part = 0; part < NETS_28; part++) yield ipv4Subnet((vpc * 256 + net * NETS_24_STEP) * 16 + part, 28)
    }
  }
}

function ipv4Subnet(leading: number, length: number): Subnet {
  const word = IPV4_BASE + leading * 2 ** (32 - length)
  return { family: 4, words: [word, 0, 0, 0], length, owner: ipv4SubnetOwner(word, length) }
}

function ipv4SubnetOwner(word: number, length: number): number {
  const vpc = (word >>> 16) & 255
  const net = vpc * NETS_24 + ((word >>> 8) & 255) / NETS_24_STEP
  const number = length === 16 ? vpc : length === 24 ? FIRST_24 + net : FIRST_28 + net * NETS_28 + ((word >>> 4) & 15)
  return HOST_OWNERS + 1 + number
}

/** Owner of the longest subnet that covers an IPv4 address within 10.0.0.0/8. */
export function ownerOfIpv4Fallback(word: number): number {
  const third = (word >>> 8) & 255
  if (third % NETS_24_STEP !== 0 || third >= NETS_24 * NETS_24_STEP) return ipv4SubnetOwner(word, 16)
  return ipv4SubnetOwner(word, ((word >>> 4) & 15) < NETS_28 ? 28 : 24)
}

/** Every IPv6 subnet: 256 VPCs of a /56 each, in each 160 /64s: 41,216 in two levels. */
export function* ipv6Subnets(): Generator<Subnet> {
  for (let vpc = 0; vpc < VPCS; vpc++) {
    yield { family: 6, words: [IPV6_BASE, vpc * 256, 0, 0], length: 56, owner: ownerOfIpv6Fallback(vpc * 256 + 255) }
    for (let net = 0; net < SUBNETS_PER_VPC; net++) {
      const word = vpc * 256 + net
      yield { family: 6, words: [IPV6_BASE, word, 0, 0], length: 64, owner: ownerOfIpv6Fallback(word) }
    }
  }
}

/** Owner of the longest subnet that covers an IPv6 address, from its second word; numbered after those of IPv4. */
export function ownerOfIpv6Fallback(word: number): number {
  const first = HOST_OWNERS + 1 + FIRST_28 + 256 * NETS_24 * NETS_28
  const vpc = word >>> 8
  const net = word & 255
  return net < SUBNETS_PER_VPC ? first + VPCS + vpc * SUBNETS_PER_VPC + net : first + vpc
}

/** An IPv4 address that no host holds, one third each in a /28, in a /24 alone and in a /16 alone. */
export function writeSpareIpv4(random: number, words: Uint32Array, at: number): void {
  const level = random % 3
  const vpc = (random >>> 8) & 255
  const net = level === 2 ? 1 : ((random >>> 16) % NETS_24) * NETS_24_STEP
  const part = level === 0 ? (random >>> 20) % NETS_28 : NETS_28
  words[at] = IPV4_BASE + vpc * 2 ** 16 + net * 256 + part * 16 + ((random >>> 26) & 3) * 4 + 3
  words.fill(0, at + 1, at + 4)
}

/** An IPv6 address that no host holds, half each in a /64 and in a /56 alone. */
export function writeSpareIpv6(random: number, words: Uint32Array, at: number): void {
  const net = random % 2 === 0 ? (random >>> 16) % SUBNETS_PER_VPC : 255 - ((random >>> 16) % (256 - SUBNETS_PER_VPC))
  words[at] = IPV6_BASE
  words[at + 1] = ((random >>> 8) & 255) * 256 + net
  words[at + 2] = bitsOf(seedOf(ADDRESS_STREAM, random), 1)
  words[at + 3] = (bitsOf(seedOf(ADDRESS_STREAM, random), 2) | 3) >>> 0
}
