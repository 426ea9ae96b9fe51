import type { Words } from '../address.ts'

/** Words before the buckets: bits that all share, the first address, the least key, the shift, how many buckets. */
const SHARED = 0
const FIRST = 1
const LEAST = 5
const SHIFT = 6
const BUCKETS = 7
const HEAD = 8

/** Instead of a bucket: the table knows nothing of the address. */
const WHOLE = -1

/**
 * Where a search among the stretches of one space may begin and end. The 32 bits after those that all their starts share
 * are cut into about as many buckets as there are stretches, and for each bucket the table knows the first stretch that
 * begins in it or behind: of subnets that lie evenly, one or two are left to compare.
 */
export class Leads {
  private readonly table: Int32Array
  private readonly at: number
  private readonly from: number
  private readonly until: number
  private readonly shared: number
  private readonly least: number
  private readonly shift: number
  private readonly buckets: number

  /** The table that begins at a place in a column, for the stretches [from, until). */
  constructor(column: Int32Array, at: number, from: number, until: number) {
    this.table = column
    this.at = at
    this.from = from
    this.until = until
    this.shared = column[at + SHARED] as number
    this.least = (column[at + LEAST] as number) >>> 0
    this.shift = column[at + SHIFT] as number
    this.buckets = column[at + BUCKETS] as number
  }

  /** For an address (signed words); `low` and `high` take it: the last stretch that begins before it lies before `high`. */
  bucketOf(a: number, b: number, c: number, d: number): number {
    const { shared } = this
    if (shared > 0 && !this.sharesStart(a, b, c, d)) return WHOLE
    const key = shared === 0 ? a >>> 0 : bitsBehind(shared, a, b, c, d)
    if (key < this.least) return WHOLE
    return Math.min(this.buckets - 1, (key - this.least) >>> this.shift)
  }

  low(bucket: number): number {
    return bucket === WHOLE ? this.from : (this.table[this.at + HEAD + bucket] as number)
  }

  high(bucket: number): number {
    return bucket === WHOLE ? this.until : (this.table[this.at + HEAD + bucket + 1] as number)
  }

  private sharesStart(a: number, b: number, c: number, d: number): boolean {
    const { table, at, shared } = this
    const first = at + FIRST
    const differs = (bits: number, word: number, i: number): boolean =>
      bits > 0 && ((word ^ (table[first + i] as number)) & (bits >= 32 ? -1 : -1 << (32 - bits))) !== 0
    return (
      !differs(shared, a, 0) &&
      !differs(shared - 32, b, 1) &&
      !differs(shared - 64, c, 2) &&
      !differs(shared - 96, d, 3)
    )
  }
}

/** The numbers of a table for stretches whose starts (unsigned words) ascend; the first of them is number `first` of all. */
export function leadsOf(starts: readonly Words[], first: number): readonly number[] {
  const [least = [0, 0, 0, 0], greatest = least] = [starts[0], starts.at(-1)]
  const shared = Math.min(96, sharedBits(least, greatest))
  const keyOf = ([a, b, c, d]: Words): number => bitsBehind(shared, a, b, c, d)
  const span = keyOf(greatest) - keyOf(least)
  let shift = 0
  while (Math.floor(span / 2 ** shift) > starts.length) shift++
  const buckets = Math.floor(span / 2 ** shift) + 1
  const table = [shared, ...least.map(word => word | 0), keyOf(least) | 0, shift, buckets]
  let next = 0
  for (let bucket = 0; bucket < buckets; bucket++) {
    const begins = keyOf(least) + bucket * 2 ** shift
    while (next < starts.length && keyOf(starts[next] as Words) < begins) next++
    table.push(first + next)
  }
  table.push(first + starts.length)
  return table
}

function sharedBits(one: Words, other: Words): number {
  let bits = 0
  for (const [i, word] of one.entries()) {
    const same = Math.clz32(word ^ (other[i] as number))
    bits += same
    if (same < 32) break
  }
  return bits
}

/** The 32 bits of an address that follow the first so many, unsigned. */
function bitsBehind(skip: number, a: number, b: number, c: number, d: number): number {
  const words = skip >>> 5
  const bits = skip & 31
  const word = words === 0 ? a : words === 1 ? b : words === 2 ? c : d
  if (bits === 0) return word >>> 0
  const next = words === 0 ? b : words === 1 ? c : words === 2 ? d : 0
  return ((word << bits) | (next >>> (32 - bits))) >>> 0
}
