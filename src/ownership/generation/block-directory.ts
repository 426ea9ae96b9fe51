import type { Family, Words } from '../address.ts'
import { maskWords } from '../prefix.ts'
import { Leads, leadsOf } from './leads.ts'
import type { RowRange } from './row-list.ts'

/** A prefix shorter than a host's, and where its rows lie. Domains count from 1. */
export type Block = {
  readonly domain: number
  readonly family: Family
  readonly length: number
  readonly words: Words
  readonly firstRow: number
  readonly count: number
  readonly lookBack: number
}

/** The stretches of all spaces of one family: where each begins (one word, or four), and the narrowest block there + 1. */
export type StretchColumns = { readonly starts: Int32Array; readonly narrowest: Int32Array }

export type BlockColumns = {
  /** Row of a block: domain, family and length, four words, first row, count, look-back, next wider block + 1. */
  readonly blocks: Int32Array
  /** Domain, family, from where to where its stretches lie, and where its table of leads begins, for each space that has blocks. */
  readonly spaces: Int32Array
  readonly leads: Int32Array
  readonly stretches4: StretchColumns
  readonly stretches6: StretchColumns
}

const SPACE = 5
type Space = { readonly from: number; readonly leads: Leads }

const STRIDE = 10
const FAMILY_AND_LENGTH = 1
const WORDS = 2
const FIRST_ROW = 6
const COUNT = 7
const LOOK_BACK = 8
const WIDER = 9

/**
 * Which blocks cover an address: the space of a domain flattened into stretches with one narrowest block each, found by
 * one binary search; from there each block names the next wider one.
 */
export class BlockDirectory {
  readonly columns: BlockColumns
  private readonly spaces = new Map<number, Space>()

  constructor(columns: BlockColumns) {
    this.columns = columns
    const { spaces, leads } = columns
    for (let i = 0; i < spaces.length; i += SPACE) {
      const [domain = 0, family = 0, from = 0, until = 0, lead = 0] = spaces.subarray(i, i + SPACE)
      this.spaces.set(domain * 8 + family, { from, leads: new Leads(leads, lead, from, until) })
    }
  }

  get size(): number {
    return this.columns.blocks.length / STRIDE
  }

  /** The narrowest block around an address (signed words), or −1. */
  narrowestAround(domain: number, family: Family, a: number, b: number, c: number, d: number): number {
    const space = this.spaces.get(domain * 8 + family)
    if (space === undefined) return -1
    const { starts, narrowest } = family === 4 ? this.columns.stretches4 : this.columns.stretches6
    const { leads } = space
    const bucket = leads.bucketOf(a, b, c, d)
    let low = leads.low(bucket)
    let high = leads.high(bucket)
    while (low < high) {
      const middle = (low + high) >>> 1
      const isBehind =
        family === 4
          ? (starts[middle] as number) > inOrder(a)
          : isAfter(starts, middle * 4, inOrder(a), inOrder(b), inOrder(c), inOrder(d))
      if (isBehind) high = middle
      else low = middle + 1
    }
    return low === space.from ? -1 : (narrowest[low - 1] as number) - 1
  }

  /** The next wider block around a block, or −1. */
  widerThan(block: number): number {
    return (this.columns.blocks[block * STRIDE + WIDER] as number) - 1
  }

  length(block: number): number {
    return (this.columns.blocks[block * STRIDE + FAMILY_AND_LENGTH] as number) & 255
  }

  rangeOf(block: number): RowRange {
    const { blocks } = this.columns
    const at = block * STRIDE
    return {
      first: blocks[at + FIRST_ROW] as number,
      count: blocks[at + COUNT] as number,
      lookBack: blocks[at + LOOK_BACK] as number,
    }
  }

  /** Those of one domain: they lie side by side, as blocks are kept in the order of their domains. */
  blocksOf(domain: number): readonly Block[] {
    const { blocks } = this.columns
    let low = 0
    for (let high = this.size; low < high; ) {
      const middle = (low + high) >>> 1
      if ((blocks[middle * STRIDE] as number) < domain) low = middle + 1
      else high = middle
    }
    const found: Block[] = []
    for (let i = low; i < this.size && blocks[i * STRIDE] === domain; i++) found.push(this.block(i))
    return found
  }

  block(index: number): Block {
    const row = this.columns.blocks.subarray(index * STRIDE, (index + 1) * STRIDE)
    const code = row[FAMILY_AND_LENGTH] as number
    const [a = 0, b = 0, c = 0, d = 0] = row.subarray(WORDS)
    return {
      domain: row[0] as number,
      family: code >= 512 ? 6 : 4,
      length: code & 255,
      words: [a >>> 0, b >>> 0, c >>> 0, d >>> 0],
      firstRow: row[FIRST_ROW] as number,
      count: row[COUNT] as number,
      lookBack: row[LOOK_BACK] as number,
    }
  }
}

/** Signed words compare as unsigned ones do once the first bit is turned. */
const inOrder = (word: number): number => word ^ (1 << 31)

function isAfter(starts: Int32Array, at: number, a: number, b: number, c: number, d: number): boolean {
  const first = starts[at] as number
  if (first !== a) return first > a
  const second = starts[at + 1] as number
  if (second !== b) return second > b
  const third = starts[at + 2] as number
  return third !== c ? third > c : (starts[at + 3] as number) > d
}

export function blockDirectory(unsorted: readonly Block[]): BlockDirectory {
  const blocks = [...unsorted].sort(
    (a, b) => a.domain - b.domain || a.family - b.family || compareWords(a.words, b.words) || a.length - b.length,
  )
  const rows = new Int32Array(new SharedArrayBuffer(blocks.length * STRIDE * 4))
  const spaces: number[] = []
  const leads: number[] = []
  const stretches = { 4: new StretchList(1), 6: new StretchList(4) }
  for (let from = 0; from < blocks.length; ) {
    const { domain, family } = blocks[from] as Block
    let until = from
    while (until < blocks.length && blocks[until]?.domain === domain && blocks[until]?.family === family) until++
    const walk = new Walk(stretches[family])
    const first = stretches[family].size
    for (let i = from; i < until; i++) {
      const block = blocks[i] as Block
      const wider = walk.enter(i, block)
      const { length, words, firstRow, count, lookBack } = block
      rows.set([domain, (family === 6 ? 512 : 0) + length, ...words, firstRow, count, lookBack, wider + 1], i * STRIDE)
    }
    walk.leaveAll()
    spaces.push(domain, family, first, stretches[family].size, leads.length)
    for (const number of leadsOf(stretches[family].starts.slice(first), first)) leads.push(number)
    from = until
  }
  return new BlockDirectory({
    blocks: rows,
    spaces: shared(spaces),
    leads: shared(leads),
    stretches4: stretches[4].columns(),
    stretches6: stretches[6].columns(),
  })
}

class StretchList {
  private readonly addressWords: 1 | 4
  readonly starts: Words[] = []
  private readonly narrowest: number[] = []

  constructor(addressWords: 1 | 4) {
    this.addressWords = addressWords
  }

  get size(): number {
    return this.narrowest.length
  }

  push(start: Words, narrowest: number): void {
    this.starts.push(start)
    this.narrowest.push(narrowest)
  }

  pop(): void {
    this.starts.pop()
    this.narrowest.pop()
  }

  columns(): StretchColumns {
    const words = this.starts.flatMap(start => start.slice(0, this.addressWords).map(inOrder))
    return { starts: shared(words), narrowest: shared(this.narrowest) }
  }
}

/** Walks through the blocks of one space, wider ones first, and notes where the narrowest block around changes. */
class Walk {
  private readonly stretches: StretchList
  private last: Words | undefined
  private readonly around: { readonly index: number; readonly block: Block }[] = []

  constructor(stretches: StretchList) {
    this.stretches = stretches
  }

  /** Returns the next wider block, or −1. */
  enter(index: number, block: Block): number {
    while (this.around.length > 0 && !isInside(block, this.around.at(-1)?.block as Block)) this.leave()
    const wider = this.around.at(-1)?.index ?? -1
    this.around.push({ index, block })
    this.note(block.words, index + 1)
    return wider
  }

  leaveAll(): void {
    while (this.around.length > 0) this.leave()
  }

  private leave(): void {
    const left = this.around.pop()?.block as Block
    const next = addressAfter(left)
    if (next) this.note(next, (this.around.at(-1)?.index ?? -1) + 1)
  }

  private note(start: Words, narrowest: number): void {
    if (this.last && compareWords(this.last, start) === 0) this.stretches.pop()
    this.stretches.push(start, narrowest)
    this.last = start
  }
}

const isInside = (inner: Block, outer: Block): boolean =>
  inner.length >= outer.length && compareWords(maskWords(inner.words, outer.length), outer.words) === 0

export function compareWords(a: Words, b: Words): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2] || a[3] - b[3]
}

/** The address that follows the last one of a block; undefined behind the last of all. */
function addressAfter(block: Block): Words | undefined {
  const words: [number, number, number, number] = [...block.words]
  const bits = block.length
  // The bit worth one block, counted from the left; carries run to the left.
  for (let i = Math.ceil(bits / 32) - 1, add = 2 ** (31 - ((bits + 31) % 32)); i >= 0; i--, add = 1) {
    const sum = (words[i] as number) + add
    words[i] = sum % 2 ** 32
    if (sum < 2 ** 32) return words
  }
  return undefined
}

const shared = (numbers: readonly number[]): Int32Array => {
  const column = new Int32Array(new SharedArrayBuffer(numbers.length * 4))
  column.set(numbers)
  return column
}
