import { type Claim, type Evidence, LAYERS, type Layer, layerRank, type PortRange } from '../claim.ts'
import type { EncodedClaim } from '../encoded-claim.ts'
import { isFlowSource } from '../flow-sightings.ts'
import type { HeldClaim } from '../timeline.ts'
import type { Millis } from '../window.ts'
import { finished, HashSlots, mixed } from './hash-slots.ts'
import { OwnerTable } from './owner-table.ts'
import { grown, type TextColumns, TextTable } from './text-table.ts'

/** What a claim says apart from where, when and under which id. */
export type Fact = Omit<HeldClaim, 'id' | 'prefix' | 'lastSightingMs'>

/** What another thread, or a checkpoint, needs to read the facts. */
export type FactColumns = {
  readonly rows: Uint32Array
  readonly owners: Uint32Array
  /** Of owners, and lifetime ids. */
  readonly texts: TextColumns
  readonly sources: TextColumns
}

/** What a fact says besides its owners and its source. */
type Said = Pick<Fact, 'layer' | 'evidence' | 'state' | 'whole' | 'ports' | 'expects'>

/**
 * The number of a fact carries what the look-up has to know of nearly every claim that it meets, so that it needs no
 * second read: whether one owner alone holds the whole address and nothing above him is expected, and whether the
 * source's progress carries the claim on.
 */
export const PLAIN = 2 ** 30
export const OPEN = 2 ** 29
export const FACT_NUMBER = 2 ** 29 - 1

export const EVIDENCE: readonly Evidence[] = ['sighted', 'authoritative-time', 'flow-sighting', 'bridged']
const STATES: readonly Claim['state'][] = ['open', 'missing', 'closed']
const MISSING = STATES.indexOf('missing')
const STRIDE = 4
const SOURCE = 1
const ATTRIBUTES = 2
const PORTS = 3
const WHOLE = 1 << 7
const HAS_PORTS = 1 << 8
const HOLDS_ADDRESSES = 1 << 9
const EXPECTS_SHIFT = 10
const EXPECTED = (1 << LAYERS.length) - 1
const ONE_OWNER = 1 << 15
const INTERFACE = layerRank('interface')
/** Decoded facts that are kept; a hot working set is far smaller. */
const MOST_DECODED = 65_536

/** Facts by number, each kept once. A row is: owners, source, attributes (below), ports. */
export class FactTable {
  size: number
  readonly owners: OwnerTable
  private readonly texts: TextTable
  private rows: Uint32Array
  private readonly sources: TextTable
  private slots: HashSlots | undefined
  private readonly decoded = new Map<number, Fact>()
  private readonly flowSources: boolean[] = []
  /** Of the fact that was interned last: most come from the same source. */
  private lastSource: string | undefined
  private lastSourceNumber = 0

  constructor(columns?: FactColumns) {
    this.rows = columns?.rows ?? new Uint32Array(new SharedArrayBuffer(4 * STRIDE * 256))
    this.size = columns ? columns.rows.length / STRIDE : 0
    this.texts = new TextTable(columns?.texts)
    this.owners = new OwnerTable(this.texts, columns?.owners)
    this.sources = new TextTable(columns?.sources)
  }

  /** The number of what the claim says, with its marks. */
  intern(claim: Fact): number {
    return this.internWith(this.owners.intern(claim.owners), claim.owners.length, this.sourcesNumber(claim), claim)
  }

  /** As `intern`, of a claim that lies encoded: the same number as its object has. */
  internEncoded(claim: EncodedClaim): number {
    const owners = this.owners.internEncoded(claim)
    return this.internWith(owners, claim.ownerCount, this.sourceNumberOf(claim.source), claim)
  }

  private internWith(owners: number, ownerCount: number, source: number, said: Said): number {
    const { ports } = said
    const attributes = attributesOf(said, ownerCount)
    const number = this.numberOf(owners, source, attributes, ports ? ports.first * 65_536 + ports.last : 0)
    return number | (isPlain(attributes) ? PLAIN : 0) | (said.state === 'open' ? OPEN : 0)
  }

  fact(marked: number): Fact {
    const number = marked & FACT_NUMBER
    const known = this.decoded.get(number)
    if (known) return known
    if (this.decoded.size >= MOST_DECODED) this.decoded.clear()
    const fact = this.decode(number)
    this.decoded.set(number, fact)
    return fact
  }

  /** The owners, all together, by their number in the table of owners. */
  ownersNumber(marked: number): number {
    return this.rows[(marked & FACT_NUMBER) * STRIDE] as number
  }

  /** The sources that say it, all together, by their number in this table. */
  sourceNumber(marked: number): number {
    return this.rows[(marked & FACT_NUMBER) * STRIDE + SOURCE] as number
  }

  /** Whether a source, by its number, tells of flows (flow-sightings.ts). */
  isFlowSource(source: number): boolean {
    this.flowSources[source] ??= isFlowSource(this.sources.text(source))
    return this.flowSources[source]
  }

  layerRank(marked: number): number {
    return this.attributes(marked) & 7
  }

  holdsAddresses(marked: number): boolean {
    return (this.attributes(marked) & HOLDS_ADDRESSES) !== 0
  }

  /** The kind of its evidence, by its place in EVIDENCE. */
  evidence(marked: number): number {
    return (this.attributes(marked) >>> 3) & 3
  }

  isMissing(marked: number): boolean {
    return ((this.attributes(marked) >>> 5) & 3) === MISSING
  }

  /** As `isExclusive` of the claim (timeline.ts). */
  isExclusive(marked: number): boolean {
    return (this.attributes(marked) & (ONE_OWNER | HAS_PORTS)) === ONE_OWNER
  }

  /** A number for a text that is no part of a fact, but often one of its owner. */
  textNumber(text: string): number {
    return this.owners.textNumber(text)
  }

  /** The number of the lifetime of a claim whose owners have just been interned as this fact. It often is their resource. */
  lifetimeNumber({ memory, lifetimeFrom, lifetimeSize }: EncodedClaim, marked: number): number {
    const resource = this.owners.resource(this.ownersNumber(marked))
    if (this.texts.isAscii(resource, memory, lifetimeFrom, lifetimeSize)) return resource
    return this.texts.internAscii(memory, lifetimeFrom, lifetimeSize)
  }

  /** The number of a text that some owner or lifetime has, or −1. */
  textNumberOf(text: string): number {
    return this.texts.numberOf(text)
  }

  text(number: number): string {
    return this.texts.text(number)
  }

  /** Up to when an open fact is certain, by the number of its sources: the least progress of them. */
  progress(progressOf: (source: string) => Millis): Float64Array {
    const progressMs = new Float64Array(new SharedArrayBuffer(8 * this.sources.size))
    for (let number = 0; number < this.sources.size; number++) {
      progressMs[number] = Math.min(...this.sources.text(number).split(BETWEEN_SOURCES).map(sourceIn).map(progressOf))
    }
    return progressMs
  }

  columns(): FactColumns {
    return {
      rows: this.rows.subarray(0, this.size * STRIDE),
      owners: this.owners.columns(),
      texts: this.texts.columns(),
      sources: this.sources.columns(),
    }
  }

  private attributes(marked: number): number {
    return this.rows[(marked & FACT_NUMBER) * STRIDE + ATTRIBUTES] as number
  }

  private decode(number: number): Fact {
    const at = number * STRIDE
    const attributes = this.rows[at + ATTRIBUTES] as number
    const [first = '', ...others] = this.sources.text(this.rows[at + SOURCE] as number).split(BETWEEN_SOURCES)
    const also = others.filter(text => !text.startsWith(UNNAMED))
    const unnamed = others.filter(text => text.startsWith(UNNAMED))
    return {
      source: first,
      ...(also.length > 0 && { alsoFrom: also }),
      ...(unnamed.length > 0 && { unnamedFrom: unnamed.map(sourceIn) }),
      owners: this.owners.owners(this.rows[at] as number),
      layer: LAYERS[attributes & 7] as Layer,
      evidence: EVIDENCE[(attributes >>> 3) & 3] as Evidence,
      state: STATES[(attributes >>> 5) & 3] as Claim['state'],
      expects: LAYERS.filter((_, rank) => (attributes >>> (EXPECTS_SHIFT + rank)) & 1),
      whole: (attributes & WHOLE) !== 0,
      ports: (attributes & HAS_PORTS) !== 0 ? portsOf(this.rows[at + PORTS] as number) : null,
    }
  }

  private sourcesNumber(claim: Fact): number {
    if (claim.alsoFrom || claim.unnamedFrom) return this.sources.intern(sourcesText(claim))
    return this.sourceNumberOf(claim.source)
  }

  private sourceNumberOf(source: string): number {
    if (source !== this.lastSource) {
      this.lastSource = source
      this.lastSourceNumber = this.sources.intern(source)
    }
    return this.lastSourceNumber
  }

  private numberOf(owners: number, source: number, attributes: number, ports: number): number {
    const slots = this.slots ?? this.slotsOfAll()
    const hash = hashOf(owners, source, attributes, ports)
    let slot = slots.first(hash)
    for (let held = slots.at(slot); held >= 0; held = slots.at(slot)) {
      const row = held * STRIDE
      const { rows } = this
      if (
        rows[row] === owners &&
        rows[row + SOURCE] === source &&
        rows[row + ATTRIBUTES] === attributes &&
        rows[row + PORTS] === ports
      ) {
        return held
      }
      slot = slots.next(slot, hash)
    }
    const number = this.append(owners, source, attributes, ports)
    slots.fill(slot, number, hash)
    return number
  }

  private append(owners: number, source: number, attributes: number, ports: number): number {
    if (this.size > FACT_NUMBER) throw new RangeError('a table of facts holds at most 2^29 of them')
    if ((this.size + 1) * STRIDE > this.rows.length) this.rows = grown(this.rows, Math.max(256, this.rows.length * 2))
    const number = this.size++
    const { rows } = this
    rows[number * STRIDE] = owners
    rows[number * STRIDE + SOURCE] = source
    rows[number * STRIDE + ATTRIBUTES] = attributes
    rows[number * STRIDE + PORTS] = ports
    return number
  }

  private slotsOfAll(): HashSlots {
    const slots = new HashSlots(this.size)
    for (let number = 0; number < this.size; number++) {
      const word = (i: number): number => this.rows[number * STRIDE + i] as number
      const hash = hashOf(word(0), word(SOURCE), word(ATTRIBUTES), word(PORTS))
      let slot = slots.first(hash)
      while (slots.at(slot) >= 0) slot = slots.next(slot, hash)
      slots.fill(slot, number, hash)
    }
    this.slots = slots
    return slots
  }
}

/** No name of a source contains it. */
const BETWEEN_SOURCES = '\0'

/** Stands before the name of a source that lists the holding without its owner's name. */
const UNNAMED = '\u0001'
const sourceIn = (text: string): string => (text.startsWith(UNNAMED) ? text.slice(UNNAMED.length) : text)

const sourcesText = ({ source, alsoFrom = [], unnamedFrom = [] }: Fact): string =>
  [source, ...alsoFrom, ...unnamedFrom.map(name => UNNAMED + name)].join(BETWEEN_SOURCES)

const portsOf = (packed: number): PortRange => ({ first: packed >>> 16, last: packed & 0xffff })

const hashOf = (owners: number, source: number, attributes: number, ports: number): number =>
  finished(mixed(mixed(mixed(mixed(STRIDE, owners), source), attributes), ports))

/** Bits: layer 0-2, evidence 3-4, state 5-6, whole 7, has ports 8, holds addresses 9, expected layers 10-14, one owner 15. */
function attributesOf({ layer, evidence, state, whole, ports, expects }: Said, ownerCount: number): number {
  const rank = layerRank(layer)
  let attributes = rank | (EVIDENCE.indexOf(evidence) << 3) | (STATES.indexOf(state) << 5)
  if (whole) attributes |= WHOLE
  if (ports) attributes |= HAS_PORTS
  if (whole || rank >= INTERFACE) attributes |= HOLDS_ADDRESSES
  if (ownerCount === 1) attributes |= ONE_OWNER
  for (let i = 0; i < expects.length; i++) attributes |= 1 << (EXPECTS_SHIFT + layerRank(expects[i] as Layer))
  return attributes
}

/** One owner of the whole address, and no layer above his is expected. */
function isPlain(attributes: number): boolean {
  if ((attributes & (HOLDS_ADDRESSES | ONE_OWNER | HAS_PORTS)) !== (HOLDS_ADDRESSES | ONE_OWNER)) return false
  const expected = (attributes >>> EXPECTS_SHIFT) & EXPECTED
  return expected >>> ((attributes & 7) + 1) === 0
}
