import { endianness } from 'node:os'
import { viewOf } from '../ownership/ledger/text-table.ts'

/** Types of the columns that are written. What a table has as String may be written as LowCardinality(String) or IPv4: it is cast. */
export type NumberType = 'Int32' | 'UInt32' | 'Int64' | 'IPv4'

/** LowCardinality as Native has it: version, then index type with the flag that keys are written beside the indexes. */
const KEYS_BESIDE = 1n
const HAS_KEYS = 0x200n

if (endianness() !== 'LE')
  throw new Error('Native blocks are written as the memory has them, which must be little-endian')

/**
 * A block of ClickHouse's Native format (https://clickhouse.com/docs/interfaces/formats/Native): column after column, each
 * with its name and type. Blocks behind one another are a file. Columns are handed over as typed arrays and as texts by
 * number, so that nothing is done for each row that the caller has not done already.
 */
export class NativeBlock {
  private bytes = Buffer.allocUnsafe(1 << 20)
  private view = viewOf(this.bytes)
  private at = 0
  private rows = 0
  private columns = 0
  private added = 0

  /** Starts over. So many columns must follow. */
  begin(rows: number, columns: number): void {
    this.at = 0
    this.rows = rows
    this.columns = columns
    this.added = 0
    this.varint(columns)
    this.varint(rows)
  }

  /** Numbers as they lie in memory: a word each, for Int64 two, the lower one first. */
  numbers(name: string, type: NumberType, values: Int32Array | Uint32Array): void {
    this.head(name, type)
    const words = type === 'Int64' ? this.rows * 2 : this.rows
    this.raw(new Uint8Array(values.buffer, values.byteOffset, words * 4))
  }

  texts(name: string, texts: readonly string[]): void {
    this.head(name, 'String')
    for (let row = 0; row < this.rows; row++) this.text(texts[row] as string)
  }

  /** Each row has the text that its number stands for. */
  chosen(name: string, texts: readonly string[], numbers: Uint32Array): void {
    const width = this.choices(name, texts)
    if (!this.isOne(texts)) this.narrow(numbers, width)
  }

  /** The same, where rows of one kind have the same text: `kinds` by row, `numbers` by kind. */
  chosenBy(name: string, texts: readonly string[], numbers: Int32Array, kinds: Int32Array): void {
    const width = this.choices(name, texts)
    if (!this.isOne(texts)) this.narrowBy(numbers, kinds, width)
  }

  /** Array(String): each row has the list of its kind, `kinds` by row. Left out, all are empty. */
  lists(name: string, lists?: readonly (readonly string[])[], kinds?: Int32Array): void {
    this.head(name, 'Array(String)')
    const { rows, at } = this
    this.room(rows * 8)
    this.bytes.fill(0, at, at + rows * 8)
    this.at += rows * 8
    if (lists === undefined || kinds === undefined) return
    const counts = new Int32Array(lists.length)
    for (let kind = 0; kind < counts.length; kind++) counts[kind] = (lists[kind] as readonly string[]).length
    let end = 0
    for (let row = 0; row < rows; row++) {
      end = (end + (counts[kinds[row] as number] as number)) | 0
      this.view.setInt32(at + row * 8, end, true)
    }
    for (let row = 0; row < rows; row++) {
      const kind = kinds[row] as number
      if ((counts[kind] as number) > 0) for (const text of lists[kind] as readonly string[]) this.text(text)
    }
  }

  /** The whole block; good until the next one is begun. */
  finished(): Uint8Array {
    if (this.added !== this.columns) throw new RangeError(`${this.added} columns of ${this.columns}`)
    return this.bytes.subarray(0, this.at)
  }

  private head(name: string, type: string): void {
    this.added++
    this.text(name)
    this.text(type)
  }

  /** All of a column of texts but the numbers. Returns the binary logarithm of the bytes that each of them has. */
  private choices(name: string, texts: readonly string[]): number {
    this.head(name, 'LowCardinality(String)')
    const width = texts.length <= 2 ** 8 ? 0 : texts.length <= 2 ** 16 ? 1 : 2
    this.long(KEYS_BESIDE)
    this.long(HAS_KEYS | BigInt(width))
    this.long(BigInt(texts.length))
    for (const text of texts) this.text(text)
    this.long(BigInt(this.rows))
    this.room(this.rows << width)
    return width
  }

  /** Where all rows have the same text, as they do in many columns, their numbers are 0: writes them. */
  private isOne(texts: readonly string[]): boolean {
    if (texts.length !== 1) return false
    this.bytes.fill(0, this.at, this.at + this.rows)
    this.at += this.rows
    return true
  }

  private narrow(numbers: Uint32Array, width: number): void {
    const { bytes } = this
    let at = this.at
    for (let row = 0; row < this.rows; row++) {
      const number = numbers[row] as number
      bytes[at++] = number
      if (width > 0) bytes[at++] = number >>> 8
      if (width > 1) {
        bytes[at++] = number >>> 16
        bytes[at++] = number >>> 24
      }
    }
    this.at = at
  }

  /** A word at a time: this is done for thirty columns of each row, and writing is half of it. */
  private narrowBy(numbers: Int32Array, kinds: Int32Array, width: number): void {
    const { view, rows } = this
    const inWord = 4 >> width
    const whole = rows - (rows % inWord)
    const numberAt = (row: number) => numbers[kinds[row] as number] as number
    let at = this.at | 0
    if (width === 0) {
      for (let row = 0; row < whole; row += 4, at = (at + 4) | 0) {
        const low = numberAt(row) | (numberAt(row + 1) << 8)
        view.setInt32(at, low | (numberAt(row + 2) << 16) | (numberAt(row + 3) << 24), true)
      }
    } else if (width === 1) {
      for (let row = 0; row < whole; row += 2, at = (at + 4) | 0) {
        view.setInt32(at, numberAt(row) | (numberAt(row + 1) << 16), true)
      }
    } else {
      for (let row = 0; row < whole; row++, at = (at + 4) | 0) view.setInt32(at, numberAt(row), true)
    }
    for (let row = whole; row < rows; row++) {
      view.setUint8(at++, numberAt(row))
      if (width > 0) view.setUint8(at++, numberAt(row) >>> 8)
    }
    this.at = at
  }

  /** Short ASCII is written here: calling Node's own writer costs more than the bytes do. */
  private text(text: string): void {
    const { length } = text
    this.room(length * 3 + 5)
    const { bytes } = this
    let at = this.at
    if (length < 128) {
      bytes[at++] = length
      let i = 0
      for (; i < length; i++) {
        const code = text.charCodeAt(i)
        if (code > 127) break
        bytes[at++] = code
      }
      if (i === length) {
        this.at = at
        return
      }
    }
    this.varint(Buffer.byteLength(text))
    this.at += this.bytes.write(text, this.at)
  }

  private raw(bytes: Uint8Array): void {
    this.room(bytes.length)
    this.bytes.set(bytes, this.at)
    this.at += bytes.length
  }

  private long(value: bigint): void {
    this.room(8)
    this.at = this.bytes.writeBigUInt64LE(value, this.at)
  }

  private varint(value: number): void {
    this.room(5)
    for (; value > 127; value >>>= 7) this.bytes[this.at++] = (value & 127) | 128
    this.bytes[this.at++] = value
  }

  private room(more: number): void {
    if (this.at + more <= this.bytes.length) return
    const larger = Buffer.allocUnsafe(Math.max(this.bytes.length * 2, this.at + more))
    this.bytes.copy(larger, 0, 0, this.at)
    this.bytes = larger
    this.view = viewOf(larger)
  }
}
