import type { Encoding, PageHeader, Statistics } from 'hyparquet'
import { writeColumn } from 'hyparquet-writer/src/column.js'
import { writePageHeader } from 'hyparquet-writer/src/datapage.js'
import { hybridBytes, writeHybrid } from './hybrid-out.ts'
import { PlainValues } from './plain-values.ts'

/** Instead of the place of a value: the row has none. */
export const NO_VALUE = -1

/** A column of a row group: values that rows have, each rarely more than once, and by row the place of its own, or NO_VALUE. */
export type ChosenColumn = {
  readonly values: readonly (string | number)[]
  /** At least as long as there are rows. */
  readonly chosen: Int32Array
}

type ColumnOptions = Parameters<typeof writeColumn>[0]
export type ColumnEncoder = ColumnOptions['column']
export type WrittenColumn = ReturnType<typeof writeColumn>

/** A column whose values take more goes over pages, as the library does it. */
const PAGE_BYTES = 2 ** 20

/**
 * Writes columns of row groups. The library finds the distinct values of a column with a Map, value by value, and takes bytes
 * one by one; here the values are known, and go into a dictionary page with a page of indexes behind it, or into a page of
 * their own where that is shorter. All of these are optional, and texts or whole numbers.
 */
export class ChosenColumnWriter {
  private readonly writer: ColumnOptions['writer']
  private readonly plain = new PlainValues()
  /** Of the rows that have a value: its place. */
  private dense = new Int32Array(0)
  private present = 0
  private levels = new Int32Array(0)
  private levelBytes = new Uint8Array(0)
  private body = new Uint8Array(0)

  constructor(writer: ColumnOptions['writer']) {
    this.writer = writer
  }

  write(column: ColumnEncoder, { values, chosen }: ChosenColumn, rows: number): WrittenColumn {
    const { type } = column.element
    if (type !== 'BYTE_ARRAY' && type !== 'INT32' && type !== 'INT64') throw new Error(`no column of ${type}`)
    this.choose(chosen, rows)
    this.plain.take(values, type)
    const { writer, plain } = this
    const plainBytes = this.plainBytes()
    const width = 32 - Math.clz32(Math.max(0, values.length - 1))
    const hasDictionary = (plain.begins[values.length] as number) + (this.present * width) / 8 < plainBytes
    if (!hasDictionary && plainBytes > PAGE_BYTES) return this.writeOverPages(column, values, chosen, rows)
    const encoding: Encoding = hasDictionary ? 'RLE_DICTIONARY' : 'PLAIN'
    const begin = writer.offset
    let unpacked = hasDictionary ? this.writeDictionary(column, values.length) : 0
    const dataAt = writer.offset
    unpacked += this.writeData(column, encoding, hasDictionary ? this.putIndexes(width) : this.putValues(), rows)
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
  private choose(chosen: Int32Array, rows: number): void {
    if (this.dense.length < rows) {
      this.dense = new Int32Array(rows)
      this.levels = new Int32Array(rows)
      this.levelBytes = new Uint8Array(hybridBytes(rows))
    }
    const { dense, levels } = this
    let present = 0
    for (let row = 0; row < rows; row++) {
      const place = chosen[row] as number
      dense[present] = place
      const level = place < 0 ? 0 : 1
      levels[row] = level
      present += level
    }
    this.present = present
  }

  private plainBytes(): number {
    const { dense, present } = this
    const { begins } = this.plain
    let bytes = 0
    for (let i = 0; i < present; i++) {
      const place = dense[i] as number
      bytes += (begins[place + 1] as number) - (begins[place] as number)
    }
    return bytes
  }

  private writeDictionary(column: ColumnEncoder, values: number): number {
    const bytes = this.plain.bytes.subarray(0, this.plain.begins[values])
    return this.writePage(column, bytes, 0, {
      type: 'DICTIONARY_PAGE',
      dictionary_page_header: { num_values: values, encoding: 'PLAIN' },
    })
  }

  private writeData(column: ColumnEncoder, encoding: Encoding, body: Uint8Array, rows: number): number {
    const levelBytes = writeHybrid(this.levels, rows, 1, this.levelBytes, 0)
    return this.writePage(column, body, levelBytes, {
      type: 'DATA_PAGE_V2',
      data_page_header_v2: {
        num_values: rows,
        num_nulls: rows - this.present,
        num_rows: rows,
        encoding,
        definition_levels_byte_length: levelBytes,
        repetition_levels_byte_length: 0,
        is_compressed: true,
      },
    })
  }

  /** Returns the bytes of the page before it is packed. The levels of a page are never packed. */
  private writePage(
    { codec, compressors }: ColumnEncoder,
    body: Uint8Array,
    levelBytes: number,
    header: Omit<PageHeader, 'uncompressed_page_size' | 'compressed_page_size'>,
  ): number {
    const { writer } = this
    const packed = compressors[codec]?.(body) ?? body
    const begin = writer.offset
    const sizes = {
      uncompressed_page_size: levelBytes + body.length,
      compressed_page_size: levelBytes + packed.length,
    }
    writePageHeader(writer, { ...header, ...sizes })
    const headerBytes = writer.offset - begin
    writer.appendBytes(this.levelBytes.subarray(0, levelBytes))
    writer.appendBytes(packed)
    return headerBytes + sizes.uncompressed_page_size
  }

  private putIndexes(width: number): Uint8Array {
    const body = this.bodyOf(hybridBytes(this.present))
    body[0] = width
    return body.subarray(0, writeHybrid(this.dense, this.present, width, body, 1))
  }

  private putValues(): Uint8Array {
    const { dense, present } = this
    const { begins, bytes } = this.plain
    const body = this.bodyOf(this.plainBytes())
    let at = 0
    for (let i = 0; i < present; i++) {
      const place = dense[i] as number
      const end = begins[place + 1] as number
      for (let from = begins[place] as number; from < end; from++) body[at++] = bytes[from] as number
    }
    return body.subarray(0, at)
  }

  private bodyOf(bytes: number): Uint8Array {
    if (this.body.length < bytes) this.body = new Uint8Array(2 * bytes)
    return this.body
  }

  private writeOverPages(
    column: ColumnEncoder,
    values: ChosenColumn['values'],
    chosen: Int32Array,
    rows: number,
  ): WrittenColumn {
    const toPhysical = (value: string | number) => (column.element.type === 'INT64' ? BigInt(value) : value)
    const ofRows = Array.from(chosen.subarray(0, rows), place => {
      const value = values[place]
      return value === undefined ? null : toPhysical(value)
    })
    const definitionLevels = Array.from(this.levels.subarray(0, rows))
    const pageData = { values: ofRows, definitionLevels, repetitionLevels: [], maxDefinitionLevel: 1 }
    return writeColumn({ writer: this.writer, column: { ...column, encoding: 'PLAIN' }, pageData })
  }
}

function statisticsOf(values: ChosenColumn['values'], type: string, nulls: number): Statistics {
  let [least, greatest] = [values[0], values[0]]
  for (const value of values) {
    if (least === undefined || value < least) least = value
    if (greatest === undefined || value > greatest) greatest = value
  }
  if (least === undefined || greatest === undefined) return { null_count: BigInt(nulls) }
  const toPhysical = (value: string | number) => (type === 'INT64' ? BigInt(value) : value)
  return { min_value: toPhysical(least), max_value: toPhysical(greatest), null_count: BigInt(nulls) }
}
