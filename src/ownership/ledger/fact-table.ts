import { type Claim, type Evidence, LAYERS, type Layer, layerRank, type Owner, type PortRange } from '../claim.ts'
import type { HeldClaim } from '../timeline.ts'
import type { Millis } from '../window.ts'
import { grown, type TextColumns, TextTable } from './text-table.ts'

/** What a claim says apart from where, when and under which id. */
export type Fact = Omit<HeldClaim, 'id' | 'prefix' | 'lastSightingMs'>

/** What another thread, or a checkpoint, needs to read the facts. */
export type FactColumns = {
  readonly rows: Uint32Array
  readonly owners: TextColumns
  readonly sources: TextColumns
}

/**
 * The number of a fact carries what the look-up has to know of nearly every claim that it meets, so that it needs no
 * second read: whether one owner alone holds the whole address and nothing above him is expected, and whether the
 * source's progress carries the claim on.
 */
export const PLAIN = 2 ** 30
export const OPEN = 2 ** 29
export const FACT_NUMBER = 2 ** 29 - 1

const EVIDENCE: readonly Evidence[] = ['sighted', 'authoritative-time', 'flow-sighting', 'bridged']
const STATES: readonly Claim['state'][] = ['open', 'missing', 'closed']
const STRIDE = 4
const WHOLE = 1 << 7
const HAS_PORTS = 1 << 8
const HOLDS_ADDRESSES = 1 << 9
const EXPECTS_SHIFT = 10
/** Decoded facts that are kept; a hot working set is far smaller. */
const MOST_DECODED = 65_536

/** Facts by number, each kept once. A row is: owners, source, attributes (below), ports. */
export class FactTable {
  size: number
  private rows: Uint32Array
  private readonly owners: TextTable
  private readonly sources: TextTable
  private slots: Uint32Array | undefined
  private readonly decoded = new Map<number, Fact>()
  private readonly ownersByNumber = new Map<number, readonly Owner[]>()
  private readonly knownOwners = new WeakMap<readonly Owner[], number>()

  constructor(columns?: FactColumns) {
    this.rows = columns?.rows ?? new Uint32Array(new SharedArrayBuffer(4 * STRIDE * 256))
    this.size = columns ? columns.rows.length / STRIDE : 0
    this.owners = new TextTable(columns?.owners)
    this.sources = new TextTable(columns?.sources)
  }

  /** The number of what the claim says, with its marks. */
  intern(claim: Fact): number {
    const number = this.numberOf(
      this.ownersNumber(claim.owners),
      this.sources.intern(sourcesText(claim)),
      attributesOf(claim),
      claim.ports ? claim.ports.first * 65_536 + claim.ports.last : 0,
    )
    return number | (isPlain(claim) ? PLAIN : 0) | (claim.state === 'open' ? OPEN : 0)
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

  /** The sources that say it, all together, by their number in this table. */
  sourceNumber(marked: number): number {
    return this.rows[(marked & FACT_NUMBER) * STRIDE + 1] as number
  }

  layerRank(marked: number): number {
    return (this.rows[(marked & FACT_NUMBER) * STRIDE + 2] as number) & 7
  }

  holdsAddresses(marked: number): boolean {
    return ((this.rows[(marked & FACT_NUMBER) * STRIDE + 2] as number) & HOLDS_ADDRESSES) !== 0
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
      sources: this.sources.columns(),
    }
  }

  byteSize(): number {
    return this.size * STRIDE * 4 + this.owners.byteSize().texts + this.sources.byteSize().texts
  }

  private ownersNumber(owners: readonly Owner[]): number {
    const known = this.knownOwners.get(owners)
    if (known !== undefined) return known
    const number = this.owners.intern(JSON.stringify(owners))
    this.knownOwners.set(owners, number)
    return number
  }

  private decode(number: number): Fact {
    const [owners = 0, source = 0, attributes = 0, ports = 0] = this.rows.subarray(
      number * STRIDE,
      (number + 1) * STRIDE,
    )
    const [first = '', ...others] = this.sources.text(source).split(BETWEEN_SOURCES)
    const also = others.filter(text => !text.startsWith(UNNAMED))
    const unnamed = others.filter(text => text.startsWith(UNNAMED))
    const fact = {
      source: first,
      ...(also.length > 0 && { alsoFrom: also }),
      ...(unnamed.length > 0 && { unnamedFrom: unnamed.map(sourceIn) }),
      owners: this.ownersOf(owners),
      layer: LAYERS[attributes & 7] as Layer,
      evidence: EVIDENCE[(attributes >>> 3) & 3] as Evidence,
      state: STATES[(attributes >>> 5) & 3] as Claim['state'],
      expects: LAYERS.filter((_, rank) => (attributes >>> (EXPECTS_SHIFT + rank)) & 1),
      whole: (attributes & WHOLE) !== 0,
      ports: (attributes & HAS_PORTS) !== 0 ? portsOf(ports) : null,
    }
    return fact
  }

  private ownersOf(number: number): readonly Owner[] {
    const known = this.ownersByNumber.get(number)
    if (known) return known
    if (this.ownersByNumber.size >= MOST_DECODED) this.ownersByNumber.clear()
    const owners = JSON.parse(this.owners.text(number)) as readonly Owner[]
    this.ownersByNumber.set(number, owners)
    this.knownOwners.set(owners, number)
    return owners
  }

  private numberOf(owners: number, source: number, attributes: number, ports: number): number {
    const slots = this.slots ?? this.rehash(Math.max(256, this.size * 2))
    const mask = slots.length - 1
    let at = hashOf(owners, source, attributes, ports) & mask
    for (let held = slots[at] as number; held > 0; held = slots[at] as number) {
      const row = (held - 1) * STRIDE
      const { rows } = this
      if (rows[row] === owners && rows[row + 1] === source && rows[row + 2] === attributes && rows[row + 3] === ports) {
        return held - 1
      }
      at = (at + 1) & mask
    }
    return this.append(at, owners, source, attributes, ports)
  }

  private append(slot: number, ...row: readonly [number, number, number, number]): number {
    if (this.size > FACT_NUMBER) throw new RangeError('a table of facts holds at most 2^29 of them')
    if ((this.size + 1) * STRIDE > this.rows.length) this.rows = grown(this.rows, Math.max(256, this.rows.length * 2))
    const number = this.size++
    this.rows.set(row, number * STRIDE)
    const slots = this.slots as Uint32Array
    slots[slot] = number + 1
    if (this.size * 10 > slots.length * 7) this.rehash(slots.length * 2)
    return number
  }

  private rehash(wanted: number): Uint32Array {
    const slots = new Uint32Array(2 ** Math.ceil(Math.log2(wanted)))
    const mask = slots.length - 1
    for (let number = 0; number < this.size; number++) {
      const [owners = 0, source = 0, attributes = 0, ports = 0] = this.rows.subarray(number * STRIDE)
      let at = hashOf(owners, source, attributes, ports) & mask
      while (slots[at] !== 0) at = (at + 1) & mask
      slots[at] = number + 1
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

function hashOf(owners: number, source: number, attributes: number, ports: number): number {
  let hash = Math.imul(owners ^ 0x9e3779b9, 0x85ebca6b)
  hash = Math.imul(hash ^ source ^ (hash >>> 15), 0xc2b2ae35)
  hash = Math.imul(hash ^ attributes ^ (hash >>> 13), 0x27d4eb2f)
  hash = Math.imul(hash ^ ports ^ (hash >>> 16), 0x165667b1)
  return (hash ^ (hash >>> 15)) >>> 0
}

/** Bits: layer 0-2, evidence 3-4, state 5-6, whole 7, has ports 8, holds addresses 9, expected layers from 10 on. */
function attributesOf(claim: Fact): number {
  let attributes = layerRank(claim.layer) | (EVIDENCE.indexOf(claim.evidence) << 3) | (STATES.indexOf(claim.state) << 5)
  if (claim.whole) attributes |= WHOLE
  if (claim.ports) attributes |= HAS_PORTS
  if (holdsAddresses(claim)) attributes |= HOLDS_ADDRESSES
  for (const layer of claim.expects) attributes |= 1 << (EXPECTS_SHIFT + layerRank(layer))
  return attributes >>> 0
}

/** Layers below `interface` say what is managed or named; only one marked `whole` owns its addresses. */
export const holdsAddresses = ({ layer, whole }: Pick<Fact, 'layer' | 'whole'>): boolean =>
  layerRank(layer) >= layerRank('interface') || whole

const isPlain = (claim: Fact): boolean =>
  holdsAddresses(claim) &&
  claim.owners.length === 1 &&
  claim.ports === null &&
  claim.expects.every(layer => layerRank(layer) <= layerRank(claim.layer))
