import { readIpv4, readIpv6 } from './address-bytes.ts'
import { bitsBefore, fourDigits, nonDigits, POWER_OF_BITS } from './digit-words.ts'
import type { Format } from './fields.ts'
import type { RecentIds } from './recent-ids.ts'
import { ABSENT, type AddressColumn, DIRECTIONS, type RecordBatch } from './record-batch.ts'
import { KIND, planOf } from './scan-plan.ts'
import type { TextTable } from './text-table.ts'

/** A buffer of lines that is filled again and again. */
export type LineWindow = { readonly bytes: Uint8Array; readonly view: DataView }

// Bound here once more: the compiler takes constants of this file for what they are, and looks up imported ones each time.
const { SOURCE, DESTINATION, PACKET_SOURCE, ACCOUNT, INTERFACE, VPC, REGION, CHECKED } = KIND
const { DIRECTION, PASSED_OVER, SOURCE_PORT, PROTOCOL, PACKETS, BYTES, START } = KIND

const [LF, CR, SPACE, DASH] = [10, 13, 32, 45] as const
/** Bytes from here on belong to a token. */
const TOKEN = 33
/** Digits of a number that 32 bits surely hold, and that no port needs. */
const SMALL_DIGITS = 7
const LARGEST_SECONDS = 2 ** 32 - 1
const MAPPED = 0xffff

/**
 * Reads lines of any format from bytes into the columns of a batch. Only records as AWS writes them are read here. A line that
 * is otherwise in any way (a run of spaces, an end without address, a number too large, whatever may be wrong) is left to
 * `lineParser`: one place says what is wrong with a line, and this one is right about a record or silent.
 *
 * One long function over local variables, because it meets every byte of every such log: no string, no object, and no call for a
 * number. No loop looks where the window ends: behind `until` there must be a newline and PADDING_BYTES more.
 */
export class AnyLineScanner {
  /** After `scan`: where the first line begins that was not taken. */
  at = 0
  readonly #plan: Uint8Array
  readonly #batch: RecordBatch
  readonly #begins: Int32Array
  readonly #ids: RecentIds
  readonly #longestLineBytes: number
  /** The texts of the record before by kind: most accounts, VPCs and regions are the same again. */
  readonly #lastTexts = new Int32Array(CHECKED).fill(ABSENT)

  constructor(format: Format, longestLineBytes: number, batch: RecordBatch, begins: Int32Array, ids: RecentIds) {
    this.#plan = planOf(format)
    this.#longestLineBytes = longestLineBytes
    this.#batch = batch
    this.#begins = begins
    this.#ids = ids
  }

  /**
   * Takes at most `most` lines until `until`, which is just behind a newline, until the batch is full, or until a line that is left to
   * others. `firstLine` is the number of the line at `from`.
   */
  scan(
    { bytes, view }: LineWindow,
    from: number,
    until: number,
    firstLine: number,
    most: number,
    texts: TextTable,
  ): void {
    const batch = this.#batch
    const plan = this.#plan
    const lastTexts = this.#lastTexts
    const longest = this.#longestLineBytes
    const columns = plan.length - 1
    const begins = this.#begins
    const ids = this.#ids
    const full = Math.min(batch.capacity, batch.count + most)
    const { lines, startSeconds, endSeconds, packets, bytes: byteCounts, protocols, directions } = batch
    const { sourcePorts, destinationPorts, accounts, interfaces, vpcs, regions, actions } = batch
    const { sourceAddress, destinationAddress, packetSource, packetDestination } = batch
    const [sources, destinations] = [sourceAddress.families, destinationAddress.families]
    const [packetSources, packetDestinations] = [packetSource.families, packetDestination.families]
    let place = batch.count
    let begin = from
    let line = firstLine

    while (begin < until && place < full) {
      let at = begin
      let start = ABSENT
      let end = ABSENT
      let column = 0
      fields: for (; column < columns; column++) {
        const kind = plan[column] as number
        if (column > 0) {
          if (view.getUint8(at) !== SPACE) break
          at = (at + 1) | 0
        }
        const tokenAt = at
        const first = view.getUint8(at)
        if (kind >= SOURCE_PORT) {
          // Four digits at a time, and what is left of a word put behind zeros.
          let small = 0
          let word = view.getInt32(at, true)
          let others = nonDigits(word)
          if (others === 0) {
            small = fourDigits(word & 0x0f0f0f0f)
            at = (at + 4) | 0
            word = view.getInt32(at, true)
            others = nonDigits(word)
            if (others === 0) {
              small = (Math.imul(small, 10_000) + fourDigits(word & 0x0f0f0f0f)) | 0
              at = (at + 4) | 0
              word = view.getInt32(at, true)
              others = nonDigits(word)
              // From twelve digits on: no packet count that anybody has seen.
              if (others === 0) break
            }
          }
          const bits = bitsBefore(others)
          const tail = fourDigits((word & 0x0f0f0f0f) << -bits)
          at = (at + (bits >> 3)) | 0
          if (at === tokenAt) {
            if (first !== DASH) break
            at = (at + 1) | 0
          }
          const isAbsent = first === DASH
          if (kind < PACKETS) {
            if (at - tokenAt > SMALL_DIGITS) break
            if (isAbsent) small = ABSENT
            else if (bits > 0) small = (Math.imul(small, POWER_OF_BITS[bits] as number) + tail) | 0
            if (kind === PROTOCOL) {
              if (small > 255) break
              protocols[place] = small
            } else {
              if (small > 65_535) break
              if (kind === SOURCE_PORT) sourcePorts[place] = small
              else destinationPorts[place] = small
            }
          } else {
            const number: number = isAbsent ? ABSENT : bits > 0 ? small * (POWER_OF_BITS[bits] as number) + tail : small
            if (kind === PACKETS) packets[place] = number
            else if (kind === BYTES) byteCounts[place] = number
            else {
              if (number > LARGEST_SECONDS) break
              if (kind === START) startSeconds[place] = start = number
              else endSeconds[place] = end = number
            }
          }
        } else if (kind === PASSED_OVER) {
          for (let before = at; ; before = at) {
            let stops = bytesBelowToken(view.getInt32(at, true))
            while (stops === 0) {
              at = (at + 4) | 0
              stops = bytesBelowToken(view.getInt32(at, true))
            }
            at = (at + (bitsBefore(stops) >> 3)) | 0
            if (at === before) break fields
            if (plan[column + 1] !== PASSED_OVER || view.getUint8(at) !== SPACE) break
            // The next column is none either: what is told apart above need not be told again.
            column = (column + 1) | 0
            at = (at + 1) | 0
          }
        } else if (kind < ACCOUNT) {
          const address: AddressColumn =
            kind === SOURCE
              ? sourceAddress
              : kind === DESTINATION
                ? destinationAddress
                : kind === PACKET_SOURCE
                  ? packetSource
                  : packetDestination
          const after = readIpv4(view, at, address.words, place << 2)
          if (after > 0) {
            address.families[place] = 4
            at = after
            continue
          }
          if (first === DASH) {
            address.families[place] = 0
            at = (at + 1) | 0
            continue
          }
          const { words } = address
          const wordsAt = place * 4
          at = readIpv6(bytes, tokenAt, words, wordsAt)
          if (at < 0) break
          const isMapped = words[wordsAt] === 0 && words[wordsAt + 1] === 0 && words[wordsAt + 2] === MAPPED
          if (isMapped) words[wordsAt] = words[wordsAt + 3] as number
          address.families[place] = isMapped ? 4 : 6
        } else if (kind < CHECKED) {
          let number: number = ABSENT
          if (first === DASH && view.getUint8(at + 1) < TOKEN) at = (at + 1) | 0
          else if (kind === INTERFACE) {
            number = ids.numberAt(view, at, texts)
            if (number < 0) break
            at = ids.end | 0
          } else {
            number = texts.numberAt(view, at, lastTexts[kind] as number)
            if (number < 0) break
            lastTexts[kind] = number
            at = texts.end | 0
          }
          switch (kind) {
            case ACCOUNT:
              accounts[place] = number
              break
            case INTERFACE:
              interfaces[place] = number
              break
            case VPC:
              vpcs[place] = number
              break
            case REGION:
              regions[place] = number
              break
            default:
              actions[place] = number
          }
        } else if (kind === DIRECTION) {
          while ((bytes[at] as number) >= TOKEN) at++
          if (at === tokenAt) break
          directions[place] = directionBetween(bytes, tokenAt, at)
        } else {
          for (let byte = first; byte >= TOKEN; byte = bytes[++at] as number) if (byte > 126) break fields
          if (at === tokenAt) break
        }
      }
      if (column < columns) break
      if (view.getUint8(at) === CR) at = (at + 1) | 0
      if (view.getUint8(at) !== LF || at - begin > longest || (start > end && end !== ABSENT)) break
      if (((sources[place] as number) | (packetSources[place] as number)) === 0) break
      if (((destinations[place] as number) | (packetDestinations[place] as number)) === 0) break
      begins[place] = begin
      lines[place++] = line++
      begin = at + 1
    }
    batch.count = place
    this.at = begin
  }
}

/** The high bit of each byte that ends a token; of several the lowest is exact. */
const bytesBelowToken = (word: number): number => ((word - 0x21212121) | 0) & ~word & 0x80808080

const WORDS = DIRECTIONS.map(name => Buffer.from(name ?? ''))

function directionBetween(bytes: Uint8Array, from: number, until: number): number {
  for (let direction = 1; direction < WORDS.length; direction++) {
    const word = WORDS[direction] as Uint8Array
    let same = 0
    while (same < word.length && bytes[from + same] === word[same]) same++
    if (same === word.length && until - from === same) return direction
  }
  return 0
}
