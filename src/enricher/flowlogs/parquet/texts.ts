import { parseAddress } from '../../../ownership/address.ts'
import { IPV4_LOOK_AHEAD_BYTES, readIpv4, readIpv6 } from '../address-bytes.ts'
import type { AddressColumn } from '../record-batch.ts'
import type { TextTable } from '../text-table.ts'

/** What stands in `AddressColumn.families` for a text that is no address. */
export const NO_ADDRESS = 255

const [DASH, DOT, ZERO, NINE] = [45, 46, 48, 57]

/** `isWhole` where each text is an address, `hasBad` where one says something that is none. */
export type Addresses = AddressColumn & { readonly isWhole: boolean; readonly hasBad: boolean }

/** 1 for each text that cannot be an id; `isWhole` where all can. */
export type OddIds = { readonly odd: Uint8Array; readonly isWhole: boolean }

/**
 * Values of a dictionary, or of a page without one: texts as bytes, and what was made of them. Of a dictionary each is read
 * once, however many records have it.
 */
export class ByteTexts {
  readonly bytes: Uint8Array
  readonly starts: Int32Array
  readonly ends: Int32Array
  readonly size: number
  #addresses: Addresses | undefined
  #numbers: Int32Array | undefined
  #numbersOf: TextTable | undefined
  #oddIds: OddIds | undefined
  readonly #texts: (string | undefined)[] = []

  constructor(bytes: Uint8Array, starts: Int32Array, ends: Int32Array, size: number) {
    this.bytes = bytes
    this.starts = starts
    this.ends = ends
    this.size = size
  }

  /** The text as it stands there. */
  textAt(place: number): string {
    let text = this.#texts[place]
    if (text === undefined) {
      text = Buffer.from(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength).toString(
        'utf8',
        this.starts[place] ?? 0,
        this.ends[place] ?? 0,
      )
      this.#texts[place] = text
    }
    return text
  }

  /** Whether it says that there is nothing: `-`, or no character at all. */
  isAbsent(place: number): boolean {
    const start = this.starts[place] ?? 0
    const length = (this.ends[place] ?? 0) - start
    return length === 0 || (length === 1 && this.bytes[start] === DASH)
  }

  /** All of them as addresses: family 0 where there is none, NO_ADDRESS where it is none. */
  addresses(): Addresses {
    this.#addresses ??= this.#readAddresses()
    return this.#addresses
  }

  #readAddresses(): Addresses {
    const { bytes } = this
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const lastFar = bytes.length - IPV4_LOOK_AHEAD_BYTES
    const families = new Uint8Array(this.size)
    const words = new Int32Array(this.size * 4)
    let isWhole = true
    let hasBad = false
    for (let place = 0; place < this.size; place++) {
      const start = this.starts[place] ?? 0
      const end = this.ends[place] ?? 0
      if (start <= lastFar && readIpv4(view, start, words, place << 2) === end) {
        families[place] = 4
        continue
      }
      const word = ipv4Word(bytes, start, end)
      if (word !== NOT_IPV4) {
        families[place] = 4
        words[place * 4] = word
      } else if (isIpv6(bytes, start, end, words, place * 4)) {
        families[place] = 6
      } else if (this.isAbsent(place)) isWhole = false
      else {
        const bits = parseAddress(this.textAt(place))
        families[place] = bits?.family ?? NO_ADDRESS
        if (bits) words.set(bits.words, place * 4)
        else hasBad = true
      }
    }
    return { families, words, isWhole: isWhole && !hasBad, hasBad }
  }

  /** Which cannot be ids: a byte in them is a space, a control character or none of ASCII. */
  oddIds(): OddIds {
    this.#oddIds ??= this.#findOddIds()
    return this.#oddIds
  }

  #findOddIds(): OddIds {
    const odd = new Uint8Array(this.size)
    let isWhole = true
    for (let place = 0; place < this.size; place++) {
      const end = this.ends[place] ?? 0
      for (let at = this.starts[place] ?? 0; at < end; at++) {
        const byte = this.bytes[at] ?? 0
        if (byte >= FIRST_PRINTABLE && byte <= LAST_PRINTABLE) continue
        odd[place] = 1
        isWhole = false
      }
    }
    return { odd, isWhole }
  }

  /** Numbers of the texts in `table`, UNASKED for those that `numberAt` was not asked for yet. */
  numbersIn(table: TextTable): Int32Array {
    if (this.#numbers === undefined || this.#numbersOf !== table) {
      this.#numbers = new Int32Array(this.size).fill(UNASKED)
      this.#numbersOf = table
    }
    return this.#numbers
  }

  /** The number of a text in `table`, `absent` where it says nothing. */
  numberAt(place: number, table: TextTable, absent: number): number {
    const numbers = this.numbersIn(table)
    const number = this.isAbsent(place) ? absent : table.numberOf(this.textAt(place))
    numbers[place] = number
    return number
  }
}

/** The longest text of an IPv6 address has 45 characters; behind it a byte that belongs to none. */
const alone = new Uint8Array(46)

/**
 * Whether the text is an IPv6 address, whose words are then put in `words`. It is copied to where its end is marked, for
 * here the next value may follow at once. A v4-mapped address is the IPv4 address in it, which is for `parseAddress`.
 */
function isIpv6(bytes: Uint8Array, from: number, until: number, words: Int32Array, at: number): boolean {
  const length = until - from
  if (length === 0 || length >= alone.length) return false
  alone.set(bytes.subarray(from, until))
  alone[length] = 0
  if (readIpv6(alone, 0, words, at) !== length) return false
  return words[at] !== 0 || words[at + 1] !== 0 || words[at + 2] !== 0xffff
}

const [FIRST_PRINTABLE, LAST_PRINTABLE] = [0x21, 0x7e]
export const UNASKED = -2_147_483_648

const NOT_IPV4 = -1

/**
 * Four decimal numbers without leading zeros, as `parseAddress` reads them, from ASCII bytes: for addresses that lie too near the end of the
 * bytes for `readIpv4`. Bytes behind the end may be looked at: then it does not end at `until`, and is none.
 */
function ipv4Word(bytes: Uint8Array, from: number, until: number): number {
  let word = 0
  let at = from
  for (let part = 0; part < 4; part++) {
    let value = (bytes[at++] ?? 0) - ZERO
    if (value < 0 || value > 9) return NOT_IPV4
    let next = bytes[at] ?? 0
    if (next >= ZERO && next <= NINE) {
      if (value === 0) return NOT_IPV4
      value = value * 10 + next - ZERO
      next = bytes[++at] ?? 0
      if (next >= ZERO && next <= NINE) {
        value = value * 10 + next - ZERO
        if (value > 255) return NOT_IPV4
        next = bytes[++at] ?? 0
      }
    }
    word = word * 256 + value
    if (part === 3) break
    if (next !== DOT) return NOT_IPV4
    at++
  }
  return at === until ? word : NOT_IPV4
}
