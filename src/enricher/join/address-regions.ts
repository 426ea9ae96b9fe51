import type { Family, Words } from '../../ownership/address.ts'
import type { PrefixBits } from '../../ownership/prefix.ts'

/**
 * The address space of one family cut wherever one of some blocks begins or ends: two addresses of a region lie in the same
 * of these blocks. Regions are numbered from 0 in the order of the space.
 */
export class AddressRegions {
  readonly family: Family
  /** Where each region begins: one word, or four, unsigned, ascending. The first begins where the space does. */
  private readonly starts: Uint32Array

  constructor(family: Family, blocks: Iterable<PrefixBits>) {
    this.family = family
    const edges: Words[] = [[0, 0, 0, 0]]
    for (const block of blocks) {
      if (block.family !== family || block.length === 0) continue
      const after = behind(block)
      edges.push(block.words)
      if (after) edges.push(after)
    }
    edges.sort(compare)
    const starts = edges.filter((edge, i) => i === 0 || compare(edge, edges[i - 1] as Words) !== 0)
    this.starts = new Uint32Array(starts.length * this.stride)
    for (const [i, start] of starts.entries()) this.starts.set(start.slice(0, this.stride), i * this.stride)
  }

  get size(): number {
    return this.starts.length / this.stride
  }

  /** The region of the address whose words, signed, stand at a place in a column. */
  regionOf(words: Int32Array, at: number): number {
    const { starts } = this
    let low = 1
    let high = this.size
    if (this.family === 4) {
      const word = (words[at] as number) >>> 0
      while (low < high) {
        const middle = (low + high) >>> 1
        if ((starts[middle] as number) <= word) low = middle + 1
        else high = middle
      }
      return low - 1
    }
    while (low < high) {
      const middle = (low + high) >>> 1
      if (isUpTo(starts, middle * 4, words, at)) low = middle + 1
      else high = middle
    }
    return low - 1
  }

  /** The first address of a region. */
  firstOf(region: number): Words {
    const at = region * this.stride
    const { starts } = this
    if (this.family === 4) return [starts[at] as number, 0, 0, 0]
    return [starts[at] as number, starts[at + 1] as number, starts[at + 2] as number, starts[at + 3] as number]
  }

  private get stride(): 1 | 4 {
    return this.family === 4 ? 1 : 4
  }
}

const compare = (a: Words, b: Words): number => a[0] - b[0] || a[1] - b[1] || a[2] - b[2] || a[3] - b[3]

function isUpTo(starts: Uint32Array, start: number, words: Int32Array, at: number): boolean {
  for (let i = 0; i < 4; i++) {
    const [begins, word] = [starts[start + i] as number, (words[at + i] as number) >>> 0]
    if (begins !== word) return begins < word
  }
  return true
}

/** The address that follows the last one of a block; undefined behind the last of all. */
function behind({ words, length }: PrefixBits): Words | undefined {
  const next = words.slice() as [number, number, number, number]
  const last = Math.ceil(length / 32) - 1
  let carry = 2 ** (31 - ((length + 31) % 32))
  for (let i = last; i >= 0; i--) {
    const sum = (next[i] as number) + carry
    next[i] = sum % 2 ** 32
    if (sum < 2 ** 32) return next
    carry = 1
  }
  return undefined
}
