/** Each slot: number + 1 (0 is free), then the hash of what the number stands for. */
const SLOT = 2

/**
 * A hash table of numbers, open addressed. What they stand for lies with whoever asks, who compares it; a number whose hash
 * differs is passed over without a look at it, so that a search reads one line of the cache.
 */
export class HashSlots {
  private slots: Int32Array
  private mask: number
  private used = 0

  constructor(expected: number) {
    const count = 2 ** Math.ceil(Math.log2(Math.max(64, expected * 2)))
    this.slots = new Int32Array(count * SLOT)
    this.mask = count - 1
  }

  /** Slot of the first number with this hash, or the free one where another belongs. Hashes are signed 32-bit numbers. */
  first(hash: number): number {
    return this.from(hash & this.mask, hash)
  }

  next(slot: number, hash: number): number {
    return this.from((slot + 1) & this.mask, hash)
  }

  /**
   * Reads where a search for this hash begins, and gives what means nothing. The memory is slow, and it is the same whether one
   * waits for one place of it or for several: whoever will look for several things looks here for all of them first.
   */
  touch(hash: number): number {
    return this.slots[(hash & this.mask) * SLOT] as number
  }

  /** The number in a slot, or −1. */
  at(slot: number): number {
    return (this.slots[slot * SLOT] as number) - 1
  }

  /** Puts a number into a free slot. @returns Whether every slot lies elsewhere now. */
  fill(slot: number, number: number, hash: number): boolean {
    this.slots[slot * SLOT] = number + 1
    this.slots[slot * SLOT + 1] = hash
    if (++this.used * 10 <= (this.mask + 1) * 7) return false
    this.grow()
    return true
  }

  get byteLength(): number {
    return this.slots.byteLength
  }

  private from(slot: number, hash: number): number {
    const { slots, mask } = this
    let at = slot
    while (slots[at * SLOT] !== 0 && slots[at * SLOT + 1] !== hash) at = (at + 1) & mask
    return at
  }

  private grow(): void {
    const { slots } = this
    this.slots = new Int32Array(slots.length * 2)
    this.mask = this.mask * 2 + 1
    for (let i = 0; i < slots.length; i += SLOT) {
      if (slots[i] === 0) continue
      const hash = slots[i + 1] as number
      let at = hash & this.mask
      while (this.slots[at * SLOT] !== 0) at = (at + 1) & this.mask
      this.slots[at * SLOT] = slots[i] as number
      this.slots[at * SLOT + 1] = hash
    }
  }
}

/** One step of MurmurHash3: mixes a word into a hash. */
export function mixed(hash: number, word: number): number {
  let k = Math.imul(word, 0xcc9e2d51)
  k = Math.imul((k << 15) | (k >>> 17), 0x1b873593)
  const h = hash ^ k
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0
}

/** Its last step, so that the low bits depend on all. */
export function finished(hash: number): number {
  let h = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}
