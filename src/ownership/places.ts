import type { Claim } from './claim.ts'

type Place = Pick<Claim, 'domain' | 'prefix'>

/**
 * Items filed by their domain and prefix, each under its number. Nearly every place has one item or two, so whoever wants
 * one holding of a place looks at all of it. A table of numbers, without an object or a text for each place: it is made anew
 * for every poll, of as many places as the estate has addresses.
 */
export class Places {
  /** By slot, the number that was filed last at its place and one; 0 where the slot is free. At most half are taken. */
  private readonly slots: Int32Array
  private readonly hashes: Int32Array
  /** By number, the one that was filed at the same place before it, and one. */
  private readonly before: Int32Array
  private readonly items: readonly Place[]
  private domain = ''
  private hashOfDomain = 0

  /** `items` by number, and how many of them will be filed at most. */
  constructor(items: readonly Place[], most: number, numbers = most) {
    this.items = items
    this.slots = new Int32Array(2 ** Math.ceil(Math.log2(2 * most + 2)))
    this.hashes = new Int32Array(this.slots.length)
    this.before = new Int32Array(numbers)
  }

  file(number: number): void {
    const place = this.items[number] as Place
    const hash = this.hashOf(place)
    const slot = this.slotOf(place, hash)
    this.before[number] = this.slots[slot] as number
    this.slots[slot] = number + 1
    this.hashes[slot] = hash
  }

  /** The number filed last at a place, −1 where there is none. */
  lastAt(place: Place): number {
    return (this.slots[this.slotOf(place, this.hashOf(place))] as number) - 1
  }

  /** The number filed at the same place before this one, −1 where it was the first. */
  beforeIt(number: number): number {
    return (this.before[number] as number) - 1
  }

  /** That of the place, or the free one where it belongs. */
  private slotOf({ domain, prefix }: Place, hash: number): number {
    const { slots, hashes, items } = this
    const mask = slots.length - 1
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const number = (slots[slot] as number) - 1
      if (number < 0) return slot
      if (hashes[slot] !== hash) continue
      const there = items[number] as Place
      if (there.prefix === prefix && there.domain === domain) return slot
    }
  }

  private hashOf({ domain, prefix }: Place): number {
    // Neighbours are nearly always of one domain.
    if (domain !== this.domain) {
      this.domain = domain
      this.hashOfDomain = hashed(domain, 0)
    }
    return hashed(prefix, this.hashOfDomain)
  }
}

/** FNV-1a, and its high bits folded into the low ones, by which the slot is chosen. */
function hashed(text: string, seed: number): number {
  let hash = 0x811c9dc5 ^ seed
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d)
  return hash ^ (hash >>> 13)
}
