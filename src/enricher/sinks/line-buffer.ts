import { viewOf } from '../../ownership/ledger/text-table.ts'
import type { ByteOut } from './byte-out.ts'
import { IPV4_ROOM_BYTES, putIpv4 } from './ipv4-digits.ts'
import { placeOfFirst, zeroBytes } from './line-words.ts'

const CHUNK_BYTES = 256 * 1024
const [CR, ZERO] = [13, 48]
const MOST_DIGITS = 10
const SHORT = 32
const LINE_FEEDS = 0x0a0a0a0a

/** Whether what is answered goes out at once, however little it is: somebody waits for it. */
export type Promptness = { readonly isPrompt?: boolean }

/**
 * Lines of outputs as bytes, gathered into chunks, for a write costs the same however short it is. Keeps its memory from output to
 * output. Tight, as each field of a record is put by itself.
 */
export class LineBuffer {
  private bytes = Buffer.allocUnsafe(2 * CHUNK_BYTES)
  private view = viewOf(this.bytes)
  private at = 0
  private out: ByteOut | undefined
  private isPrompt = false

  /** The next output; what another one left is forgotten. With `isPrompt` it is always time to flush. */
  begin(out: ByteOut, { isPrompt = false }: Promptness = {}): void {
    this.out = out
    this.isPrompt = isPrompt
    this.at = 0
  }

  /** Whether it is time to flush. */
  get isDue(): boolean {
    return this.isPrompt || this.at >= CHUNK_BYTES
  }

  /** Short ASCII is written here: calling Node's own writer costs more than the bytes do. */
  text(text: string): void {
    // No more bytes than three for a code unit of UTF-16.
    this.room(3 * text.length)
    let i = text.length < SHORT ? 0 : text.length
    const { bytes, at } = this
    for (; i < text.length; i++) {
      const code = text.charCodeAt(i)
      if (code > 127) break
      bytes[at + i] = code
    }
    this.at += i < text.length || i >= SHORT ? bytes.write(text, at) : i
  }

  /** ASCII. */
  letter(code: number): void {
    this.room(1)
    this.bytes[this.at++] = code
  }

  /** The text of an IPv4 address. */
  ipv4(word: number): void {
    this.room(IPV4_ROOM_BYTES)
    this.at = putIpv4(this.view, this.at, word)
  }

  /** The digits of a whole number from 0 on, below 2³¹. */
  digits(value: number): void {
    this.room(MOST_DIGITS)
    let count = 1
    for (let above = 10; above <= value; above *= 10) count++
    const { bytes } = this
    let left = value
    for (let at = this.at + count - 1; at >= this.at; at--, left = (left / 10) | 0) bytes[at] = ZERO + (left % 10)
    this.at += count
  }

  /** Where the next byte goes. */
  get end(): number {
    return this.at
  }

  /** Takes back what was put from there on. */
  cut(end: number): void {
    this.at = end
  }

  copy(from: DataView, begin: number, end: number): void {
    this.room(end - begin)
    const { view } = this
    let at = this.at | 0
    let i = begin | 0
    for (; i <= end - 4; i = (i + 4) | 0, at = (at + 4) | 0) view.setInt32(at, from.getInt32(i, true), true)
    for (; i < end; i = (i + 1) | 0, at = (at + 1) | 0) view.setUint8(at, from.getUint8(i))
    this.at = at
  }

  /** The line that begins there, without its end; four bytes behind its newline must be there. */
  copyLine(from: DataView, begin: number): void {
    let end = begin | 0
    let found = zeroBytes(from.getInt32(end, true) ^ LINE_FEEDS)
    while (found === 0) {
      end = (end + 4) | 0
      found = zeroBytes(from.getInt32(end, true) ^ LINE_FEEDS)
    }
    end += placeOfFirst(found)
    this.copy(from, begin, end > begin && from.getUint8(end - 1) === CR ? end - 1 : end)
  }

  /** Writes what there is. */
  async flush(): Promise<void> {
    if (this.at === 0) return
    await this.out?.write(this.bytes.subarray(0, this.at))
    this.at = 0
  }

  private room(more: number): void {
    if (this.at + more <= this.bytes.length) return
    const larger = Buffer.allocUnsafe(Math.max(2 * this.bytes.length, this.at + more))
    this.bytes.copy(larger, 0, 0, this.at)
    this.bytes = larger
    this.view = viewOf(larger)
  }
}
