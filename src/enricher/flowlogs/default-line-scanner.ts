import { readIpv4 } from './address-bytes.ts'
import { bitsBefore, fourDigits, nonDigits, POWER_OF_BITS } from './digit-words.ts'
import { DEFAULT_COLUMNS, type Format } from './fields.ts'
import type { RecentIds } from './recent-ids.ts'
import type { RecordBatch } from './record-batch.ts'
import type { TextTable } from './text-table.ts'

/** No line that is taken here is shorter, so that all that is read before the addresses lies within the window. */
const SHORTEST_LINE_BYTES =
  '2 123456789012 eni-0123456789abcdef0 1.1.1.1 1.1.1.1 1 1 1 1 1 1234567890 1234567890 ACCEPT OK\n'.length
/** And none is longer: addresses have eight bytes more, numbers seven. */
export const LONGEST_DEFAULT_LINE_BYTES = SHORTEST_LINE_BYTES + 2 * 8 + 5 * 7
const ACCOUNT_BYTES = 12
const ID_BYTES = 21
const SPACE = 32
/** Text as DataView reads it. */
const [VERSION, ACCE, REJE, PT_O, CT_O, K_LF] = [
  0x2032, 0x45434341, 0x454a4552, 0x4f205450, 0x4f205443, 0x0a4b,
] as const
/** Ten digits from here on may be more than 32 bits hold. */
const SAFE_SECONDS = 4_294_967_200

export const isDefault = ({ columns }: Format): boolean =>
  columns.length === DEFAULT_COLUMNS.length && columns.every((name, at) => name === DEFAULT_COLUMNS[at])

/**
 * Reads lines of AWS's default format, in the form that nearly all of them have: version 2, twelve digits of account, an
 * interface id of 21 bytes, IPv4, all numbers there and none with more than eight digits, times of ten digits, ACCEPT or REJECT, OK, one
 * space between, LF. Any other line is left to `LineScanner`, which takes it or not.
 *
 * Tight, because this is the format of most logs: the order of the fields is the order of the code, with no look at a plan and no loop
 * over columns. That halves what a line costs, most of which is not reading bytes but finding out what to do with them.
 */
export class DefaultLineScanner {
  /** After `scan`: where the first line begins that was not taken. */
  at = 0
  readonly #batch: RecordBatch
  readonly #begins: Int32Array
  readonly #ids: RecentIds
  readonly #accountWords = new Int32Array(3)
  #texts: TextTable | undefined
  /** Numbers of the account whose words are kept, and of ACCEPT and REJECT; -1 where `#texts` was not asked. */
  #account = -1
  #accept = -1
  #reject = -1

  constructor(batch: RecordBatch, begins: Int32Array, ids: RecentIds) {
    this.#batch = batch
    this.#begins = begins
    this.#ids = ids
  }

  /** Takes lines until `until`, until the batch is full, or until another kind of line. `firstLine` is the number of the one at `from`. */
  scan(view: DataView, from: number, until: number, firstLine: number, texts: TextTable): void {
    this.#use(texts)
    const batch = this.#batch
    const begins = this.#begins
    const ids = this.#ids
    const { capacity, lines, startSeconds, endSeconds, packets, bytes, protocols } = batch
    const { sourcePorts, destinationPorts, accounts, interfaces, actions } = batch
    const { families: sources, words: sourceWords } = batch.sourceAddress
    const { families: destinations, words: destinationWords } = batch.destinationAddress
    const last = until - SHORTEST_LINE_BYTES
    let account = this.#account
    let account0 = this.#accountWords[0] as number
    let account1 = this.#accountWords[1] as number
    let account2 = this.#accountWords[2] as number
    // The first eight digits of a time, as text and in seconds.
    let time0 = 0
    let time1 = 0
    let hundreds = 0
    let begin = from
    let place = batch.count
    let line = firstLine

    while (begin <= last && place < capacity) {
      if (view.getUint16(begin, true) !== VERSION) break
      let at = (begin + 2) | 0
      if (
        account < 0 ||
        view.getInt32(at, true) !== account0 ||
        view.getInt32((at + 4) | 0, true) !== account1 ||
        view.getInt32((at + 8) | 0, true) !== account2
      ) {
        account = texts.numberAt(view, at, -1)
        if (texts.end - at !== ACCOUNT_BYTES) account = -1
        if (account < 0) break
        account0 = view.getInt32(at, true)
        account1 = view.getInt32((at + 4) | 0, true)
        account2 = view.getInt32((at + 8) | 0, true)
      }
      at = (at + ACCOUNT_BYTES) | 0
      if (view.getUint8(at) !== SPACE) break

      at = (at + 1) | 0
      const id = ids.numberAt(view, at, texts)
      at = (at + ID_BYTES) | 0
      if (id < 0 || ids.end !== at || view.getUint8(at) !== SPACE) break

      at = readIpv4(view, (at + 1) | 0, sourceWords, place << 2)
      if (at < 0 || view.getUint8(at) !== SPACE) break
      at = readIpv4(view, (at + 1) | 0, destinationWords, place << 2)
      if (at < 0 || view.getUint8(at) !== SPACE) break

      const sourcePort = readDigits(view, (at + 1) | 0)
      at = (at + 1 + (sourcePort & 15)) | 0
      if (view.getUint8(at) !== SPACE) break
      const destinationPort = readDigits(view, (at + 1) | 0)
      at = (at + 1 + (destinationPort & 15)) | 0
      if (view.getUint8(at) !== SPACE) break
      const protocol = readDigits(view, (at + 1) | 0)
      at = (at + 1 + (protocol & 15)) | 0
      if (view.getUint8(at) !== SPACE) break
      const packetCount = readDigits(view, (at + 1) | 0)
      at = (at + 1 + (packetCount & 15)) | 0
      if (view.getUint8(at) !== SPACE) break
      const byteCount = readDigits(view, (at + 1) | 0)
      at = (at + 1 + (byteCount & 15)) | 0
      if (view.getUint8(at) !== SPACE) break
      if ((sourcePort | destinationPort | protocol | packetCount | byteCount) < 0) break
      if (sourcePort >> 4 > 65_535 || destinationPort >> 4 > 65_535 || protocol >> 4 > 255) break

      at = (at + 1) | 0
      if (view.getInt32(at, true) !== time0 || view.getInt32((at + 4) | 0, true) !== time1) {
        time0 = view.getInt32(at, true)
        time1 = view.getInt32((at + 4) | 0, true)
        hundreds = hundredsOf(time0, time1)
        if (hundreds < 0) break
      }
      const start2 = view.getUint16((at + 8) | 0, true) ^ 0x3030
      if (((start2 | (start2 + 0x0606)) & 0xf0f0) !== 0 || view.getUint8((at + 10) | 0) !== SPACE) break
      const start = hundreds + (start2 & 15) * 10 + (start2 >> 8)

      at = (at + 11) | 0
      if (view.getInt32(at, true) !== time0 || view.getInt32((at + 4) | 0, true) !== time1) {
        time0 = view.getInt32(at, true)
        time1 = view.getInt32((at + 4) | 0, true)
        hundreds = hundredsOf(time0, time1)
        if (hundreds < 0) break
      }
      const end2 = view.getUint16((at + 8) | 0, true) ^ 0x3030
      if (((end2 | (end2 + 0x0606)) & 0xf0f0) !== 0 || view.getUint8((at + 10) | 0) !== SPACE) break
      const end = hundreds + (end2 & 15) * 10 + (end2 >> 8)
      if (start > end) break

      at = (at + 11) | 0
      const verb = view.getInt32(at, true)
      const rest = view.getInt32((at + 4) | 0, true)
      if (view.getUint16((at + 8) | 0, true) !== K_LF) break
      if (verb === ACCE && rest === PT_O) {
        if (this.#accept < 0) this.#accept = texts.numberAt(view, at, -1)
        actions[place] = this.#accept
      } else if (verb === REJE && rest === CT_O) {
        if (this.#reject < 0) this.#reject = texts.numberAt(view, at, -1)
        actions[place] = this.#reject
      } else break

      accounts[place] = account
      interfaces[place] = id
      sources[place] = 4
      destinations[place] = 4
      sourcePorts[place] = sourcePort >> 4
      destinationPorts[place] = destinationPort >> 4
      protocols[place] = protocol >> 4
      packets[place] = packetCount >> 4
      bytes[place] = byteCount >> 4
      startSeconds[place] = start
      endSeconds[place] = end
      begins[place] = begin
      lines[place] = line
      line = (line + 1) | 0
      place = (place + 1) | 0
      begin = (at + 10) | 0
    }
    this.#account = account
    this.#accountWords[0] = account0
    this.#accountWords[1] = account1
    this.#accountWords[2] = account2
    batch.count = place
    this.at = begin
  }

  /** Numbers of another table mean other texts. */
  #use(texts: TextTable): void {
    if (this.#texts === texts) return
    this.#texts = texts
    this.#account = -1
    this.#accept = -1
    this.#reject = -1
  }
}

/** One to eight digits: their value times 16, and how many they are; negative where there are none. */
const readDigits = (view: DataView, at: number): number => {
  const word = view.getInt32(at, true)
  const others = nonDigits(word)
  if (others !== 0) {
    const bits = bitsBefore(others)
    return bits === 0 ? -1 : (fourDigits((word & 0x0f0f0f0f) << -bits) << 4) | (bits >> 3)
  }
  const high = fourDigits(word & 0x0f0f0f0f)
  const next = view.getInt32((at + 4) | 0, true)
  const rest = nonDigits(next)
  if (rest === 0) return ((Math.imul(high, 10_000) + fourDigits(next & 0x0f0f0f0f)) << 4) | 8
  const bits = bitsBefore(rest)
  if (bits === 0) return (high << 4) | 4
  return (
    ((Math.imul(high, POWER_OF_BITS[bits] as number) + fourDigits((next & 0x0f0f0f0f) << -bits)) << 4) |
    ((bits >> 3) + 4)
  )
}

/** The seconds that eight digits of ten make; -1 where they are none, or may be too many. */
function hundredsOf(word0: number, word1: number): number {
  if ((nonDigits(word0) | nonDigits(word1)) !== 0) return -1
  const seconds = (fourDigits(word0 & 0x0f0f0f0f) * 10_000 + fourDigits(word1 & 0x0f0f0f0f)) * 100
  return seconds < SAFE_SECONDS ? seconds : -1
}
