import type { AddressBits, Family, Words } from '../address.ts'
import { formatAddress } from '../address.ts'
import { type Claim, compareRevisions, supersedes } from '../claim.ts'
import { type Prefix, type PrefixBits, prefixBits } from '../prefix.ts'
import { type FactColumns, FactTable } from './fact-table.ts'
import { grown, type TextColumns, TextTable } from './text-table.ts'

/** One prefix in one domain: what claims are kept by. */
export type Cell = PrefixBits & { readonly domain: number }

/** A new claim, a better revision of one that was there, or nothing new. */
export type Taken = { readonly ref: number; readonly outcome: 'new' | 'revised' | 'known' }

/** What a checkpoint needs to go on where this ledger stands. */
export type LedgerColumns = {
  readonly numbers: Uint32Array
  readonly times: Float64Array
  readonly ids: TextColumns
  readonly domains: TextColumns
  readonly lifetimes: TextColumns
  readonly facts: FactColumns
}

/** Row of `numbers`: domain, prefix, four words of address, fact, lifetime, number of the cell, next claim of the same cell. */
const NUMBERS = 10
const DOMAIN = 0
const PREFIX = 1
const WORDS = 2
const FACT = 6
const LIFETIME = 7
const CELL = 8
const NEXT = 9
/** Row of `times`: start earliest and latest, end earliest and latest, last sighting, epoch, sequence. */
const TIMES = 7

/**
 * The newest revision of every claim, in typed arrays: about 170 bytes a claim, its id included, its owners apart. Claims are named by `ref`,
 * the order in which they were met; those of one prefix form a chain.
 */
export class ClaimLedger {
  readonly facts: FactTable
  readonly domains: TextTable
  private numbers: Uint32Array
  private times: Float64Array
  readonly ids: TextTable
  private readonly lifetimes: TextTable
  /** First claim of the cell's chain + 1 by hash of the cell; 0 is free. */
  private cells = new Uint32Array(1024)
  private cellCount = 0

  constructor(columns?: LedgerColumns) {
    this.facts = new FactTable(columns?.facts)
    this.domains = new TextTable(columns?.domains)
    this.lifetimes = new TextTable(columns?.lifetimes)
    this.ids = new TextTable(columns?.ids)
    this.numbers = columns?.numbers ?? new Uint32Array(new SharedArrayBuffer(4 * NUMBERS * 256))
    this.times = columns?.times ?? new Float64Array(new SharedArrayBuffer(8 * TIMES * 256))
    if (columns) this.rehash(columns.ids.ends.length * 2)
  }

  get size(): number {
    return this.ids.size
  }

  /** Keeps the claim, unless a revision of it is known that is as good. */
  take(claim: Claim): Taken {
    const before = this.ids.size
    const ref = this.ids.intern(claim.id)
    if (ref < before) {
      if (!this.isBetter(ref, claim)) return { ref, outcome: 'known' }
      this.write(ref, claim)
      return { ref, outcome: 'revised' }
    }
    this.reserve(ref + 1)
    const cell = this.cellOf(claim)
    this.numbers.set([cell.domain, prefixCode(cell), ...cell.words], ref * NUMBERS)
    this.write(ref, claim)
    this.link(ref, cell)
    return { ref, outcome: 'new' }
  }

  /** Ref of a claim by its id, or −1. */
  refOf(id: string): number {
    return this.ids.numberOf(id)
  }

  claim(ref: number): Claim {
    const row = ref * NUMBERS
    const at = ref * TIMES
    const time = (i: number) => this.times[at + i] as number
    const lifetime = this.numbers[row + LIFETIME] as number
    return {
      record: 'claim',
      id: this.ids.text(ref),
      revision: { epoch: time(5), sequence: time(6) },
      domain: this.domains.text(this.numbers[row + DOMAIN] as number),
      prefix: prefixOf(this.cell(ref)),
      lifetimeId: lifetime === 0 ? null : this.lifetimes.text(lifetime - 1),
      start: { earliestMs: time(0), latestMs: time(1) },
      end: { earliestMs: time(2), latestMs: time(3) },
      lastSightingMs: time(4),
      ...this.facts.fact(this.numbers[row + FACT] as number),
    }
  }

  id(ref: number): string {
    return this.ids.text(ref)
  }

  fact(ref: number): number {
    return this.numbers[ref * NUMBERS + FACT] as number
  }

  /** The cell that a claim lies in. */
  cell(ref: number): Cell {
    const row = ref * NUMBERS
    const code = this.numbers[row + PREFIX] as number
    const [a = 0, b = 0, c = 0, d = 0] = this.numbers.subarray(row + WORDS, row + WORDS + 4)
    return { domain: this.numbers[row + DOMAIN] as number, ...decodePrefix(code), words: [a, b, c, d] }
  }

  /** A number for the cell of a claim; all claims of one cell have the same. */
  cellNumber(ref: number): number {
    return this.numbers[ref * NUMBERS + CELL] as number
  }

  /** The number of a cell, or −1 where no claim lies in it. */
  cellNumberOf(cell: Cell): number {
    const head = this.cells[this.findCell(cell)] as number
    return head === 0 ? -1 : this.cellNumber(head - 1)
  }

  /** Refs of all claims of a cell, in no order that means anything. */
  refsOf(cell: Cell): readonly number[] {
    const refs: number[] = []
    let next = this.cells[this.findCell(cell)] as number
    for (; next > 0; next = this.numbers[(next - 1) * NUMBERS + NEXT] as number) refs.push(next - 1)
    return refs
  }

  claimsOf(cell: Cell): readonly Claim[] {
    return this.refsOf(cell).map(ref => this.claim(ref))
  }

  columns(): LedgerColumns {
    return {
      numbers: this.numbers.subarray(0, this.size * NUMBERS),
      times: this.times.subarray(0, this.size * TIMES),
      ids: this.ids.columns(),
      domains: this.domains.columns(),
      lifetimes: this.lifetimes.columns(),
      facts: this.facts.columns(),
    }
  }

  private isBetter(ref: number, next: Claim): boolean {
    const at = ref * TIMES
    const held = { epoch: this.times[at + 5] as number, sequence: this.times[at + 6] as number }
    const order = compareRevisions(next.revision, held)
    return order !== 0 ? order > 0 : supersedes(next, this.claim(ref))
  }

  private write(ref: number, claim: Claim): void {
    const row = ref * NUMBERS
    this.numbers[row + FACT] = this.facts.intern(claim)
    this.numbers[row + LIFETIME] = claim.lifetimeId === null ? 0 : this.lifetimes.intern(claim.lifetimeId) + 1
    const { start, end, revision } = claim
    this.times.set(
      [
        start.earliestMs,
        start.latestMs,
        end.earliestMs,
        end.latestMs,
        claim.lastSightingMs,
        revision.epoch,
        revision.sequence,
      ],
      ref * TIMES,
    )
  }

  private cellOf(claim: Claim): Cell {
    return { ...prefixBits(claim.prefix), domain: this.domains.intern(claim.domain) }
  }

  private reserve(size: number): void {
    if (size * NUMBERS > this.numbers.length)
      this.numbers = grown(this.numbers, Math.max(NUMBERS * 64, this.numbers.length * 2))
    if (size * TIMES > this.times.length) this.times = grown(this.times, Math.max(TIMES * 64, this.times.length * 2))
  }

  private link(ref: number, cell: Cell): void {
    const slot = this.findCell(cell)
    const head = this.cells[slot] as number
    this.numbers[ref * NUMBERS + NEXT] = head
    this.numbers[ref * NUMBERS + CELL] = head === 0 ? this.cellCount : this.cellNumber(head - 1)
    this.cells[slot] = ref + 1
    if (head === 0 && ++this.cellCount * 10 > this.cells.length * 7) this.rehash(this.cells.length * 2)
  }

  /** Slot of the cell's chain, or the free one where it belongs. */
  private findCell(cell: Cell): number {
    const { numbers, cells } = this
    const mask = cells.length - 1
    const code = prefixCode(cell)
    let at = hashOfCell(cell.domain, code, cell.words) & mask
    for (let held = cells[at] as number; held > 0; held = cells[at] as number) {
      const row = (held - 1) * NUMBERS
      if (
        numbers[row + WORDS] === cell.words[0] &&
        numbers[row + PREFIX] === code &&
        numbers[row + DOMAIN] === cell.domain &&
        numbers[row + WORDS + 1] === cell.words[1] &&
        numbers[row + WORDS + 2] === cell.words[2] &&
        numbers[row + WORDS + 3] === cell.words[3]
      ) {
        return at
      }
      at = (at + 1) & mask
    }
    return at
  }

  /** Makes the table of cells anew; every chain keeps its order, as its head is the claim that nobody else points to. */
  private rehash(wanted: number): void {
    const isFollowed = new Uint8Array(this.size)
    for (let ref = 0; ref < this.size; ref++) {
      const next = this.numbers[ref * NUMBERS + NEXT] as number
      if (next > 0) isFollowed[next - 1] = 1
    }
    this.cells = new Uint32Array(2 ** Math.ceil(Math.log2(Math.max(1024, wanted))))
    this.cellCount = 0
    for (let ref = 0; ref < this.size; ref++) {
      if (isFollowed[ref] === 1) continue
      this.cells[this.findCell(this.cell(ref))] = ref + 1
      this.cellCount++
    }
  }
}

/** One number for family and length: IPv4 lengths are 0 to 32, IPv6 ones begin at 64. */
const prefixCode = ({ family, length }: { readonly family: Family; readonly length: number }): number =>
  family === 4 ? length : 64 + length

const decodePrefix = (code: number): { readonly family: Family; readonly length: number } =>
  code < 64 ? { family: 4, length: code } : { family: 6, length: code - 64 }

export const prefixOf = (bits: AddressBits & { readonly length: number }): Prefix =>
  `${formatAddress(bits)}/${bits.length}` as Prefix

function hashOfCell(domain: number, code: number, words: Words): number {
  let hash = Math.imul(words[0] ^ 0x9e3779b9, 0x85ebca6b)
  hash = Math.imul(hash ^ words[1] ^ (hash >>> 15), 0xc2b2ae35)
  hash = Math.imul(hash ^ words[2] ^ (hash >>> 13), 0x27d4eb2f)
  hash = Math.imul(hash ^ words[3] ^ (hash >>> 16), 0x165667b1)
  hash = Math.imul(hash ^ (domain * 256 + code) ^ (hash >>> 15), 0x85ebca6b)
  return (hash ^ (hash >>> 13)) >>> 0
}
