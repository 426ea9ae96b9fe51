import { finished, HashSlots, mixed } from './hash-slots.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** What another thread, or a checkpoint, needs to read the table. Nothing in it changes any more. */
export type TextColumns = { readonly bytes: Uint8Array; readonly ends: Uint32Array }

const MOST_RECENT = 2048

/** Texts by number, each kept once: UTF-8 in shared memory, and a hash table to find the number of a text again. */
export class TextTable {
  size: number
  private bytes: Uint8Array
  private ends: Uint32Array
  /** Made when a text is first looked for: readers never need them. */
  private slots: HashSlots | undefined
  /** The text that is looked for, encoded. */
  private wanted = new Uint8Array(256)
  private wantedLength = 0
  private wantedHash = 0
  /** The text that was looked for last, and its slot, −1 where it has moved: whoever asks for its number often interns it next. */
  private lastText = ''
  private lastSlot = -1
  /** Texts that came more than once, by their hash, and their number + 1: compared whole, without a byte being read. */
  private readonly recentTexts = new Array<string>(MOST_RECENT).fill('')
  private readonly recentNumbers = new Uint32Array(MOST_RECENT)

  constructor(columns?: TextColumns) {
    this.bytes = columns?.bytes ?? new Uint8Array(new SharedArrayBuffer(4096))
    this.ends = columns?.ends ?? new Uint32Array(new SharedArrayBuffer(1024))
    this.size = columns?.ends.length ?? 0
  }

  /** The number of the text, a new one where it is met for the first time. */
  intern(text: string): number {
    const known = this.numberOf(text)
    return known >= 0 ? known : this.append(this.lastSlot)
  }

  /** The number of the text, or −1. */
  numberOf(text: string): number {
    if (this.lastSlot >= 0 && text === this.lastText) return (this.slots as HashSlots).at(this.lastSlot)
    const hash = hashOfText(text)
    const place = hash & (MOST_RECENT - 1)
    const recent = this.recentNumbers[place] as number
    if (recent > 0 && text === this.recentTexts[place]) return recent - 1
    const number = this.find(text, hash)
    if (number < 0) return number
    this.recentTexts[place] = text
    this.recentNumbers[place] = number + 1
    return number
  }

  text(number: number): string {
    return decoder.decode(this.bytes.subarray(this.startOf(number), this.ends[number]))
  }

  columns(): TextColumns {
    return { bytes: this.bytes.subarray(0, this.startOf(this.size)), ends: this.ends.subarray(0, this.size) }
  }

  /** Bytes of the texts and of their ends; what only a writer has, to find them again, apart. */
  byteSize(): { readonly texts: number; readonly search: number } {
    return { texts: this.startOf(this.size) + this.size * 4, search: this.slots?.byteLength ?? 0 }
  }

  private startOf(number: number): number {
    return number === 0 ? 0 : (this.ends[number - 1] as number)
  }

  private append(slot: number): number {
    const from = this.startOf(this.size)
    const end = from + this.wantedLength
    if (end > MOST_BYTES) throw new RangeError('a table of texts holds at most 4 GiB')
    if (end > this.bytes.length)
      this.bytes = grown(this.bytes, Math.min(MOST_BYTES, Math.max(end, this.bytes.length * 2)))
    if (this.size === this.ends.length) this.ends = grown(this.ends, Math.max(64, this.size * 2))
    const { bytes, wanted, wantedLength } = this
    for (let i = 0; i < wantedLength; i++) bytes[from + i] = wanted[i] as number
    const number = this.size++
    this.ends[number] = end
    if ((this.slots as HashSlots).fill(slot, number, this.wantedHash)) this.lastSlot = -1
    return number
  }

  /** What was looked for stays encoded for `append`, and its slot, or the free one where it belongs, known. */
  private find(text: string, hash: number): number {
    const slots = this.slots ?? this.slotsOfAll()
    this.encode(text, hash)
    const { wantedHash } = this
    let slot = slots.first(wantedHash)
    let held = slots.at(slot)
    while (held >= 0 && !this.isWanted(held)) {
      slot = slots.next(slot, wantedHash)
      held = slots.at(slot)
    }
    this.lastText = text
    this.lastSlot = slot
    return held
  }

  private encode(text: string, hash: number): void {
    const { length } = text
    if (length * 3 > this.wanted.length) this.wanted = new Uint8Array(length * 3)
    const { wanted } = this
    let all = 0
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i)
      all |= code
      wanted[i] = code
    }
    this.wantedLength = length
    this.wantedHash = hash
    if (all < 0x80) return
    this.wantedLength = encoder.encodeInto(text, wanted).written
    this.wantedHash = hashOf(wanted, 0, this.wantedLength)
  }

  private isWanted(number: number): boolean {
    const from = this.startOf(number)
    const { bytes, wanted, wantedLength } = this
    if ((this.ends[number] as number) - from !== wantedLength) return false
    for (let i = 0; i < wantedLength; i++) if (bytes[from + i] !== wanted[i]) return false
    return true
  }

  private slotsOfAll(): HashSlots {
    const slots = new HashSlots(this.size)
    for (let number = 0; number < this.size; number++) {
      const hash = hashOf(this.bytes, this.startOf(number), this.ends[number] as number)
      let slot = slots.first(hash)
      while (slots.at(slot) >= 0) slot = slots.next(slot, hash)
      slots.fill(slot, number, hash)
    }
    this.slots = slots
    return slots
  }
}

const MOST_BYTES = 2 ** 32 - 1

/** A longer column with the same values at its start. Whoever holds the old one still reads what it held. */
export function grown<T extends Uint8Array | Uint32Array | Int32Array | Float64Array>(column: T, length: number): T {
  const make = column.constructor as new (buffer: SharedArrayBuffer) => T
  const longer = new make(new SharedArrayBuffer(length * column.BYTES_PER_ELEMENT))
  longer.set(column)
  return longer
}

/** Of a text that is ASCII, as nearly all are, the hash of its bytes. */
function hashOfText(text: string): number {
  const { length } = text
  let hash = length
  let i = 0
  for (; i + 4 <= length; i += 4) {
    const low = text.charCodeAt(i) | (text.charCodeAt(i + 1) << 8)
    hash = mixed(hash, low | (text.charCodeAt(i + 2) << 16) | (text.charCodeAt(i + 3) << 24))
  }
  let rest = 0
  for (; i < length; i++) rest = (rest << 8) | text.charCodeAt(i)
  return finished(mixed(hash, rest))
}

/** Four bytes at a time, then what is left. */
function hashOf(bytes: Uint8Array, from: number, until: number): number {
  let hash = until - from
  let i = from
  for (; i + 4 <= until; i += 4) {
    const low = (bytes[i] as number) | ((bytes[i + 1] as number) << 8)
    hash = mixed(hash, low | ((bytes[i + 2] as number) << 16) | ((bytes[i + 3] as number) << 24))
  }
  let rest = 0
  for (; i < until; i++) rest = (rest << 8) | (bytes[i] as number)
  return finished(mixed(hash, rest))
}
