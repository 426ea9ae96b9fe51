import type { Encoding, PageHeader, Statistics } from 'hyparquet'
import { writeColumn } from 'hyparquet-writer/src/column.js'
import { writePageHeader } from 'hyparquet-writer/src/datapage.js'
import { hybridBytes, writeHybrid, writeRun } from './hybrid-out.ts'
import { type Plain, type PlainType, PlainValues } from './plain-values.ts'

/** Instead of the place of a value: the row has none. */
export const NO_VALUE = -1

/**
 * A column of a row group: values that rows have, each rarely more than once, and by row the place of its own, or NO_VALUE.
 * Whole numbers may come as such an array, and texts as they are to be written.
 */
export type ChosenColumn = {
  readonly values: readonly (string | number)[] | Float64Array | Plain
  /** At least as long as there are rows; undefined where all have the only value, or none as there is none. */
  readonly chosen: Int32Array | undefined
}

type ColumnOptions = Parameters<typeof writeColumn>[0]
export type ColumnEncoder = ColumnOptions['column']
export type WrittenColumn = ReturnType<typeof writeColumn>

/** A column whose values take more goes over pages, as the library does it. */
const PAGE_BYTES = 2 ** 20
/** A text that is there has a byte, and four for its length. */
const SHORTEST_TEXT_BYTES = 5

/**
 * Writes columns of row groups. The library finds the distinct values of a column with a Map, value by value, and takes bytes
 * one by one; here the values are known, and go into a dictionary page with a page of indexes behind it, or into a page of
 * their own where that is shorter. All of these are optional, and texts or whole numbers. Keeps its memory from column to
 * column, and may write those of one table after another.
 */
export class ChosenColumnWriter {
  private readonly numbers = new PlainValues()
  private plain: Plain = this.numbers
  /** Of the rows that have a value: its place. */
  private dense: Int32Array = new Int32Array(1)
  private gathered = new Int32Array(1)
  private present = 0
  private levels = new Int32Array(0)
  private levelBytes = new DataView(new ArrayBuffer(0))
  private body = new DataView(new ArrayBuffer(0))

  write(
    writer: ColumnOptions['writer'],
    column: ColumnEncoder,
    { values, chosen }: ChosenColumn,
    rows: number,
  ): WrittenColumn {
    const { type } = column.element
    if (type !== 'BYTE_ARRAY' && type !== 'INT32' && type !== 'INT64') throw new Error(`no column of ${type}`)
    this.plain = isPlain(values) ? values : this.numbers
    if (!isPlain(values)) this.numbers.take(values, type)
    const { begins, size } = this.plain
    this.choose(chosen, rows)
    const width = 32 - Math.clz32(Math.max(0, size - 1))
    const dictionaryBytes = (begins[size] as number) + (this.present * width) / 8
    const hasDictionary = dictionaryBytes < this.leastPlainBytes(type) || dictionaryBytes < this.plainBytes(chosen)
    if (!hasDictionary && this.plainBytes(chosen) > PAGE_BYTES) {
      return this.writeOverPages(writer, column, values, chosen, rows)
    }
    const encoding: Encoding = hasDictionary ? 'RLE_DICTIONARY' : 'PLAIN'
    const begin = writer.offset
    let unpacked = hasDictionary ? this.writeDictionary(writer, column) : 0
    const dataAt = writer.offset
    const body = hasDictionary ? this.putIndexes(width, chosen) : this.putValues(this.plainBytes(chosen))
    unpacked += this.writeData(writer, column, encoding, body, chosen, rows)
    const chunk: WrittenColumn['chunk'] = {
      meta_data: {
        type,
        encodings: hasDictionary ? ['PLAIN', encoding] : [encoding],
        path_in_schema: [column.columnName],
        codec: column.codec,
        num_values: BigInt(rows),
        total_compressed_size: BigInt(writer.offset - begin),
        total_uncompressed_size: BigInt(unpacked),
        data_page_offset: BigInt(dataAt),
        ...(hasDictionary && { dictionary_page_offset: BigInt(begin) }),
        ...(column.stats && { statistics: statisticsOf(values, type, rows - this.present) }),
      },
      file_offset: BigInt(begin),
    }
    return { chunk }
  }

  /** Which rows have a value, and which. */
  private choose(chosen: Int32Array | undefined, rows: number): void {
    if (this.levels.length < rows) {
      this.gathered = new Int32Array(rows)
      this.levels = new Int32Array(rows)
      this.levelBytes = new DataView(new ArrayBuffer(hybridBytes(rows)))
    }
    this.dense = chosen ?? this.gathered.fill(0, 0, 1)
    this.present = chosen ? countPresent(chosen, rows) : this.plain.size === 0 ? 0 : rows
    if (!chosen || this.present === rows) return
    const { gathered, levels } = this
    let present = 0
    for (let row = 0; row < rows; row++) {
      const place = chosen[row] as number
      gathered[present] = place
      const level = (place >>> 31) ^ 1
      levels[row] = level
      present += level
    }
    this.dense = gathered
  }

  /** No more than the bytes of all values one after another: what can be told without a look at them. */
  private leastPlainBytes(type: PlainType): number {
    return this.present * (type === 'INT32' ? 4 : type === 'INT64' ? 8 : SHORTEST_TEXT_BYTES)
  }

  private plainBytes(chosen: Int32Array | undefined): number {
    const { dense, present } = this
    const { begins } = this.plain
    if (!chosen) return present * (begins[1] as number)
    let bytes = 0
    for (let i = 0; i < present; i++) {
      const place = dense[i] as number
      bytes += (begins[place + 1] as number) - (begins[place] as number)
    }
    return bytes
  }

  private writeDictionary(writer: ColumnOptions['writer'], column: ColumnEncoder): number {
    const { bytes, begins, size } = this.plain
    return this.writePage(writer, column, bytes.subarray(0, begins[size]), 0, {
      type: 'DICTIONARY_PAGE',
      dictionary_page_header: { num_values: size, encoding: 'PLAIN' },
    })
  }

  private writeData(
    writer: ColumnOptions['writer'],
    column: ColumnEncoder,
    encoding: Encoding,
    body: Uint8Array,
    chosen: Int32Array | undefined,
    rows: number,
  ): number {
    const { present, levels, levelBytes } = this
    const isAlike = chosen === undefined || present === rows
    const bytes = isAlike
      ? writeRun(present > 0 ? 1 : 0, rows, 1, levelBytes, 0)
      : writeHybrid(levels, rows, 1, levelBytes, 0)
    return this.writePage(writer, column, body, bytes, {
      type: 'DATA_PAGE_V2',
      data_page_header_v2: {
        num_values: rows,
        num_nulls: rows - present,
        num_rows: rows,
        encoding,
        definition_levels_byte_length: bytes,
        repetition_levels_byte_length: 0,
        is_compressed: true,
      },
    })
  }

  /** Returns the bytes of the page before it is packed. The levels of a page are never packed. */
  private writePage(
    writer: ColumnOptions['writer'],
    { codec, compressors }: ColumnEncoder,
    body: Uint8Array,
    levelBytes: number,
    header: Omit<PageHeader, 'uncompressed_page_size' | 'compressed_page_size'>,
  ): number {
    const packed = compressors[codec]?.(body) ?? body
    const begin = writer.offset
    const sizes = {
      uncompressed_page_size: levelBytes + body.length,
      compressed_page_size: levelBytes + packed.length,
    }
    writePageHeader(writer, { ...header, ...sizes })
    const headerBytes = writer.offset - begin
    writer.appendBytes(new Uint8Array(this.levelBytes.buffer, 0, levelBytes))
    writer.appendBytes(packed)
    return headerBytes + sizes.uncompressed_page_size
  }

  private putIndexes(width: number, chosen: Int32Array | undefined): Uint8Array {
    const body = this.bodyOf(hybridBytes(this.present))
    body.setUint8(0, width)
    const end = chosen
      ? writeHybrid(this.dense, this.present, width, body, 1)
      : writeRun(0, this.present, width, body, 1)
    return new Uint8Array(body.buffer, 0, end)
  }

  private putValues(plainBytes: number): Uint8Array {
    const { dense, present } = this
    const { begins, bytes } = this.plain
    const body = new Uint8Array(this.bodyOf(plainBytes).buffer)
    let at = 0
    for (let i = 0; i < present; i++) {
      const place = dense[i] as number
      const end = begins[place + 1] as number
      for (let from = begins[place] as number; from < end; from++) body[at++] = bytes[from] as number
    }
    return body.subarray(0, at)
  }

  private bodyOf(bytes: number): DataView {
    if (this.body.byteLength < bytes) this.body = new DataView(new ArrayBuffer(2 * bytes))
    return this.body
  }

  private writeOverPages(
    writer: ColumnOptions['writer'],
    column: ColumnEncoder,
    values: ChosenColumn['values'],
    chosen: Int32Array | undefined,
    rows: number,
  ): WrittenColumn {
    const valueAt = (place: number) => (isPlain(values) ? textAt(values, place) : values[place])
    const toPhysical = (value: string | number) => (column.element.type === 'INT64' ? BigInt(value) : value)
    const ofRows = Array.from({ length: rows }, (_, row) => {
      const place = chosen ? (chosen[row] as number) : 0
      const value = place < 0 ? undefined : valueAt(place)
      return value === undefined ? null : toPhysical(value)
    })
    const definitionLevels = ofRows.map(value => (value === null ? 0 : 1))
    const pageData = { values: ofRows, definitionLevels, repetitionLevels: [], maxDefinitionLevel: 1 }
    return writeColumn({ writer, column: { ...column, encoding: 'PLAIN' }, pageData })
  }
}

const isPlain = (values: ChosenColumn['values']): values is Plain => 'begins' in values

const textAt = ({ bytes, begins }: Plain, place: number): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset).toString('utf8', (begins[place] as number) + 4, begins[place + 1])

function countPresent(chosen: Int32Array, rows: number): number {
  let absent = 0
  for (let row = 0; row < rows; row++) absent += (chosen[row] as number) >>> 31
  return rows - absent
}

/** Of texts that come as they are to be written nothing is least or greatest. */
function statisticsOf(values: ChosenColumn['values'], type: string, nulls: number): Statistics {
  const known: ArrayLike<string | number> = isPlain(values) ? [] : values
  let [least, greatest] = [known[0], known[0]]
  for (let i = 1; i < known.length; i++) {
    const value = known[i] as string | number
    if (least === undefined || value < least) least = value
    if (greatest === undefined || value > greatest) greatest = value
  }
  if (least === undefined || greatest === undefined) return { null_count: BigInt(nulls) }
  const toPhysical = (value: string | number) => (type === 'INT64' ? BigInt(value) : value)
  return { min_value: toPhysical(least), max_value: toPhysical(greatest), null_count: BigInt(nulls) }
}
