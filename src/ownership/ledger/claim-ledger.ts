import type { AddressBits } from '../address.ts'
import { formatAddress } from '../address.ts'
import { type Claim, layerRank, supersedes } from '../claim.ts'
import type { Prefix } from '../prefix.ts'
import { type Cell, CellTable } from './cell-table.ts'
import { type FactColumns, FactTable } from './fact-table.ts'
import { InterfaceRefs } from './interface-refs.ts'
import { grown, type TextColumns, TextTable } from './text-table.ts'

export type { Cell } from './cell-table.ts'

/** A new claim, a better revision of one that was there, or nothing new. */
export type Taken = { readonly ref: number; readonly outcome: 'new' | 'revised' | 'known' }

/** What a checkpoint needs to go on where this ledger stands. */
export type LedgerColumns = {
  readonly numbers: Uint32Array
  readonly times: Float64Array
  readonly cells: Uint32Array
  readonly ids: TextColumns
  readonly domains: TextColumns
  readonly facts: FactColumns
}

/** Row of `numbers`: fact, lifetime (number of its text + 1, 0 for none), cell, next claim of the same cell + 1. */
const NUMBERS = 4
const LIFETIME = 1
const CELL = 2
const NEXT = 3
/** Row of `times`: start earliest and latest, end earliest and latest, last sighting, epoch, sequence. */
const TIMES = 7
const LAST_SIGHTING = 4
const EPOCH = 5
const SEQUENCE = 6

const INTERFACE = layerRank('interface')

/**
 * The newest revision of every claim, in typed arrays: about 110 bytes a claim, its id included, its owners apart. Claims
 * are named by `ref`, the order in which they were met; those of one prefix form a chain.
 */
export class ClaimLedger {
  readonly facts: FactTable
  readonly domains: TextTable
  readonly ids: TextTable
  private readonly cells: CellTable
  private readonly interfaces = new InterfaceRefs()
  private numbers: Uint32Array
  private times: Float64Array
  private lastDomain: string | undefined
  private lastDomainNumber = 0

  constructor(columns?: LedgerColumns) {
    this.facts = new FactTable(columns?.facts)
    this.domains = new TextTable(columns?.domains)
    this.ids = new TextTable(columns?.ids)
    this.cells = new CellTable(columns?.cells)
    this.numbers = columns?.numbers ?? new Uint32Array(new SharedArrayBuffer(4 * NUMBERS * 256))
    this.times = columns?.times ?? new Float64Array(new SharedArrayBuffer(8 * TIMES * 256))
    for (let ref = 0; ref < this.size; ref++) {
      this.cells.setHead(this.cellNumber(ref), ref + 1)
      this.nameInterfaces(ref, -1)
    }
  }

  get size(): number {
    return this.ids.size
  }

  /** Prefixes that claims lie in, each by a number below this. */
  get cellCount(): number {
    return this.cells.size
  }

  /** Keeps the claim, unless a revision of it is known that is as good. */
  take(claim: Claim): Taken {
    const known = this.ids.numberOf(claim.id)
    if (known >= 0) return this.revise(known, claim)
    const cell = this.cells.intern(this.domainNumber(claim.domain), claim.prefix)
    const ref = this.ids.intern(claim.id)
    this.reserve(ref + 1)
    this.numbers[ref * NUMBERS + CELL] = cell
    this.numbers[ref * NUMBERS + NEXT] = this.cells.head(cell)
    this.cells.setHead(cell, ref + 1)
    this.write(ref, claim, this.facts.intern(claim))
    this.nameInterfaces(ref, -1)
    return { ref, outcome: 'new' }
  }

  /** Ref of a claim by its id, or −1. */
  refOf(id: string): number {
    return this.ids.numberOf(id)
  }

  claim(ref: number): Claim {
    const at = ref * TIMES
    const time = (i: number) => this.times[at + i] as number
    const lifetime = this.lifetime(ref)
    const cell = this.cell(ref)
    return {
      record: 'claim',
      id: this.ids.text(ref),
      revision: { epoch: time(EPOCH), sequence: time(SEQUENCE) },
      domain: this.domains.text(cell.domain),
      prefix: prefixOf(cell),
      lifetimeId: lifetime === 0 ? null : this.facts.text(lifetime - 1),
      start: { earliestMs: time(0), latestMs: time(1) },
      end: { earliestMs: time(2), latestMs: time(3) },
      lastSightingMs: time(LAST_SIGHTING),
      ...this.facts.fact(this.fact(ref)),
    }
  }

  id(ref: number): string {
    return this.ids.text(ref)
  }

  fact(ref: number): number {
    return this.numbers[ref * NUMBERS] as number
  }

  /** A number for the lifetime of a claim, 0 for none; equal ones have the same. */
  lifetime(ref: number): number {
    return this.numbers[ref * NUMBERS + LIFETIME] as number
  }

  /** Start earliest and latest, end earliest and latest, last sighting: by their place in this order, from 0. */
  time(ref: number, place: number): number {
    return this.times[ref * TIMES + place] as number
  }

  /** The cell that a claim lies in. */
  cell(ref: number): Cell {
    return this.cells.cell(this.cellNumber(ref))
  }

  cellAt(number: number): Cell {
    return this.cells.cell(number)
  }

  /** A number for the cell of a claim; all claims of one cell have the same. */
  cellNumber(ref: number): number {
    return this.numbers[ref * NUMBERS + CELL] as number
  }

  /** The number of a cell, or −1 where no claim lies in it. */
  cellNumberOf(cell: Cell): number {
    return this.cells.numberOf(cell)
  }

  /** The newest claim of a cell, by the cell's number; `next` is then the one before, and −1 the end. */
  first(cellNumber: number): number {
    return this.cells.head(cellNumber) - 1
  }

  next(ref: number): number {
    return (this.numbers[ref * NUMBERS + NEXT] as number) - 1
  }

  /** Refs of all claims of a cell, in no order that means anything. */
  refsOf(cell: Cell): readonly number[] {
    const number = this.cells.numberOf(cell)
    const refs: number[] = []
    if (number >= 0) for (let ref = this.first(number); ref >= 0; ref = this.next(ref)) refs.push(ref)
    return refs
  }

  claimsOf(cell: Cell): readonly Claim[] {
    return this.refsOf(cell).map(ref => this.claim(ref))
  }

  /** Claims of the layers from `interface` on with an owner on this interface, in no order that means anything. */
  claimsNaming(eni: string): readonly Claim[] {
    const number = this.facts.textNumberOf(eni)
    if (number < 0) return []
    const refs = this.interfaces.refsOf(number)
    return refs.filter(ref => this.names(this.fact(ref), number)).map(ref => this.claim(ref))
  }

  columns(): LedgerColumns {
    return {
      numbers: this.numbers.subarray(0, this.size * NUMBERS),
      times: this.times.subarray(0, this.size * TIMES),
      cells: this.cells.columns(),
      ids: this.ids.columns(),
      domains: this.domains.columns(),
      facts: this.facts.columns(),
    }
  }

  private revise(ref: number, claim: Claim): Taken {
    const at = ref * TIMES
    const { epoch, sequence } = claim.revision
    const order = epoch - (this.times[at + EPOCH] as number) || sequence - (this.times[at + SEQUENCE] as number)
    if (order < 0) return { ref, outcome: 'known' }
    const fact = this.facts.intern(claim)
    if (order === 0 && (this.isAsKept(ref, claim, fact) || !supersedes(claim, this.claim(ref)))) {
      return { ref, outcome: 'known' }
    }
    const before = this.fact(ref)
    this.write(ref, claim, fact)
    this.nameInterfaces(ref, before)
    return { ref, outcome: 'revised' }
  }

  /** Whether the claim says what is kept already. */
  private isAsKept(ref: number, claim: Claim, fact: number): boolean {
    const { times } = this
    const at = ref * TIMES
    return (
      this.fact(ref) === fact &&
      this.lifetime(ref) === this.lifetimeNumber(claim) &&
      times[at] === claim.start.earliestMs &&
      times[at + 1] === claim.start.latestMs &&
      times[at + 2] === claim.end.earliestMs &&
      times[at + 3] === claim.end.latestMs &&
      times[at + LAST_SIGHTING] === claim.lastSightingMs
    )
  }

  private write(ref: number, claim: Claim, fact: number): void {
    const row = ref * NUMBERS
    this.numbers[row] = fact
    this.numbers[row + LIFETIME] = this.lifetimeNumber(claim)
    const { start, end, revision } = claim
    const { times } = this
    const at = ref * TIMES
    times[at] = start.earliestMs
    times[at + 1] = start.latestMs
    times[at + 2] = end.earliestMs
    times[at + 3] = end.latestMs
    times[at + LAST_SIGHTING] = claim.lastSightingMs
    times[at + EPOCH] = revision.epoch
    times[at + SEQUENCE] = revision.sequence
  }

  private lifetimeNumber({ lifetimeId }: Claim): number {
    return lifetimeId === null ? 0 : this.facts.textNumber(lifetimeId) + 1
  }

  private domainNumber(domain: string): number {
    if (domain !== this.lastDomain) {
      this.lastDomain = domain
      this.lastDomainNumber = this.domains.intern(domain)
    }
    return this.lastDomainNumber
  }

  /** `before` is the fact that the claim said until now, −1 of a new one. */
  private nameInterfaces(ref: number, before: number): void {
    const { facts } = this
    const fact = this.fact(ref)
    if (facts.layerRank(fact) < INTERFACE) return
    for (let list = facts.ownersNumber(fact); list > 0; list = facts.owners.rest(list)) {
      const eni = facts.owners.eni(list)
      if (eni >= 0 && !(before >= 0 && this.names(before, eni))) this.interfaces.add(eni, ref, before >= 0)
    }
  }

  private names(fact: number, eni: number): boolean {
    const { facts } = this
    if (facts.layerRank(fact) < INTERFACE) return false
    let list = facts.ownersNumber(fact)
    while (list > 0 && facts.owners.eni(list) !== eni) list = facts.owners.rest(list)
    return list > 0
  }

  private reserve(size: number): void {
    if (size * NUMBERS > this.numbers.length)
      this.numbers = grown(this.numbers, Math.max(NUMBERS * 64, this.numbers.length * 2))
    if (size * TIMES > this.times.length) this.times = grown(this.times, Math.max(TIMES * 64, this.times.length * 2))
  }
}

export const prefixOf = (bits: AddressBits & { readonly length: number }): Prefix =>
  `${formatAddress(bits)}/${bits.length}` as Prefix
