const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** What another thread, or a checkpoint, needs to read the table. Nothing in it changes any more. */
export type TextColumns = { readonly bytes: Uint8Array; readonly ends: Uint32Array }

/** Texts by number, each kept once: UTF-8 in shared memory, and a hash table to find the number of a text again. */
export class TextTable {
  size: number
  private bytes: Uint8Array
  private ends: Uint32Array
  /** Of each text, and number + 1 by hash (0 is free). Made when a text is first looked for: readers never need them. */
  private hashes: Uint32Array = new Uint32Array(0)
  private slots: Uint32Array | undefined
  /** The text that is looked for, encoded. */
  private wanted = new Uint8Array(256)
  private wantedLength = 0
  private wantedHash = 0

  constructor(columns?: TextColumns) {
    this.bytes = columns?.bytes ?? new Uint8Array(new SharedArrayBuffer(4096))
    this.ends = columns?.ends ?? new Uint32Array(new SharedArrayBuffer(1024))
    this.size = columns?.ends.length ?? 0
  }

  /** The number of the text, a new one where it is met for the first time. */
  intern(text: string): number {
    const slot = this.find(text)
    const held = (this.slots as Uint32Array)[slot] as number
    return held > 0 ? held - 1 : this.append(slot)
  }

  /** The number of the text, or −1. */
  numberOf(text: string): number {
    const slot = this.find(text)
    return ((this.slots as Uint32Array)[slot] as number) - 1
  }

  text(number: number): string {
    return decoder.decode(this.bytes.subarray(this.startOf(number), this.ends[number]))
  }

  columns(): TextColumns {
    return { bytes: this.bytes.subarray(0, this.startOf(this.size)), ends: this.ends.subarray(0, this.size) }
  }

  /** Bytes of the texts and of their ends; what only a writer has, to find them again, apart. */
  byteSize(): { readonly texts: number; readonly search: number } {
    const search = this.hashes.byteLength + (this.slots?.byteLength ?? 0)
    return { texts: this.startOf(this.size) + this.size * 4, search }
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
    if (this.size >= this.hashes.length) this.hashes = grown(this.hashes, Math.max(64, this.size * 2))
    for (let i = 0; i < this.wantedLength; i++) this.bytes[from + i] = this.wanted[i] as number
    const number = this.size++
    this.ends[number] = end
    this.hashes[number] = this.wantedHash
    const slots = this.slots as Uint32Array
    slots[slot] = number + 1
    if (this.size * 10 > slots.length * 7) this.slots = this.rehashed(slots.length * 2)
    return number
  }

  /** Slot of the text, or the free one where it belongs. What was looked for stays encoded for `append`. */
  private find(text: string): number {
    this.slots ??= this.rehashed(Math.max(64, this.size * 2))
    this.encode(text)
    const { slots, hashes, wantedHash } = this
    const mask = slots.length - 1
    let at = wantedHash & mask
    for (let held = slots[at] as number; held > 0; held = slots[at] as number) {
      if (hashes[held - 1] === wantedHash && this.isWanted(held - 1)) return at
      at = (at + 1) & mask
    }
    return at
  }

  private encode(text: string): void {
    if (text.length * 3 > this.wanted.length) this.wanted = new Uint8Array(text.length * 3)
    this.wantedLength = encoder.encodeInto(text, this.wanted).written
    this.wantedHash = hashOf(this.wanted, 0, this.wantedLength)
  }

  private isWanted(number: number): boolean {
    const from = this.startOf(number)
    const { bytes, wanted, wantedLength } = this
    if ((this.ends[number] as number) - from !== wantedLength) return false
    for (let i = 0; i < wantedLength; i++) if (bytes[from + i] !== wanted[i]) return false
    return true
  }

  private rehashed(wanted: number): Uint32Array {
    const slots = new Uint32Array(2 ** Math.ceil(Math.log2(wanted)))
    const mask = slots.length - 1
    this.hashAll()
    for (let number = 0; number < this.size; number++) {
      let at = (this.hashes[number] as number) & mask
      while (slots[at] !== 0) at = (at + 1) & mask
      slots[at] = number + 1
    }
    return slots
  }

  /** Of a table that was made from columns: their hashes are not kept. */
  private hashAll(): void {
    if (this.hashes.length >= this.size) return
    this.hashes = new Uint32Array(new SharedArrayBuffer(this.size * 4))
    for (let number = 0; number < this.size; number++) {
      this.hashes[number] = hashOf(this.bytes, this.startOf(number), this.ends[number] as number)
    }
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

/** FNV-1a, finished by a mix so that the low bits are good. */
function hashOf(bytes: Uint8Array, from: number, until: number): number {
  let hash = 0x811c9dc5
  for (let i = from; i < until; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b)
  return (hash ^ (hash >>> 13)) >>> 0
}
