import { LENGTH_BYTES, type Plain } from '../../changestream/parquet/plain-values.ts'
import { viewOf } from '../../ownership/ledger/text-table.ts'
import { IPV4_ROOM_BYTES, putIpv4 } from './ipv4-digits.ts'
import { larger } from './word-rows.ts'

const FIRST_BYTES = 65_536
const FIRST_TEXTS = 1024
/** What is copied or put in whole words may reach so far behind the end. */
const SPARE_BYTES = 8

/** Texts one after another as Parquet has them plain, each with its length before it. */
export class PlainTexts implements Plain {
  bytes = Buffer.alloc(FIRST_BYTES)
  begins = new Int32Array(FIRST_TEXTS)
  size = 0
  view = viewOf(this.bytes)

  clear(): void {
    this.size = 0
  }

  /** Returns its place. */
  add(text: string): number {
    // No more bytes than three for a code unit of UTF-16.
    const at = this.roomFor(LENGTH_BYTES + 3 * text.length)
    const length = this.bytes.write(text, at + LENGTH_BYTES)
    this.view.setInt32(at, length, true)
    return this.end(at + LENGTH_BYTES + length)
  }

  /** The text of an IPv4 address. */
  addIpv4(word: number): number {
    const at = this.roomFor(LENGTH_BYTES + IPV4_ROOM_BYTES)
    const end = putIpv4(this.view, at + LENGTH_BYTES, word)
    this.view.setInt32(at, end - at - LENGTH_BYTES, true)
    return this.end(end)
  }

  /** The text at a place of another. */
  addOf(other: PlainTexts, place: number): number {
    const from = other.begins[place] as number
    const length = (other.begins[place + 1] as number) - from
    const at = this.roomFor(length)
    const { view } = this
    const source = other.view
    for (let i = 0; i < length; i += 4) view.setInt32(at + i, source.getInt32(from + i, true), true)
    return this.end(at + length)
  }

  private end(end: number): number {
    this.begins[this.size + 1] = end
    return this.size++
  }

  /** Returns where the next text begins. */
  private roomFor(most: number): number {
    if (this.size + 1 >= this.begins.length) this.begins = larger(this.begins, this.size + 2)
    const at = this.begins[this.size] as number
    if (at + most + SPARE_BYTES > this.bytes.length) {
      const room = Buffer.alloc(Math.max(2 * this.bytes.length, at + most + SPARE_BYTES))
      this.bytes.copy(room, 0, 0, at)
      this.bytes = room
      this.view = viewOf(room)
    }
    return at
  }
}
