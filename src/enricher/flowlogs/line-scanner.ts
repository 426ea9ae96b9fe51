import { readIpv6 } from './address-bytes.ts'
import type { Format } from './fields.ts'
import { ABSENT, type AddressColumn, DIRECTIONS, type RecordBatch } from './record-batch.ts'
import type { TextTable } from './text-table.ts'

/** A buffer of lines that is filled again and again. */
export type LineWindow = { readonly bytes: Uint8Array; readonly view: DataView }

// How a column is read, in an order that lets one comparison tell kinds apart: addresses, texts, the rest, numbers.
const [SOURCE, DESTINATION, PACKET_SOURCE, PACKET_DESTINATION] = [0, 1, 2, 3] as const
const [ACCOUNT, INTERFACE, VPC, REGION, ACTION] = [4, 5, 6, 7, 8] as const
const [CHECKED, DIRECTION, PASSED_OVER] = [9, 10, 11] as const
// Those from PACKETS on may be larger than 32 bits.
const [SOURCE_PORT, DESTINATION_PORT, PROTOCOL, PACKETS, BYTES, START, END] = [12, 13, 14, 15, 16, 17, 18] as const

const [LF, CR, SPACE, DASH, DOT] = [10, 13, 32, 45, 46] as const
/** Bytes from here on belong to a token. */
const TOKEN = 33
/** Digits of a number that 32 bits surely hold, and that no port needs. */
const SMALL_DIGITS = 7
const LARGEST_SECONDS = 2 ** 32 - 1
const MAPPED = 0xffff

/**
 * Reads lines of one format from bytes into the columns of a batch. Only records as AWS writes them are read here. A line that
 * is otherwise in any way (a run of spaces, an end without address, a number too large, whatever may be wrong) is left to
 * `lineParser`: one place says what is wrong with a line, and this one is right about a record or silent.
 *
 * One long function over local variables, because it meets every byte of every log: no string, no object, and no call for a
 * number or an IPv4 address. No loop looks where the window ends: behind `until` there must be a newline and PADDING_BYTES
 * more.
 */
export class LineScanner {
  /** After `scan`: where the first line begins that was not taken, and how many were. */
  at = 0
  taken = 0
  /** Where the lines of the batch's records begin in the window. */
  readonly begins: Int32Array
  readonly #plan: Uint8Array
  readonly #batch: RecordBatch
  readonly #longestLineBytes: number
  /** The texts of the record before by kind: most accounts, VPCs and regions are the same again. */
  readonly #lastTexts = new Int32Array(CHECKED).fill(ABSENT)

  constructor(format: Format, batch: RecordBatch, longestLineBytes: number) {
    this.#plan = planOf(format)
    this.#batch = batch
    this.#longestLineBytes = longestLineBytes
    this.begins = new Int32Array(batch.capacity)
    blankColumns(batch)
    batch.transits.fill(format.transit ? 1 : 0)
  }

  /**
   * Takes lines until `until`, which is just behind a newline, until the batch is full, or until a line that is left to
   * others. `firstLine` is the number of the line at `from`.
   */
  scan({ bytes, view }: LineWindow, from: number, until: number, firstLine: number, texts: TextTable): void {
    const batch = this.#batch
    const plan = this.#plan
    const lastTexts = this.#lastTexts
    const longest = this.#longestLineBytes
    const columns = plan.length
    const { begins } = this
    const { capacity, lines, startSeconds, endSeconds, packets, bytes: byteCounts, protocols, directions } = batch
    const { sourcePorts, destinationPorts, accounts, interfaces, vpcs, regions, actions } = batch
    const { sourceAddress, destinationAddress, packetSource, packetDestination } = batch
    const [sources, destinations] = [sourceAddress.families, destinationAddress.families]
    const [packetSources, packetDestinations] = [packetSource.families, packetDestination.families]
    let place = batch.count
    let begin = from
    let line = firstLine

    while (begin < until && place < capacity) {
      let at = begin
      let start = ABSENT
      let end = ABSENT
      let column = 0
      fields: for (; column < columns; column++) {
        const kind = plan[column] as number
        if (column > 0 && bytes[at++] !== SPACE) break
        const tokenAt = at
        const first = bytes[at] as number
        if (kind >= SOURCE_PORT) {
          // Four digits at a time, and what is left of a word put behind zeros.
          let small = 0
          let word = view.getInt32(at, true)
          let others = nonDigits(word)
          if (others === 0) {
            small = fourDigits(word & 0x0f0f0f0f)
            at += 4
            word = view.getInt32(at, true)
            others = nonDigits(word)
            if (others === 0) {
              small = (Math.imul(small, 10_000) + fourDigits(word & 0x0f0f0f0f)) | 0
              at += 4
              word = view.getInt32(at, true)
              others = nonDigits(word)
              // From twelve digits on: no packet count that anybody has seen.
              if (others === 0) break
            }
          }
          const more = (31 - Math.clz32(others & -others)) >> 3
          const tail = fourDigits((word & 0x0f0f0f0f) << (32 - 8 * more))
          at += more
          if (at === tokenAt) {
            if (first !== DASH) break
            at++
          }
          const isAbsent = first === DASH
          if (kind < PACKETS) {
            if (at - tokenAt > SMALL_DIGITS) break
            if (isAbsent) small = ABSENT
            else if (more > 0) small = (Math.imul(small, POWERS[more] as number) + tail) | 0
            if (kind === PROTOCOL) {
              if (small > 255) break
              protocols[place] = small
            } else {
              if (small > 65_535) break
              if (kind === SOURCE_PORT) sourcePorts[place] = small
              else destinationPorts[place] = small
            }
          } else {
            const number: number = isAbsent ? ABSENT : more > 0 ? small * (POWERS[more] as number) + tail : small
            if (kind === PACKETS) packets[place] = number
            else if (kind === BYTES) byteCounts[place] = number
            else {
              if (number > LARGEST_SECONDS) break
              if (kind === START) startSeconds[place] = start = number
              else endSeconds[place] = end = number
            }
          }
        } else if (kind === PASSED_OVER) {
          let stops = bytesBelowToken(view.getInt32(at, true))
          while (stops === 0) {
            at += 4
            stops = bytesBelowToken(view.getInt32(at, true))
          }
          at += (31 - Math.clz32(stops & -stops)) >> 3
          if (at === tokenAt) break
        } else if (kind < ACCOUNT) {
          const address: AddressColumn =
            kind === SOURCE
              ? sourceAddress
              : kind === DESTINATION
                ? destinationAddress
                : kind === PACKET_SOURCE
                  ? packetSource
                  : packetDestination
          if (first === DASH) {
            address.families[place] = 0
            at++
            continue
          }
          let word = 0
          let octets = 0
          for (;;) {
            const text = view.getInt32(at, true)
            const others = nonDigits(text)
            const digits = (31 - Math.clz32(others & -others)) >> 3
            if (others === 0 || digits === 0) break
            const octet = fourDigits((text & 0x0f0f0f0f) << (32 - 8 * digits))
            if (octet > 255 || octet < (LEAST_OF_DIGITS[digits] as number)) break
            word = (word << 8) | octet
            at += digits
            if (++octets === 4 || bytes[at] !== DOT) break
            at++
          }
          if (octets === 4) {
            address.words[place * 4] = word
            address.families[place] = 4
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
          if (first === DASH && (bytes[at + 1] as number) < TOKEN) at++
          else {
            // An interface is hardly ever that of the line before.
            number = texts.numberAt(view, at, kind === INTERFACE ? ABSENT : (lastTexts[kind] as number))
            if (number < 0) break
            lastTexts[kind] = number
            at = texts.end
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
      if (bytes[at] === CR) at++
      if (bytes[at] !== LF || at - begin > longest || (start > end && end !== ABSENT)) break
      if (((sources[place] as number) | (packetSources[place] as number)) === 0) break
      if (((destinations[place] as number) | (packetDestinations[place] as number)) === 0) break
      begins[place] = begin
      lines[place++] = line++
      begin = at + 1
    }
    batch.count = place
    this.at = begin
    this.taken = line - firstLine
  }
}

/** The high bit of each byte of a word that is no digit, seen from the first up to the first such byte. */
function nonDigits(word: number): number {
  return ((word ^ 0x30303030) | ((word ^ 0x30303030) + 0x06060606)) & 0xf0f0f0f0
}

/** The number that four bytes from 0 to 9 make, the first of them the highest. */
function fourDigits(word: number): number {
  const pairs = Math.imul(word, 10) + (word >>> 8)
  return Math.imul(pairs & 0xff, 100) + ((pairs >>> 16) & 0xff)
}

const POWERS = Int32Array.of(1, 10, 100, 1000)
/** An octet has no leading zero. */
const LEAST_OF_DIGITS = Int32Array.of(0, 0, 10, 100)

/** The high bit of each byte that ends a token; of several the lowest is exact. */
function bytesBelowToken(word: number): number {
  return (word - 0x21212121) & ~word & 0x80808080
}

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

function planOf(format: Format): Uint8Array {
  const plan = new Uint8Array(format.columns.length).fill(PASSED_OVER)
  const { transit } = format
  const ends = transit ? [transit.source, transit.destination] : []
  const checked = [format.resource, ...ends.flatMap(end => [end.account, end.vpc, end.interfaceId])]
  const kinds: readonly (readonly [number, number])[] = [
    ...checked.map(at => [at, CHECKED] as const),
    [format.sourceAddress, SOURCE],
    [format.destinationAddress, DESTINATION],
    [format.packetSource, PACKET_SOURCE],
    [format.packetDestination, PACKET_DESTINATION],
    [format.account, ACCOUNT],
    [format.interfaceId, INTERFACE],
    [format.vpc, VPC],
    [format.region, REGION],
    [format.action, ACTION],
    [format.direction, DIRECTION],
    [format.sourcePort, SOURCE_PORT],
    [format.destinationPort, DESTINATION_PORT],
    [format.protocol, PROTOCOL],
    [format.packets, PACKETS],
    [format.bytes, BYTES],
    [format.start, START],
    [format.end, END],
  ]
  for (const [at, kind] of kinds) if (at >= 0) plan[at] = kind
  return plan
}

/** What every record of a format has in the columns that the format lacks. */
function blankColumns(batch: RecordBatch): void {
  const { sourceAddress, destinationAddress, packetSource, packetDestination } = batch
  for (const { families } of [sourceAddress, destinationAddress, packetSource, packetDestination]) families.fill(0)
  for (const column of [
    batch.startSeconds,
    batch.endSeconds,
    batch.sourcePorts,
    batch.destinationPorts,
    batch.protocols,
    batch.packets,
    batch.bytes,
    batch.accounts,
    batch.interfaces,
    batch.vpcs,
    batch.regions,
    batch.actions,
  ]) {
    column.fill(ABSENT)
  }
  batch.directions.fill(0)
}
