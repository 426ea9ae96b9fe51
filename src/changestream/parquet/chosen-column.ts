import { writeColumn } from 'hyparquet-writer/src/column.js'
import { ChosenPages, type ColumnBytes, type ColumnEncoder } from './chosen-pages.ts'
import { statisticsOf } from './column-statistics.ts'
import { type Plain, type PlainType, PlainValues } from './plain-values.ts'
import { PresentRows } from './present-rows.ts'

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

/** Whether `chosen` can be left out: there is no value, or only one, and the first rows all have it. */
export const areAlike = (values: number, chosen: Int32Array, rows: number): boolean =>
  values === 0 || (values === 1 && !chosen.subarray(0, rows).includes(NO_VALUE))

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
  private readonly present = new PresentRows()
  private readonly pages = new ChosenPages()

  write(out: ColumnBytes, column: ColumnEncoder, chosenColumn: ChosenColumn, rows: number): WrittenColumn {
    const { values, chosen } = chosenColumn
    const type = plainTypeOf(column)
    const plain = this.plainOf(values, type)
    const { present, pages } = this
    present.take(chosen, rows, plain.size)
    const width = 32 - Math.clz32(Math.max(0, plain.size - 1))
    const dictionaryBytes = (plain.begins[plain.size] as number) + (present.count * width) / 8
    const hasDictionary =
      dictionaryBytes < leastPlainBytes(present.count, type) || dictionaryBytes < present.plainBytes(plain)
    if (!hasDictionary && present.plainBytes(plain) > PAGE_BYTES) return writeOverPages(out, column, chosenColumn, rows)
    const begin = out.offset
    let unpacked = hasDictionary ? pages.writeDictionary(out, column, plain) : 0
    const dataAt = out.offset
    unpacked += hasDictionary
      ? pages.writePlaces(out, column, present, rows, width)
      : pages.writeValues(out, column, present, rows, plain)
    const statistics = column.stats && statisticsOf(isPlain(values) ? [] : values, type, rows - present.count)
    const chunk: WrittenColumn['chunk'] = {
      meta_data: {
        type,
        encodings: hasDictionary ? ['PLAIN', 'RLE_DICTIONARY'] : ['PLAIN'],
        path_in_schema: [column.columnName],
        codec: column.codec,
        num_values: BigInt(rows),
        total_compressed_size: BigInt(out.offset - begin),
        total_uncompressed_size: BigInt(unpacked),
        data_page_offset: BigInt(dataAt),
        ...(hasDictionary && { dictionary_page_offset: BigInt(begin) }),
        ...(statistics && { statistics }),
      },
      file_offset: BigInt(begin),
    }
    return { chunk }
  }

  private plainOf(values: ChosenColumn['values'], type: PlainType): Plain {
    if (isPlain(values)) return values
    this.numbers.take(values, type)
    return this.numbers
  }
}

function plainTypeOf({ element: { type } }: ColumnEncoder): PlainType {
  if (type !== 'BYTE_ARRAY' && type !== 'INT32' && type !== 'INT64') throw new Error(`no column of ${type}`)
  return type
}

/** No more than the bytes of all values one after another: what can be told without a look at them. */
const leastPlainBytes = (values: number, type: PlainType): number =>
  values * (type === 'INT32' ? 4 : type === 'INT64' ? 8 : SHORTEST_TEXT_BYTES)

function writeOverPages(
  writer: ColumnBytes,
  column: ColumnEncoder,
  { values, chosen }: ChosenColumn,
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

const isPlain = (values: ChosenColumn['values']): values is Plain => 'begins' in values

const textAt = ({ bytes, begins }: Plain, place: number): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset).toString('utf8', (begins[place] as number) + 4, begins[place + 1])
