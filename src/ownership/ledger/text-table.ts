import { finished, HashSlots, mixed } from './hash-slots.ts'

const encoder = new TextEncoder()
// What begins with a byte order mark keeps it: it is a part of the text.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** What another thread, or a checkpoint, needs to read the table. Nothing in it changes any more. */
export type TextColumns = { readonly bytes: Uint8Array; readonly ends: Uint32Array }

const MOST_RECENT = 2048

/** Texts by number, each kept once: UTF-8 in shared memory, and a hash table to find the number of a text again. */
export class TextTable {
  size: number
  private bytes: Uint8Array
  /** The same bytes, four at a time. */
  private memory: DataView<ArrayBufferLike>
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
    this.memory = viewOf(this.bytes)
    this.ends = columns?.ends ?? new Uint32Array(new SharedArrayBuffer(1024))
    this.size = columns?.ends.length ?? 0
  }

  /** The number of the text, a new one where it is met for the first time. */
  intern(text: string): number {
    const known = this.numberOf(text)
    return known >= 0 ? known : this.append(this.lastSlot)
  }

  /**
   * The number of a text that lies in memory as ASCII, a new one where it is met for the first time: the same as `intern`
   * gives for it. The bytes are copied.
   * @param hash What `hashOfBytes` gives for it.
   */
  internAscii(
    memory: DataView<ArrayBufferLike>,
    from: number,
    size: number,
    hash = hashOfBytes(memory, from, size),
  ): number {
    const slots = this.slots ?? this.slotsOfAll()
    const slot = this.slotOfAscii(slots, memory, from, size, hash)
    const held = slots.at(slot)
    if (held >= 0) return held
    const number = this.size
    const start = this.reserve(size)
    copy(memory, from, size, this.memory, start)
    this.size++
    this.ends[number] = start + size
    slots.fill(slot, number, hash)
    this.lastSlot = -1 // it may be the slot that was filled, or lie elsewhere now
    return number
  }

  /** As `HashSlots.touch`, of texts that will be looked for by these hashes. */
  touch(hashes: Int32Array, count: number): number {
    const slots = this.slots ?? this.slotsOfAll()
    let touched = 0
    for (let i = 0; i < count; i++) touched ^= slots.touch(hashes[i] as number)
    return touched
  }

  /** As `internAscii`, of a text that is not to be kept: its number, or −1. */
  numberOfAscii(memory: DataView<ArrayBufferLike>, from: number, size: number): number {
    const slots = this.slots ?? this.slotsOfAll()
    return slots.at(this.slotOfAscii(slots, memory, from, size, hashOfBytes(memory, from, size)))
  }

  /** Whether the text of this number is the one that lies there. */
  isAscii(number: number, memory: DataView<ArrayBufferLike>, from: number, size: number): boolean {
    const start = this.startOf(number)
    return (this.ends[number] as number) - start === size && isSame(this.memory, start, memory, from, size)
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

  /**
   * Copies a text as UTF-8 to `at`, where there has to be room for it, and returns where it ends there; −1 where a byte of it may
   * mean something in CSV: a comma, a quote, or anything below the blank.
   */
  copyTo(number: number, into: DataView<ArrayBufferLike>, at: number): number {
    const { memory } = this
    const from = this.startOf(number)
    const until = this.ends[number] as number
    let to = at
    let found = 0
    let i = from
    // Four bytes at a time. A byte is below n where subtracting n borrows from its highest bit, and below 1 where it is 0.
    for (; i + 4 <= until; i += 4, to += 4) {
      const word = memory.getInt32(i, true)
      const comma = word ^ 0x2c2c2c2c
      const quote = word ^ 0x22222222
      found |= ((word - 0x20202020) & ~word) | ((comma - 0x01010101) & ~comma) | ((quote - 0x01010101) & ~quote)
      into.setInt32(to, word, true)
    }
    found &= 0x80808080
    for (; i < until; i++, to++) {
      const byte = memory.getUint8(i)
      if (byte < 0x20 || byte === 0x2c || byte === 0x22) found = 1
      into.setUint8(to, byte)
    }
    return found === 0 ? to : -1
  }

  /** Of the text, in bytes of UTF-8. */
  byteLength(number: number): number {
    return (this.ends[number] as number) - this.startOf(number)
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
    const from = this.reserve(this.wantedLength)
    const { bytes, wanted, wantedLength } = this
    for (let i = 0; i < wantedLength; i++) bytes[from + i] = wanted[i] as number
    const number = this.size++
    this.ends[number] = from + wantedLength
    if ((this.slots as HashSlots).fill(slot, number, this.wantedHash)) this.lastSlot = -1
    return number
  }

  /** Makes room for one text more, of so many bytes; returns where it goes. */
  private reserve(size: number): number {
    const from = this.startOf(this.size)
    const end = from + size
    if (end > MOST_BYTES) throw new RangeError('a table of texts holds at most 4 GiB')
    if (end > this.bytes.length) {
      this.bytes = grown(this.bytes, Math.min(MOST_BYTES, Math.max(end, this.bytes.length * 2)))
      this.memory = viewOf(this.bytes)
    }
    if (this.size === this.ends.length) this.ends = grown(this.ends, Math.max(64, this.size * 2))
    return from
  }

  /** Slot of the text, or the free one where it belongs. */
  private slotOfAscii(
    slots: HashSlots,
    memory: DataView<ArrayBufferLike>,
    from: number,
    size: number,
    hash: number,
  ): number {
    let slot = slots.first(hash)
    for (let held = slots.at(slot); held >= 0 && !this.isAscii(held, memory, from, size); held = slots.at(slot)) {
      slot = slots.next(slot, hash)
    }
    return slot
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
    this.wantedHash = hashOfBytes(viewOf(wanted), 0, this.wantedLength)
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
      const from = this.startOf(number)
      const hash = hashOfBytes(this.memory, from, (this.ends[number] as number) - from)
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
export function hashOfBytes(memory: DataView<ArrayBufferLike>, from: number, size: number): number {
  const until = from + size
  let hash = size
  let i = from
  for (; i + 4 <= until; i += 4) hash = mixed(hash, memory.getInt32(i, true))
  let rest = 0
  for (; i < until; i++) rest = (rest << 8) | memory.getUint8(i)
  return finished(mixed(hash, rest))
}

function isSame(
  held: DataView<ArrayBufferLike>,
  start: number,
  memory: DataView<ArrayBufferLike>,
  from: number,
  size: number,
): boolean {
  let i = 0
  for (; i + 4 <= size; i += 4) if (held.getInt32(start + i, true) !== memory.getInt32(from + i, true)) return false
  for (; i < size; i++) if (held.getUint8(start + i) !== memory.getUint8(from + i)) return false
  return true
}

function copy(
  memory: DataView<ArrayBufferLike>,
  from: number,
  size: number,
  to: DataView<ArrayBufferLike>,
  start: number,
): void {
  let i = 0
  for (; i + 4 <= size; i += 4) to.setInt32(start + i, memory.getInt32(from + i, true), true)
  for (; i < size; i++) to.setUint8(start + i, memory.getUint8(from + i))
}

export const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array) => new DataView(buffer, byteOffset, byteLength)
