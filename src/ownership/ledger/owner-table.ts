import type { Owner } from '../claim.ts'
import type { EncodedClaim, OwnerTexts } from '../encoded-claim.ts'
import { BytesMemo } from './bytes-memo.ts'
import { finished, HashSlots, mixed } from './hash-slots.ts'
import { LabelsText } from './labels-text.ts'
import { Recent } from './recent.ts'
import { grown, hashOfBytes, type TextTable } from './text-table.ts'

/**
 * Row of an owner: its texts (number + 1, 0 for null), its labels as one text likewise, and the owners behind it in the
 * list, by their number, times two, plus one where it forwards.
 */
const ROW = 17
const RESOURCE_ID = 5
const ENI = 11
const TEXTS = 15
const LABELS = 15
const REST = 16

/** In the place of the number of a text that has to be looked for. */
const NOT_LAST = 2 ** 32 - 1

/** Texts of owners that are kept decoded, and lists of owners that are known as objects. */
const MOST_KEPT = 8192
/** Longer lists are taken apart every time, so that a few of them cannot drive all others out. */
const MOST_BYTES_KEPT = 4096

/**
 * Lists of owners, each kept once: a row for every owner, chained to the row of the next. 0 is the empty list. Its texts,
 * of which most stand in many rows, lie in a table that others may use too.
 */
export class OwnerTable {
  size: number
  private rows: Uint32Array
  private readonly texts: TextTable
  private slots: HashSlots | undefined
  /** The row that is looked for. */
  private readonly wanted = new Uint32Array(ROW)
  /** What each text was last and its number + 1, 0 before the first: most are those of the owner before. */
  private readonly lastTexts = new Array<string>(TEXTS).fill('')
  private readonly lastNumbers = new Uint32Array(TEXTS)
  private lastOwners: readonly Owner[] | undefined
  private lastNumber = 0
  /** The number + 1 of what each text was last where it came as bytes. */
  private readonly lastAscii = new Uint32Array(TEXTS)
  /** Of the texts that have to be looked for. */
  private readonly hashes = new Int32Array(TEXTS + 1)
  private touched = 0
  private readonly byBytes = new BytesMemo<number>()
  private readonly labelsText = new LabelsText()
  private readonly byIdentity = new Recent<readonly Owner[], number>(MOST_KEPT)
  private readonly decodedTexts = new Recent<number, string>(MOST_KEPT)

  constructor(texts: TextTable, rows?: Uint32Array) {
    this.texts = texts
    this.rows = rows ?? new Uint32Array(new SharedArrayBuffer(4 * ROW * 64))
    this.size = rows ? rows.length / ROW : 0
  }

  /** The number of a list of owners. Of an array that came before, found at once: equal owners need not be compared. */
  intern(owners: readonly Owner[]): number {
    if (owners === this.lastOwners) return this.lastNumber
    this.lastNumber = this.byIdentity.get(owners) ?? this.internAll(owners)
    this.lastOwners = owners
    return this.lastNumber
  }

  /** As `intern`, of the owners of a claim that lies encoded. */
  internEncoded(claim: EncodedClaim): number {
    const { memory, ownersFrom, ownersEnd, ownersHash } = claim
    const known = this.byBytes.find(ownersHash, memory, ownersFrom, ownersEnd)
    if (known !== undefined) return known
    const owner = claim.owner()
    const isRead = owner !== undefined && this.readEncoded(memory, owner)
    const number = isRead ? this.internWanted() : this.intern(claim.claim().owners)
    if (ownersEnd - ownersFrom <= MOST_BYTES_KEPT) this.byBytes.keep(ownersHash, memory, ownersFrom, ownersEnd, number)
    return number
  }

  /** As `HashSlots.touch`, of owners that will be interned by `internEncoded`. */
  touch(hash: number): number {
    return this.byBytes.touch(hash)
  }

  /** The number of the first owner's resource in the table of texts. */
  resource(number: number): number {
    return (this.rows[(number - 1) * ROW + RESOURCE_ID] as number) - 1
  }

  /** The number of a text in the table of texts. A lifetime is often the resource of the owner just interned. */
  textNumber(text: string): number {
    const known = this.lastNumbers[RESOURCE_ID] as number
    return known > 0 && text === this.lastTexts[RESOURCE_ID] ? known - 1 : this.texts.intern(text)
  }

  owners(number: number): readonly Owner[] {
    const owners: Owner[] = []
    for (let list = number; list > 0; list = this.rest(list)) owners.push(this.owner(list))
    return owners
  }

  /** The list without its first owner. */
  rest(number: number): number {
    return (this.rows[(number - 1) * ROW + REST] as number) >>> 1
  }

  /** The interface of the first owner of a list, by the number of its text, or −1. */
  eni(number: number): number {
    return (this.rows[(number - 1) * ROW + ENI] as number) - 1
  }

  /** The application of the first owner of a list, by the number of its text, or −1. */
  application(number: number): number {
    return (this.rows[(number - 1) * ROW] as number) - 1
  }

  /**
   * Any text of the first owner of a list, by its place in OWNER_TEXTS, copied as `TextTable.copyTo` does, and to before `end`;
   * nothing where it is null, −1 where there is no room for it.
   */
  copyText(number: number, field: number, into: DataView<ArrayBufferLike>, at: number, end: number): number {
    const text = this.rows[(number - 1) * ROW + field] as number
    if (text === 0) return at
    return at + this.texts.byteLength(text - 1) > end ? -1 : this.texts.copyTo(text - 1, into, at)
  }

  /** Whether the first owner of a list forwards. */
  forwards(number: number): boolean {
    return ((this.rows[(number - 1) * ROW + REST] as number) & 1) === 1
  }

  columns(): Uint32Array {
    return this.rows.subarray(0, this.size * ROW)
  }

  private internAll(owners: readonly Owner[]): number {
    const before = this.size
    let number = 0
    for (let i = owners.length - 1; i >= 0; i--) number = this.internOne(owners[i] as Owner, number)
    // Owners that come again may come as the same object again: from a decoder that knows them by their bytes.
    if (this.size === before) this.byIdentity.set(owners, number)
    return number
  }

  private internOne(owner: Owner, rest: number): number {
    this.read(owner, rest)
    return this.internWanted()
  }

  private internWanted(): number {
    const slots = this.slots ?? this.slotsOfAll()
    const hash = hashOf(this.wanted, 0)
    let slot = slots.first(hash)
    for (let held = slots.at(slot); held >= 0; held = slots.at(slot)) {
      if (this.isWanted(held)) return held + 1
      slot = slots.next(slot, hash)
    }
    const at = this.size * ROW
    if (at + ROW > this.rows.length) this.rows = grown(this.rows, Math.max(ROW * 64, this.rows.length * 2))
    const { rows, wanted } = this
    for (let i = 0; i < ROW; i++) rows[at + i] = wanted[i] as number
    slots.fill(slot, this.size, hash)
    return ++this.size
  }

  private read(owner: Owner, rest: number): void {
    const { wanted } = this
    wanted[0] = this.textOrNull(0, owner.application)
    wanted[1] = this.textOrNull(1, owner.cluster)
    wanted[2] = this.textOrNull(2, owner.stack)
    wanted[3] = this.textOrNull(3, owner.detail)
    wanted[4] = this.textOrNull(4, owner.kind)
    wanted[RESOURCE_ID] = this.textOrNull(RESOURCE_ID, owner.resourceId)
    wanted[6] = this.textOrNull(6, owner.account)
    wanted[7] = this.textOrNull(7, owner.region)
    wanted[8] = this.textOrNull(8, owner.zone)
    wanted[9] = this.textOrNull(9, owner.vpc)
    wanted[10] = this.textOrNull(10, owner.subnet)
    wanted[ENI] = this.textOrNull(ENI, owner.eni)
    wanted[12] = this.textOrNull(12, owner.host)
    wanted[13] = this.textOrNull(13, owner.team)
    wanted[14] = this.textOrNull(14, owner.namedBy)
    wanted[LABELS] = this.labelsNumber(owner.labels)
    wanted[REST] = rest * 2 + (owner.forwards ? 1 : 0)
  }

  /** As `read`, of an owner with nobody behind him. False where his labels are best read as an object. */
  private readEncoded(
    memory: DataView<ArrayBufferLike>,
    { places, labels, labelCount, forwards }: OwnerTexts,
  ): boolean {
    const { wanted } = this
    if (labelCount > 0 && !this.labelsText.write(memory, labels, labelCount)) return false
    // First all that is known or can be hashed, then what has to be looked for: see `HashSlots.touch`.
    const { texts, hashes, lastAscii, labelsText } = this
    let count = 0
    for (let field = 0; field < TEXTS; field++) {
      const [from, size] = [places[field * 2] as number, places[field * 2 + 1] as number]
      const last = lastAscii[field] as number
      wanted[field] = NOT_LAST
      if (size < 0) wanted[field] = 0
      else if (last > 0 && texts.isAscii(last - 1, memory, from, size)) wanted[field] = last
      else hashes[count++] = hashOfBytes(memory, from, size)
    }
    const labelsHash = labelCount === 0 ? 0 : hashOfBytes(labelsText.memory, 0, labelsText.size)
    hashes[count] = labelsHash
    this.touched ^= texts.touch(hashes, count + 1)
    count = 0
    for (let field = 0; field < TEXTS; field++) {
      if (wanted[field] !== NOT_LAST) continue
      const [from, size] = [places[field * 2] as number, places[field * 2 + 1] as number]
      wanted[field] = lastAscii[field] = texts.internAscii(memory, from, size, hashes[count++] as number) + 1
    }
    wanted[LABELS] = labelCount === 0 ? 0 : texts.internAscii(labelsText.memory, 0, labelsText.size, labelsHash) + 1
    wanted[REST] = forwards ? 1 : 0
    return true
  }

  private owner(number: number): Owner {
    const at = (number - 1) * ROW
    const text = (field: number): string | null => this.decoded(this.rows[at + field] as number)
    const labels = text(LABELS)
    return {
      application: text(0),
      cluster: text(1),
      stack: text(2),
      detail: text(3),
      kind: text(4) ?? '',
      resourceId: text(RESOURCE_ID) ?? '',
      account: text(6),
      region: text(7),
      zone: text(8),
      vpc: text(9),
      subnet: text(10),
      eni: text(ENI),
      host: text(12),
      team: text(13),
      labels: labels === null ? {} : Object.fromEntries(JSON.parse(labels)),
      namedBy: text(14),
      forwards: ((this.rows[at + REST] as number) & 1) === 1,
    }
  }

  private textOrNull(field: number, text: string | null): number {
    if (text === null) return 0
    const known = this.lastNumbers[field] as number
    if (known > 0 && text === this.lastTexts[field]) return known
    const number = this.texts.intern(text) + 1
    this.lastTexts[field] = text
    this.lastNumbers[field] = number
    return number
  }

  /** The same text for the same labels, whatever the order in which they were written. */
  private labelsNumber(labels: Owner['labels']): number {
    const names = Object.keys(labels)
    if (names.length === 0) return 0
    return this.texts.intern(JSON.stringify(names.sort().map(name => [name, labels[name]]))) + 1
  }

  private decoded(number: number): string | null {
    if (number === 0) return null
    const known = this.decodedTexts.get(number)
    if (known !== undefined) return known
    const text = this.texts.text(number - 1)
    this.decodedTexts.set(number, text)
    return text
  }

  private isWanted(number: number): boolean {
    const { rows, wanted } = this
    const at = number * ROW
    for (let i = 0; i < ROW; i++) if (rows[at + i] !== wanted[i]) return false
    return true
  }

  private slotsOfAll(): HashSlots {
    const slots = new HashSlots(this.size)
    for (let number = 0; number < this.size; number++) {
      const hash = hashOf(this.rows, number * ROW)
      let slot = slots.first(hash)
      while (slots.at(slot) >= 0) slot = slots.next(slot, hash)
      slots.fill(slot, number, hash)
    }
    this.slots = slots
    return slots
  }
}

function hashOf(rows: Uint32Array, at: number): number {
  let hash = ROW
  for (let i = 0; i < ROW; i++) hash = mixed(hash, rows[at + i] as number)
  return finished(hash)
}
