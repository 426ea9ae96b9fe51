import { crc32 } from 'node:zlib'
import type { PageHeader } from 'hyparquet'
import { parquetHeader } from 'hyparquet/src/column.js'
import { ABSENT } from '../record-batch.ts'
import { asFault, corrupt, oversize, type ParquetFault, unsupported } from './faults.ts'
import type { ColumnChunk, ParquetColumn } from './footer.ts'
import { isRunOfOnes, readHybrid } from './hybrid.ts'
import type { ParquetLimits } from './limits.ts'
import {
  dealNumbers,
  lookUpNumbers,
  type Numbers,
  numbersOf,
  type Page,
  type PageForm,
  pageAs,
  spreadCodes,
} from './page.ts'
import type { ByteTexts } from './texts.ts'
import { unpackPage } from './unpack.ts'
import { readValues } from './values.ts'

/** Rows of a page that could not be read; `rows` is Infinity where it is not known where they end. */
export type LostPage = { readonly kind: 'lost'; readonly rows: number; readonly fault: ParquetFault }

/** What all columns of a file may hold unpacked at a time. */
export type OpenBytes = { left: number }

type Dictionary = Numbers | ByteTexts

/** Longer ones would carry statistics that nobody writes; it bounds the work over one that is broken. */
const LONGEST_HEADER_BYTES = 16 * 1024

/**
 * The pages of one column of one row group, one at a time. A page whose contents cannot be read is lost alone, for its
 * header says how many rows it has; where a header cannot be read, all that follows it is lost. A page is read whole before
 * any of its values is given: one that turns out broken later has told nothing.
 */
export class ColumnPages {
  /** The page that `place` lies in. */
  page: Page | LostPage = { kind: 'lost', rows: 0, fault: corrupt('no page was read') }
  place = 0
  readonly #column: ParquetColumn
  readonly #bytes: Uint8Array
  readonly #codec: ColumnChunk['codec']
  readonly #limits: ParquetLimits
  readonly #open: OpenBytes
  readonly #form: PageForm
  #at = 0
  #rowsLeft: number
  #dictionary: Dictionary | undefined
  #dictionaryBytes = 0
  #pageBytes = 0

  constructor(
    column: ParquetColumn,
    bytes: Uint8Array,
    codec: ColumnChunk['codec'],
    rows: number,
    limits: ParquetLimits,
    open: OpenBytes,
    form: PageForm,
  ) {
    this.#column = column
    this.#bytes = bytes
    this.#codec = codec
    this.#rowsLeft = rows
    this.#limits = limits
    this.#open = open
    this.#form = form
  }

  /** Rows from the present place to the end of its page; the next page is read where that is at its end. */
  rowsAhead(): number {
    while (this.place >= this.page.rows) {
      this.place = 0
      this.page = this.#nextPage()
    }
    return this.page.rows - this.place
  }

  /** Gives back what was unpacked. */
  close(): void {
    this.#open.left += this.#pageBytes + this.#dictionaryBytes
    this.#pageBytes = 0
    this.#dictionaryBytes = 0
  }

  #nextPage(): Page | LostPage {
    let header: PageHeader
    let packed: Uint8Array
    try {
      ;[header, packed] = this.#readHeader()
      while (header.type === 'DICTIONARY_PAGE' || header.type === 'INDEX_PAGE') {
        if (header.type === 'DICTIONARY_PAGE') this.#readDictionary(header, packed)
        ;[header, packed] = this.#readHeader()
      }
    } catch (error) {
      return { kind: 'lost', rows: Number.POSITIVE_INFINITY, fault: asFault(error) }
    }
    const rows = header.data_page_header_v2?.num_values ?? header.data_page_header?.num_values ?? -1
    if (!(rows >= 0 && rows <= this.#rowsLeft)) {
      const fault = corrupt(`a page of ${rows} rows where ${this.#rowsLeft} are left`)
      return { kind: 'lost', rows: Number.POSITIVE_INFINITY, fault }
    }
    this.#rowsLeft -= rows
    try {
      return pageAs(this.#readPage(header, packed, rows), this.#form)
    } catch (error) {
      return { kind: 'lost', rows, fault: asFault(error) }
    }
  }

  #readHeader(): [PageHeader, Uint8Array] {
    const bytes = this.#bytes.subarray(this.#at, this.#at + LONGEST_HEADER_BYTES)
    if (bytes.length === 0) throw corrupt(`the column ends ${this.#rowsLeft} rows too early`)
    const reader = { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: 0 }
    const header = parquetHeader(reader)
    const from = this.#at + reader.offset
    const { compressed_page_size: packedBytes, uncompressed_page_size: pageBytes } = header
    if (!(packedBytes >= 0 && pageBytes >= 0 && from + packedBytes <= this.#bytes.length)) {
      throw corrupt(`a page of ${packedBytes} bytes where ${this.#bytes.length - from} are left`)
    }
    this.#at = from + packedBytes
    return [header, this.#bytes.subarray(from, this.#at)]
  }

  #readDictionary(header: PageHeader, packed: Uint8Array): void {
    const { num_values: count, encoding } = header.dictionary_page_header ?? { num_values: -1, encoding: 'PLAIN' }
    if (!(count >= 0 && count <= this.#limits.pageValues)) throw oversize(`a dictionary of ${count} values`)
    this.#open.left += this.#dictionaryBytes
    this.#dictionaryBytes = this.#take(header.uncompressed_page_size + count * 8)
    this.#checkSum(header, packed)
    const bytes = unpackPage(packed, header.uncompressed_page_size, this.#codec)
    const dense = readValues(bytes, 0, count, this.#column, encoding, this.#limits.pageBytes)
    this.#dictionary = dense.kind === 'texts' ? dense.texts : numbersOf(dense, this.#column.isUnsigned)
  }

  /** Counts against what may be open at a time. */
  #take(bytes: number): number {
    if (bytes > this.#open.left) throw oversize(`pages of ${bytes} bytes more than may be unpacked at a time`)
    this.#open.left -= bytes
    return bytes
  }

  #checkSum({ crc }: PageHeader, packed: Uint8Array): void {
    if (crc !== undefined && crc >>> 0 !== crc32(packed)) throw corrupt('the check sum of a page is another')
  }

  #readPage(header: PageHeader, packed: Uint8Array, rows: number): Page {
    const { pageBytes, pageValues } = this.#limits
    if (header.uncompressed_page_size > pageBytes) throw oversize(`a page of ${header.uncompressed_page_size} bytes`)
    if (rows > pageValues) throw oversize(`a page of ${rows} rows`)
    this.#open.left += this.#pageBytes
    this.#pageBytes = 0
    this.#pageBytes = this.#take(header.uncompressed_page_size + rows * 9)
    this.#checkSum(header, packed)
    const { bytes, at, present, encoding } =
      header.type === 'DATA_PAGE_V2' ? this.#open2(header, packed, rows) : this.#open1(header, packed, rows)
    let values = rows
    if (present) {
      values = 0
      for (let row = 0; row < rows; row++) values += present[row] as number
    }
    const sparse = values === rows ? undefined : present
    if (encoding === 'RLE_DICTIONARY' || encoding === 'PLAIN_DICTIONARY') {
      return this.#byDictionary(bytes, at, sparse, values, rows)
    }
    const dense = readValues(bytes, at, values, this.#column, encoding, pageBytes)
    if (dense.kind !== 'texts') return dealNumbers(numbersOf(dense, this.#column.isUnsigned), sparse, rows)
    const codes = new Int32Array(rows)
    for (let i = 0; i < values; i++) codes[i] = i
    spreadCodes(codes, sparse, values, rows)
    return { kind: 'texts', rows, codes, hasNulls: sparse !== undefined, texts: dense.texts }
  }

  #open1(header: PageHeader, packed: Uint8Array, rows: number) {
    const { encoding, definition_level_encoding: levels } = header.data_page_header ?? {}
    if (encoding === undefined) throw corrupt('a page without a header of its kind')
    const bytes = unpackPage(packed, header.uncompressed_page_size, this.#codec)
    if (!this.#column.isOptional) return { bytes, at: 0, present: undefined, encoding }
    if (levels !== 'RLE') throw unsupported(`levels as ${levels}`)
    const length = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(0, true)
    if (length > bytes.length - 4) throw corrupt('levels end too early')
    return { bytes, at: 4 + length, present: presentIn(bytes, 4, 4 + length, rows), encoding }
  }

  #open2(header: PageHeader, packed: Uint8Array, rows: number) {
    const details = header.data_page_header_v2
    if (details === undefined) throw corrupt('a page without a header of its kind')
    const { encoding, definition_levels_byte_length: levelBytes, repetition_levels_byte_length: repeated } = details
    if (!(levelBytes >= 0 && repeated === 0 && levelBytes <= packed.length)) throw corrupt('levels end too early')
    const body = packed.subarray(levelBytes)
    const bytes =
      details.is_compressed === false ? body : unpackPage(body, header.uncompressed_page_size - levelBytes, this.#codec)
    if (!this.#column.isOptional) return { bytes, at: 0, present: undefined, encoding }
    return { bytes, at: 0, present: presentIn(packed, 0, levelBytes, rows), encoding }
  }

  #byDictionary(bytes: Uint8Array, at: number, present: Uint8Array | undefined, values: number, rows: number): Page {
    const dictionary = this.#dictionary
    if (values === 0) {
      return { kind: 'numbers', rows, numbers: new Float64Array(rows).fill(ABSENT), odd: new Map(), largest: ABSENT }
    }
    if (dictionary === undefined) throw corrupt('a page that needs a dictionary, and there is none')
    const codes = new Int32Array(rows)
    readHybrid(bytes, at + 1, bytes.length, bytes[at] ?? 255, codes, values)
    const size = 'numbers' in dictionary ? dictionary.numbers.length : dictionary.size
    const largest = largestOf(codes, values)
    if (largest >= size) throw corrupt(`value ${largest} of a dictionary of ${size}`)
    spreadCodes(codes, present, values, rows)
    if ('numbers' in dictionary) return lookUpNumbers(dictionary, codes, rows)
    return { kind: 'texts', rows, codes, hasNulls: present !== undefined, texts: dictionary }
  }
}

/** By row whether it has a value; undefined where all have one. */
function presentIn(bytes: Uint8Array, from: number, until: number, rows: number): Uint8Array | undefined {
  if (isRunOfOnes(bytes, from, until, rows)) return undefined
  const present = new Uint8Array(rows)
  readHybrid(bytes, from, until, 1, present, rows)
  return present
}

function largestOf(codes: Int32Array, count: number): number {
  let largest = 0
  for (let i = 0; i < count; i++) if ((codes[i] as number) > largest) largest = codes[i] as number
  return largest
}
