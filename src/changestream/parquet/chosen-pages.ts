import type { Encoding, PageHeader } from 'hyparquet'
import type { writeColumn } from 'hyparquet-writer/src/column.js'
import { writePageHeader } from 'hyparquet-writer/src/datapage.js'
import { hybridBytes, writeHybrid, writeRun } from './hybrid-out.ts'
import type { Plain } from './plain-values.ts'
import type { PresentRows } from './present-rows.ts'

type ColumnOptions = Parameters<typeof writeColumn>[0]
/** What the library knows of a column that it writes. */
export type ColumnEncoder = ColumnOptions['column']
export type ColumnBytes = ColumnOptions['writer']

/** The pages of a column, packed and behind one another. Keeps its memory from column to column. */
export class ChosenPages {
  private body = new DataView(new ArrayBuffer(0))

  /** All values there are, once each. Returns the bytes of the page before it is packed, as the others do. */
  writeDictionary(out: ColumnBytes, column: ColumnEncoder, { bytes, begins, size }: Plain): number {
    return writePage(out, column, bytes.subarray(0, begins[size]), NO_LEVELS, {
      type: 'DICTIONARY_PAGE',
      dictionary_page_header: { num_values: size, encoding: 'PLAIN' },
    })
  }

  /** The places of the values that the rows have, each in so many bits. */
  writePlaces(out: ColumnBytes, column: ColumnEncoder, present: PresentRows, rows: number, width: number): number {
    const body = this.bodyOf(hybridBytes(present.count))
    body.setUint8(0, width)
    const end = present.areAlike
      ? writeRun(0, present.count, width, body, 1)
      : writeHybrid(present.places, present.count, width, body, 1)
    return writeData(out, column, 'RLE_DICTIONARY', new Uint8Array(body.buffer, 0, end), present, rows)
  }

  /** The values that the rows have, one after another. */
  writeValues(out: ColumnBytes, column: ColumnEncoder, present: PresentRows, rows: number, values: Plain): number {
    const { places, count } = present
    const { begins, bytes } = values
    const body = new Uint8Array(this.bodyOf(present.plainBytes(values)).buffer)
    let at = 0
    for (let i = 0; i < count; i++) {
      const place = places[i] as number
      const end = begins[place + 1] as number
      for (let from = begins[place] as number; from < end; from++) body[at++] = bytes[from] as number
    }
    return writeData(out, column, 'PLAIN', body.subarray(0, at), present, rows)
  }

  private bodyOf(bytes: number): DataView {
    if (this.body.byteLength < bytes) this.body = new DataView(new ArrayBuffer(2 * bytes))
    return this.body
  }
}

const NO_LEVELS = new Uint8Array(0)

function writeData(
  out: ColumnBytes,
  column: ColumnEncoder,
  encoding: Encoding,
  body: Uint8Array,
  present: PresentRows,
  rows: number,
): number {
  const levels = present.levelsAsBytes()
  return writePage(out, column, body, levels, {
    type: 'DATA_PAGE_V2',
    data_page_header_v2: {
      num_values: rows,
      num_nulls: rows - present.count,
      num_rows: rows,
      encoding,
      definition_levels_byte_length: levels.length,
      repetition_levels_byte_length: 0,
      is_compressed: true,
    },
  })
}

/** The levels of a page are never packed. */
function writePage(
  out: ColumnBytes,
  { codec, compressors }: ColumnEncoder,
  body: Uint8Array,
  levels: Uint8Array,
  header: Omit<PageHeader, 'uncompressed_page_size' | 'compressed_page_size'>,
): number {
  const packed = compressors[codec]?.(body) ?? body
  const begin = out.offset
  const sizes = {
    uncompressed_page_size: levels.length + body.length,
    compressed_page_size: levels.length + packed.length,
  }
  writePageHeader(out, { ...header, ...sizes })
  const headerBytes = out.offset - begin
  out.appendBytes(levels)
  out.appendBytes(packed)
  return headerBytes + sizes.uncompressed_page_size
}
