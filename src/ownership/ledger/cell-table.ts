import type { Words } from '../address.ts'
import type { Prefix, PrefixBits } from '../prefix.ts'
import { finished, HashSlots, mixed } from './hash-slots.ts'
import { decodePrefix, prefixCode, readPrefix } from './prefix-words.ts'
import { grown } from './text-table.ts'

/** One prefix in one domain: what claims are kept by. */
export type Cell = PrefixBits & { readonly domain: number }

/** Row of a cell: domain, prefix, four words of address. */
const ROW = 6
const PREFIX = 1
const WORDS = 2

/** Cells by number, in the order in which they were met. */
export class CellTable {
  size: number
  private rows: Uint32Array
  /** The newest claim of each cell + 1. */
  private heads: Uint32Array
  private slots: HashSlots
  /** The address that is looked for. */
  private readonly words = new Uint32Array(4)

  constructor(rows?: Uint32Array) {
    this.rows = rows ?? new Uint32Array(new SharedArrayBuffer(4 * ROW * 64))
    this.size = rows ? rows.length / ROW : 0
    this.heads = new Uint32Array(Math.max(64, this.size))
    this.slots = new HashSlots(this.size)
    for (let number = 0; number < this.size; number++) {
      const at = number * ROW
      this.words.set(this.rows.subarray(at + WORDS, at + WORDS + 4))
      const hash = this.hash(this.rows[at] as number, this.rows[at + PREFIX] as number)
      let slot = this.slots.first(hash)
      while (this.slots.at(slot) >= 0) slot = this.slots.next(slot, hash)
      this.slots.fill(slot, number, hash)
    }
  }

  /** The number of a cell, a new one where it is met for the first time. */
  intern(domain: number, prefix: Prefix): number {
    return this.internWanted(domain, readPrefix(prefix, this.words))
  }

  /** As `intern`, of a prefix that was read already (`readPrefix`). */
  internRead(domain: number, code: number, words: Uint32Array): number {
    for (let i = 0; i < 4; i++) this.words[i] = words[i] as number
    return this.internWanted(domain, code)
  }

  /** As `HashSlots.touch`, of a prefix that will be interned by `internRead`. */
  touch(domain: number, code: number, words: Uint32Array): number {
    for (let i = 0; i < 4; i++) this.words[i] = words[i] as number
    return this.slots.touch(this.hash(domain, code))
  }

  private internWanted(domain: number, code: number): number {
    const hash = this.hash(domain, code)
    const slot = this.find(domain, code, hash)
    const held = this.slots.at(slot)
    return held >= 0 ? held : this.append(slot, hash, domain, code)
  }

  /** The number of a cell, or −1 where no claim lies in it. */
  numberOf({ domain, family, length, words }: Cell): number {
    this.words.set(words)
    const code = prefixCode(family, length)
    return this.slots.at(this.find(domain, code, this.hash(domain, code)))
  }

  cell(number: number): Cell {
    return cellIn(this.rows, number)
  }

  domain(number: number): number {
    return this.rows[number * ROW] as number
  }

  /** The newest claim of a cell + 1, or 0. */
  head(number: number): number {
    return this.heads[number] as number
  }

  setHead(number: number, head: number): void {
    this.heads[number] = head
  }

  columns(): Uint32Array {
    return this.rows.subarray(0, this.size * ROW)
  }

  private append(slot: number, hash: number, domain: number, code: number): number {
    const number = this.size++
    const at = number * ROW
    if (at + ROW > this.rows.length) this.rows = grown(this.rows, Math.max(ROW * 64, this.rows.length * 2))
    const { rows, words } = this
    rows[at] = domain
    rows[at + PREFIX] = code
    for (let i = 0; i < 4; i++) rows[at + WORDS + i] = words[i] as number
    if (number === this.heads.length) this.heads = grown(this.heads, number * 2)
    this.slots.fill(slot, number, hash)
    return number
  }

  /** Slot of the cell with the address that is looked for, or the free one where it belongs. */
  private find(domain: number, code: number, hash: number): number {
    const { slots } = this
    let slot = slots.first(hash)
    for (let held = slots.at(slot); held >= 0 && !this.isWanted(held, domain, code); held = slots.at(slot)) {
      slot = slots.next(slot, hash)
    }
    return slot
  }

  private isWanted(number: number, domain: number, code: number): boolean {
    const { rows, words } = this
    const at = number * ROW
    return (
      rows[at] === domain &&
      rows[at + PREFIX] === code &&
      rows[at + WORDS] === words[0] &&
      rows[at + WORDS + 1] === words[1] &&
      rows[at + WORDS + 2] === words[2] &&
      rows[at + WORDS + 3] === words[3]
    )
  }

  private hash(domain: number, code: number): number {
    const { words } = this
    let hash = mixed(domain, code)
    for (let i = 0; i < 4; i++) hash = mixed(hash, words[i] as number)
    return finished(hash)
  }
}

/** A cell by its number, from the columns of the table. */
export function cellIn(rows: Uint32Array, number: number): Cell {
  const at = number * ROW
  const word = (i: number): number => rows[at + WORDS + i] as number
  const words: Words = [word(0), word(1), word(2), word(3)]
  return { domain: rows[at] as number, ...decodePrefix(rows[at + PREFIX] as number), words }
}
