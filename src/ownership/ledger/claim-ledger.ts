import type { AddressBits } from '../address.ts'
import { formatAddress } from '../address.ts'
import { type Claim, layerRank, supersedes } from '../claim.ts'
import type { EncodedClaim } from '../encoded-claim.ts'
import type { Prefix } from '../prefix.ts'
import { type Cell, CellTable } from './cell-table.ts'
import { type FactColumns, FactTable } from './fact-table.ts'
import { type InterfaceColumns, InterfaceRefs } from './interface-refs.ts'
import { grown, hashOfBytes, type TextColumns, TextTable } from './text-table.ts'

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
/** Places in that row, for `ClaimLedger.time`. */
export const START_EARLIEST = 0
export const START_LATEST = 1
export const END_EARLIEST = 2
export const END_LATEST = 3
export const LAST_SIGHTING = 4
const EPOCH = 5
const SEQUENCE = 6

const SERVICE = layerRank('service')
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
  numbers: Uint32Array
  times: Float64Array
  /** What the claim that is being taken says: its times, fact and lifetime, as they are kept. */
  private readonly nextTimes = new Float64Array(TIMES)
  private nextFact = 0
  private nextLifetime = 0
  private touched = 0
  /** Numbers of the domains in which some claim is, or was, of the layer `service`. */
  private readonly withServices = new Set<number>()
  private readonly hashes = new Int32Array(1)
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
    this.read(claim)
    return this.begin(ref, cell)
  }

  /** As `take`, of a claim that lies encoded: nothing of its memory is kept. */
  takeEncoded(claim: EncodedClaim): Taken {
    const { memory, idFrom, idSize, prefixCode, prefixWords } = claim
    const before = this.size
    const idHash = hashOfBytes(memory, idFrom, idSize)
    this.hashes[0] = idHash
    const cellTouched = this.cells.touch(this.lastDomainNumber, prefixCode, prefixWords)
    this.touched ^= cellTouched ^ this.ids.touch(this.hashes, 1) ^ this.facts.owners.touch(claim.ownersHash)
    const ref = this.ids.internAscii(memory, idFrom, idSize, idHash)
    if (ref < before) return this.reviseEncoded(ref, claim)
    const cell = this.cells.internRead(this.domainNumber(claim.domain), prefixCode, prefixWords)
    this.readEncoded(claim)
    return this.begin(ref, cell)
  }

  /** Ref of a claim by its id, or −1. */
  refOf(id: string): number {
    return this.ids.numberOf(id)
  }

  refOfEncoded({ memory, idFrom, idSize }: EncodedClaim): number {
    return this.ids.numberOfAscii(memory, idFrom, idSize)
  }

  claim(ref: number): Claim {
    return claimIn(this, ref, this.cell(ref))
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

  /** `place` is START_EARLIEST, START_LATEST, END_EARLIEST, END_LATEST or LAST_SIGHTING. */
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

  /** Domains in which some claim is, or was, of the layer `service`. */
  serviceDomains(): readonly string[] {
    return [...this.withServices].map(number => this.domains.text(number))
  }

  /** What `InterfaceClaims` reads, as it stands. It is made anew at each call, in a pass over all interfaces. */
  interfaceColumns(): InterfaceColumns {
    return this.interfaces.columns(number => this.facts.text(number))
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

  /** A claim that is new, and was read. */
  private begin(ref: number, cell: number): Taken {
    this.reserve(ref + 1)
    this.numbers[ref * NUMBERS + CELL] = cell
    this.numbers[ref * NUMBERS + NEXT] = this.cells.head(cell)
    this.cells.setHead(cell, ref + 1)
    this.write(ref)
    this.nameInterfaces(ref, -1)
    return { ref, outcome: 'new' }
  }

  private revise(ref: number, claim: Claim): Taken {
    const order = this.orderOf(ref, claim.revision.epoch, claim.revision.sequence)
    if (order < 0) return { ref, outcome: 'known' }
    this.read(claim)
    if (order === 0 && (this.isAsKept(ref) || !supersedes(claim, this.claim(ref)))) return { ref, outcome: 'known' }
    return this.replace(ref)
  }

  private reviseEncoded(ref: number, claim: EncodedClaim): Taken {
    const order = this.orderOf(ref, claim.epoch, claim.sequence)
    if (order < 0) return { ref, outcome: 'known' }
    this.readEncoded(claim)
    if (order === 0 && (this.isAsKept(ref) || !supersedes(claim.claim(), this.claim(ref)))) {
      return { ref, outcome: 'known' }
    }
    return this.replace(ref)
  }

  /** A better revision, which was read, takes the place of what is kept. */
  private replace(ref: number): Taken {
    const before = this.fact(ref)
    this.write(ref)
    this.nameInterfaces(ref, before)
    return { ref, outcome: 'revised' }
  }

  /** Above 0 where this revision is better than the one that is kept, 0 where it is the same. */
  private orderOf(ref: number, epoch: number, sequence: number): number {
    const at = ref * TIMES
    return epoch - (this.times[at + EPOCH] as number) || sequence - (this.times[at + SEQUENCE] as number)
  }

  private read(claim: Claim): void {
    const { lifetimeId, start, end, lastSightingMs, revision } = claim
    this.nextFact = this.facts.intern(claim)
    this.nextLifetime = lifetimeId === null ? 0 : this.facts.textNumber(lifetimeId) + 1
    const { nextTimes } = this
    nextTimes[0] = start.earliestMs
    nextTimes[1] = start.latestMs
    nextTimes[2] = end.earliestMs
    nextTimes[3] = end.latestMs
    nextTimes[LAST_SIGHTING] = lastSightingMs
    nextTimes[EPOCH] = revision.epoch
    nextTimes[SEQUENCE] = revision.sequence
  }

  private readEncoded(claim: EncodedClaim): void {
    this.nextFact = this.facts.internEncoded(claim)
    this.nextLifetime = claim.lifetimeSize < 0 ? 0 : this.facts.lifetimeNumber(claim, this.nextFact) + 1
    const { nextTimes } = this
    nextTimes[0] = claim.startEarliestMs
    nextTimes[1] = claim.startLatestMs
    nextTimes[2] = claim.endEarliestMs
    nextTimes[3] = claim.endLatestMs
    nextTimes[LAST_SIGHTING] = claim.lastSightingMs
    nextTimes[EPOCH] = claim.epoch
    nextTimes[SEQUENCE] = claim.sequence
  }

  /** Whether what was read, of the revision that is kept, is kept already. */
  private isAsKept(ref: number): boolean {
    if (this.fact(ref) !== this.nextFact || this.lifetime(ref) !== this.nextLifetime) return false
    const at = ref * TIMES
    for (let i = 0; i < TIMES; i++) if (this.times[at + i] !== this.nextTimes[i]) return false
    return true
  }

  private write(ref: number): void {
    const row = ref * NUMBERS
    this.numbers[row] = this.nextFact
    this.numbers[row + LIFETIME] = this.nextLifetime
    const { times, nextTimes } = this
    const at = ref * TIMES
    for (let i = 0; i < TIMES; i++) times[at + i] = nextTimes[i] as number
  }

  private domainNumber(domain: string): number {
    if (domain !== this.lastDomain) {
      this.lastDomain = domain
      this.lastDomainNumber = this.domains.intern(domain)
    }
    return this.lastDomainNumber
  }

  /**
   * Notes on which interfaces a claim is, or that its domain has services. `before` is the fact that the claim said until now,
   * −1 of a new one.
   */
  private nameInterfaces(ref: number, before: number): void {
    const { facts } = this
    const fact = this.fact(ref)
    if (facts.layerRank(fact) < INTERFACE) {
      if (facts.layerRank(fact) === SERVICE) this.withServices.add(this.cells.domain(this.cellNumber(ref)))
      return
    }
    const isNamedAlready =
      before >= 0 &&
      facts.ownersNumber(before) === facts.ownersNumber(fact) &&
      facts.layerRank(before) === facts.layerRank(fact)
    if (isNamedAlready) return
    for (let list = facts.ownersNumber(fact); list > 0; list = facts.owners.rest(list)) {
      const eni = facts.owners.eni(list)
      if (eni >= 0 && !(before >= 0 && this.names(before, eni))) this.interfaces.add(eni, ref, before >= 0)
    }
  }

  private names(fact: number, eni: number): boolean {
    return namesInterface(this.facts, fact, eni)
  }

  private reserve(size: number): void {
    if (size * NUMBERS > this.numbers.length)
      this.numbers = grown(this.numbers, Math.max(NUMBERS * 64, this.numbers.length * 2))
    if (size * TIMES > this.times.length) this.times = grown(this.times, Math.max(TIMES * 64, this.times.length * 2))
  }
}

export const prefixOf = (bits: AddressBits & { readonly length: number }): Prefix =>
  `${formatAddress(bits)}/${bits.length}` as Prefix

/** Whether a fact is of the layers from `interface` on, and one of its owners is on the interface with this text. */
export function namesInterface(facts: FactTable, fact: number, eni: number): boolean {
  if (facts.layerRank(fact) < INTERFACE) return false
  let list = facts.ownersNumber(fact)
  while (list > 0 && facts.owners.eni(list) !== eni) list = facts.owners.rest(list)
  return list > 0
}

/** What claims are kept in, as a ledger has it or whoever was given its columns. */
type Kept = Pick<LedgerColumns, 'numbers' | 'times'> & {
  readonly ids: TextTable
  readonly domains: TextTable
  readonly facts: FactTable
}

/** A claim as it stands, and the cell that it lies in. */
export function claimIn({ numbers, times, ids, domains, facts }: Kept, ref: number, cell: Cell): Claim {
  const at = ref * TIMES
  const time = (i: number) => times[at + i] as number
  const lifetime = numbers[ref * NUMBERS + LIFETIME] as number
  return {
    record: 'claim',
    id: ids.text(ref),
    revision: { epoch: time(EPOCH), sequence: time(SEQUENCE) },
    domain: domains.text(cell.domain),
    prefix: prefixOf(cell),
    lifetimeId: lifetime === 0 ? null : facts.text(lifetime - 1),
    start: { earliestMs: time(0), latestMs: time(1) },
    end: { earliestMs: time(2), latestMs: time(3) },
    lastSightingMs: time(LAST_SIGHTING),
    ...facts.fact(numbers[ref * NUMBERS] as number),
  }
}

/** The number of the cell that a claim lies in, from the columns of a ledger. */
export const cellNumberIn = (numbers: Uint32Array, ref: number): number => numbers[ref * NUMBERS + CELL] as number

/** The marked fact that a claim says, from the columns of a ledger. */
export const factIn = (numbers: Uint32Array, ref: number): number => numbers[ref * NUMBERS] as number

/** As `ClaimLedger.time`, from the columns of a ledger. */
export const timeIn = (times: Float64Array, ref: number, place: number): number => times[ref * TIMES + place] as number
