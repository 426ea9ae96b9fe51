import type { Words } from '../address.ts'

/** Words of an entry behind its address: the first row; then domain + 1 (16 bits), look-back (4), count (12). */
const BEHIND_ADDRESS = 2
export const MOST_DOMAINS = 0xfffe
/** In `count` and `lookBack`: the list is long, and told of elsewhere. */
export const LONG_COUNT = 0xfff
export const LONG_LOOK_BACK = 0xf
/** Entries per slot; a look-up that finds nothing then reads about three entries that lie side by side. */
const LOAD = 0.56

/**
 * Where the rows of every /32 (one word of address) or /128 (four words) lie: a hash table whose entries hold all that a
 * look-up needs, so that it costs one miss of the cache. 22 bytes an IPv4 host, 43 an IPv6 host.
 */
export class HostDirectory {
  readonly table: Int32Array
  readonly addressWords: 1 | 4
  /** Words of an entry. */
  readonly stride: number
  readonly slots: number

  constructor(table: Int32Array, addressWords: 1 | 4) {
    this.table = table
    this.addressWords = addressWords
    this.stride = addressWords + BEHIND_ADDRESS
    this.slots = table.length / this.stride
  }

  /** About so many entries it has; the exact number nobody needs. */
  get capacity(): number {
    return Math.ceil(this.slots * LOAD)
  }

  /** Place of the entry in the table, or −1. Domains count from 1; words are signed, those that the family lacks are 0. */
  find(domain: number, a: number, b: number, c: number, d: number): number {
    const { table, stride, addressWords } = this
    if (table.length === 0) return -1
    for (let at = this.home(domain, a, b, c, d) * stride; ; ) {
      const packed = table[at + addressWords + 1] as number
      if (packed === 0) return -1
      if (table[at] === a && packed >>> 16 === domain && (addressWords === 1 || this.hasRest(at, b, c, d))) return at
      at += stride
      if (at === table.length) at = 0
    }
  }

  /** Whether there is an entry for the address that stands at a place in a column of words. */
  has(domain: number, words: Int32Array, at: number): boolean {
    const a = words[at] as number
    if (this.addressWords === 1) return this.find(domain, a, 0, 0, 0) >= 0
    return this.find(domain, a, words[at + 1] as number, words[at + 2] as number, words[at + 3] as number) >= 0
  }

  firstRow(entry: number): number {
    return this.table[entry + this.addressWords] as number
  }

  count(entry: number): number {
    return (this.table[entry + this.addressWords + 1] as number) & 0xfff
  }

  lookBack(entry: number): number {
    return ((this.table[entry + this.addressWords + 1] as number) >>> 12) & 0xf
  }

  /** Slot in which the search for an address begins: addresses with near ones lie near one another in the table. */
  home(domain: number, a: number, b: number, c: number, d: number): number {
    let hash = Math.imul(a ^ (domain << 20) ^ domain, 0x9e3779b1)
    if (this.addressWords === 4) {
      hash = Math.imul(hash ^ b ^ (hash >>> 15), 0x85ebca6b)
      hash = Math.imul(hash ^ c ^ (hash >>> 13), 0xc2b2ae35)
      hash = Math.imul(hash ^ d ^ (hash >>> 16), 0x27d4eb2f)
    }
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d)
    hash ^= hash >>> 13
    return Math.floor(((hash >>> 0) * this.slots) / 2 ** 32)
  }

  /** Places of all entries. */
  *entries(): Generator<number> {
    const { table, stride, addressWords } = this
    for (let at = 0; at < table.length; at += stride) if (table[at + addressWords + 1] !== 0) yield at
  }

  /** Domain, from 1, and address of an entry. */
  keyOf(entry: number): { readonly domain: number; readonly words: Words } {
    const [a = 0, b = 0, c = 0, d = 0] = this.table.subarray(entry, entry + this.addressWords)
    const domain = (this.table[entry + this.addressWords + 1] as number) >>> 16
    return { domain, words: [a >>> 0, b >>> 0, c >>> 0, d >>> 0] }
  }

  private hasRest(at: number, b: number, c: number, d: number): boolean {
    const { table } = this
    return table[at + 1] === b && table[at + 2] === c && table[at + 3] === d
  }
}

/** A directory of entries laid side by side, as the builder of a segment collects them. */
export function hostDirectory(entries: Int32Array, addressWords: 1 | 4): HostDirectory {
  const stride = addressWords + BEHIND_ADDRESS
  const count = entries.length / stride
  if (count === 0) return new HostDirectory(new Int32Array(0), addressWords)
  const table = new Int32Array(new SharedArrayBuffer((Math.ceil(count / LOAD) + 1) * stride * 4))
  const directory = new HostDirectory(table, addressWords)
  for (let from = 0; from < entries.length; from += stride) {
    const domain = (entries[from + addressWords + 1] as number) >>> 16
    const word = (i: number) => (i < addressWords ? (entries[from + i] as number) : 0)
    let at = directory.home(domain, word(0), word(1), word(2), word(3)) * stride
    while (table[at + addressWords + 1] !== 0) at = at + stride === table.length ? 0 : at + stride
    for (let i = 0; i < stride; i++) table[at + i] = entries[from + i] as number
  }
  return directory
}
