import {
  type Claim,
  type ClaimState,
  type Evidence,
  LAYERS,
  type Layer,
  type PortRange,
} from '../../ownership/claim.ts'
import type { EncodedClaim, OwnerTexts } from '../../ownership/encoded-claim.ts'
import { readPrefix } from '../../ownership/ledger/prefix-words.ts'
import { type ByteCursor, UNUSUAL } from './byte-cursor.ts'
import { type ClaimReader, canonicalPrefix, named, readLayers, readPorts } from './claim-reader.ts'
import { EVIDENCES, STATES } from './fields.ts'
import { readIpv4Host } from './ipv4-host.ts'
import { OwnerPlaces } from './owner-places.ts'
import { ownersEnd } from './owners-end.ts'
import type { TextMemo } from './text-memo.ts'

const HIGH_BITS = 0x80808080 | 0
const IPV4_HOST = 32

/** Where the owners of a claim lie, and their hash: what a second reading need not find again. */
export type OwnersPlace = { readonly ownersFrom: number; readonly ownersEnd: number; readonly ownersHash: number }

/**
 * A claim at the cursor's position, taken apart without a text being made of it, but for the names of which there are few.
 * It takes the forms that `ClaimReader` takes, if the id and the lifetime are ASCII; all else is UNUSUAL.
 */
export class ClaimBytes implements EncodedClaim {
  memory: DataView<ArrayBufferLike> = new DataView(new ArrayBuffer(0))
  idFrom = 0
  idSize = 0
  epoch = 0
  sequence = 0
  domain = ''
  source = ''
  prefixCode = 0
  readonly prefixWords = new Uint32Array(4)
  ports: PortRange | null = null
  layer: Layer = 'container'
  lifetimeFrom = 0
  lifetimeSize = -1
  startEarliestMs = Number.NEGATIVE_INFINITY
  startLatestMs = Number.NEGATIVE_INFINITY
  endEarliestMs = Number.NEGATIVE_INFINITY
  endLatestMs = Number.NEGATIVE_INFINITY
  lastSightingMs = 0
  evidence: Evidence = 'sighted'
  state: ClaimState = 'open'
  expects: readonly Layer[] = []
  whole = false
  ownerCount = 0
  ownersFrom = 0
  ownersEnd = 0
  ownersHash = 0
  private readonly cursor: ByteCursor
  private readonly names: TextMemo
  private readonly reader: ClaimReader
  private readonly places = new OwnerPlaces()
  private from = 0

  constructor(cursor: ByteCursor, names: TextMemo, reader: ClaimReader) {
    this.cursor = cursor
    this.names = names
    this.reader = reader
  }

  /**
   * What lies at the cursor's position; it is a claim only if the cursor has not moved beyond the end of the bytes.
   * @param known Of a claim that was read here before.
   * @throws UNUSUAL where it has to be read as an object, or by avsc.
   */
  read(known?: OwnersPlace): void {
    const { cursor } = this
    this.memory = cursor.memory
    this.from = cursor.position
    this.readHead()
    if (known) {
      this.ownersFrom = known.ownersFrom
      this.ownersEnd = known.ownersEnd
      this.ownersHash = known.ownersHash
      this.ownerCount = cursor.count()
      cursor.position = known.ownersEnd - cursor.base
    } else {
      this.ownersFrom = cursor.base + cursor.position
      this.ownersHash = ownersEnd(cursor)
      this.ownersEnd = cursor.base + cursor.position
      if (cursor.position > cursor.bytes.length) throw UNUSUAL
    }
    this.readTail()
  }

  owner(): OwnerTexts | undefined {
    const { cursor } = this
    cursor.position = this.ownersFrom - cursor.base
    return this.places.read(cursor) ? this.places : undefined
  }

  claim(): Claim {
    this.cursor.position = this.from
    return this.reader.read(this.cursor)
  }

  private readHead(): void {
    const { cursor } = this
    this.idSize = cursor.count()
    this.idFrom = cursor.base + cursor.position
    if (this.idSize === 0) throw UNUSUAL
    this.passAscii(this.idSize)
    this.epoch = cursor.long()
    this.sequence = cursor.long()
    if (this.epoch < 0 || this.sequence < 0) throw UNUSUAL
    this.domain = named(this.names.read(cursor))
    this.readPrefix()
    this.ports = cursor.isThere() ? readPorts(cursor) : null
    this.layer = cursor.choice<Layer>(LAYERS)
    this.source = named(this.names.read(cursor))
  }

  private readTail(): void {
    const { cursor } = this
    this.lifetimeSize = cursor.isThere() ? cursor.count() : -1
    this.lifetimeFrom = cursor.base + cursor.position
    if (this.lifetimeSize > 0) this.passAscii(this.lifetimeSize)
    this.startEarliestMs = cursor.isThere() ? cursor.long() : Number.NEGATIVE_INFINITY
    this.startLatestMs = cursor.isThere() ? cursor.long() : Number.POSITIVE_INFINITY
    this.endEarliestMs = cursor.isThere() ? cursor.long() : Number.NEGATIVE_INFINITY
    this.endLatestMs = cursor.isThere() ? cursor.long() : Number.POSITIVE_INFINITY
    this.lastSightingMs = cursor.long()
    this.evidence = cursor.choice<Evidence>(EVIDENCES)
    this.state = cursor.choice<ClaimState>(STATES)
    this.expects = readLayers(cursor)
    this.whole = cursor.boolean()
  }

  private readPrefix(): void {
    const { cursor, prefixWords } = this
    const size = cursor.count()
    const from = cursor.position
    cursor.position = from + size
    const address = readIpv4Host(cursor.bytes, from, size)
    if (address >= 0) {
      prefixWords[0] = address
      prefixWords[1] = 0
      prefixWords[2] = 0
      prefixWords[3] = 0
      this.prefixCode = IPV4_HOST
    } else {
      this.prefixCode = readPrefix(canonicalPrefix(cursor.bytes.toString('latin1', from, from + size)), prefixWords)
    }
  }

  private passAscii(size: number): void {
    const { cursor } = this
    if (!isAscii(cursor, cursor.position, size)) throw UNUSUAL
    cursor.position += size
  }
}

function isAscii(cursor: ByteCursor, from: number, size: number): boolean {
  const { bytes, memory, base } = cursor
  let bits = 0
  if (size < 4) {
    for (let at = from; at < from + size; at++) bits |= bytes[at] as number
    return bits < 0x80
  }
  const last = base + from + size - 4
  for (let at = base + from; at < last; at += 4) bits |= memory.getInt32(at, true)
  return ((bits | memory.getInt32(last, true)) & HIGH_BITS) === 0
}
