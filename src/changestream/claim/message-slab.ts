import { UNUSUAL } from './byte-cursor.ts'

const SLAB_BYTES = 64 * 1024
/** From here on the platform's own writer is quicker than a loop, whose characters cost less than the call. */
const LONG_TEXT = 24
/** Longer ones have a size of more than one byte. */
const LONGEST_WITH_SHORT_SIZE = 63
const LARGEST = 2 ** 52 - 1

/**
 * Writes Avro's primitives into messages that lie behind each other in large pieces of memory: one allocation for some
 * hundred messages. A piece lives as long as one of its messages does.
 */
export class MessageSlab {
  bytes = Buffer.alloc(0)
  /** Where the next byte goes. */
  next = 0
  private first = 0

  begin(header: Uint8Array): void {
    this.first = this.next
    this.reserve(header.length)
    this.bytes.set(header, this.next)
    this.next += header.length
  }

  /** The message since `begin`. */
  finish(): Buffer {
    return this.bytes.subarray(this.first, this.next)
  }

  byte(byte: number): void {
    this.reserve(1)
    this.bytes[this.next++] = byte
  }

  boolean(value: boolean): void {
    if (typeof value !== 'boolean') throw UNUSUAL
    this.byte(value ? 1 : 0)
  }

  long(value: number): void {
    if (!Number.isInteger(value) || value > LARGEST || value < -LARGEST) throw UNUSUAL
    this.reserve(8)
    const { bytes } = this
    let next = this.next
    const zigzag = value < 0 ? -2 * value - 1 : 2 * value
    // Whole numbers of 32 bits are what the machine is quick with.
    const high = Math.floor(zigzag / 2 ** 28) | 0
    let rest = (zigzag - high * 2 ** 28) | 0
    if (high > 0) {
      bytes[next] = rest | 0x80
      bytes[next + 1] = (rest >>> 7) | 0x80
      bytes[next + 2] = (rest >>> 14) | 0x80
      bytes[next + 3] = (rest >>> 21) | 0x80
      next += 4
      rest = high
    }
    for (; rest > 0x7f; rest >>>= 7) bytes[next++] = rest | 0x80
    bytes[next++] = rest
    this.next = next
  }

  longOrNull(value: number | null): void {
    this.byte(value === null ? 0 : 2)
    if (value !== null) this.long(value)
  }

  text(text: string): void {
    if (typeof text !== 'string') throw UNUSUAL
    const { length } = text
    this.reserve(length * 3 + 8)
    if (length < LONG_TEXT && this.shortText(text)) return
    this.longText(text)
  }

  /** False where a character is not of one byte; then nothing is written. */
  private shortText(text: string): boolean {
    const { bytes } = this
    let next = this.next + 1
    let bits = 0
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i)
      bits |= code
      bytes[next++] = code
    }
    if (bits >= 0x80) return false
    bytes[this.next] = text.length << 1
    this.next = next
    return true
  }

  textOrNull(text: string | null): void {
    this.byte(text === null ? 0 : 2)
    if (text !== null) this.text(text)
  }

  /** Bytes of this piece once more. */
  repeat(from: number, until: number): void {
    const { bytes } = this
    this.reserve(until - from) // may begin a new piece
    this.next += bytes.copy(this.bytes, this.next, from, until)
  }

  private longText(text: string): void {
    const size = text.length > LONGEST_WITH_SHORT_SIZE ? 64 : this.bytes.write(text, this.next + 1)
    if (size <= LONGEST_WITH_SHORT_SIZE) {
      this.bytes[this.next] = size << 1
      this.next += 1 + size
      return
    }
    this.long(Buffer.byteLength(text))
    this.next += this.bytes.write(text, this.next)
  }

  /** Makes sure that so many bytes fit behind what is written; a message that was begun moves to a new piece. */
  private reserve(size: number): void {
    if (this.next + size <= this.bytes.length) return
    const begun = this.bytes.subarray(this.first, this.next)
    this.bytes = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, 2 * (begun.length + size)))
    this.bytes.set(begun)
    this.next -= this.first
    this.first = 0
  }
}
