import type { CompressionCodec, ParquetType, SchemaElement } from 'hyparquet'
import { parquetMetadata, parquetSchema } from 'hyparquet'
import { bytesBetween, type ParquetBytes } from './bytes.ts'
import { asFault, corrupt, oversize, ParquetFault, unsupported } from './faults.ts'
import { MOST_ROWS, type ParquetLimits } from './limits.ts'

/** A column with one value or none in each row. */
export type ParquetColumn = {
  readonly name: string
  readonly type: ParquetType
  readonly typeLength: number | undefined
  readonly isUnsigned: boolean
  /** Whether rows may lack a value. */
  readonly isOptional: boolean
}

export type ColumnChunk = { readonly from: number; readonly until: number; readonly codec: CompressionCodec }

export type RowGroup = {
  readonly rows: number
  /** In the order of the columns, or why they cannot be had. */
  readonly chunks: readonly ColumnChunk[] | ParquetFault
}

export type ParquetFooter = {
  readonly columns: readonly ParquetColumn[]
  readonly rowGroups: readonly RowGroup[]
}

const MAGIC = 'PAR1'
const MAGIC_OF_ENCRYPTED = 'PARE'
/** Length of the footer, and the magic once more. */
const TAIL_BYTES = 8
/** Bytes that go on, one after another: past this many it is no number, and decoding it would take time of its square. */
const LONGEST_VARINT = 1024

/** What a Parquet file says of itself. Throws a fault where that cannot be read, and what the source throws. */
export async function readFooter(source: ParquetBytes, limits: ParquetLimits): Promise<ParquetFooter> {
  const { byteLength } = source
  if (byteLength < MAGIC.length + TAIL_BYTES) {
    throw new ParquetFault('truncated-parquet', `the file ends after ${byteLength} bytes`)
  }
  const tail = await bytesBetween(source, byteLength - TAIL_BYTES, byteLength)
  const magic = Buffer.from(tail.subarray(4)).toString('latin1')
  if (magic === MAGIC_OF_ENCRYPTED) throw unsupported('the footer is encrypted')
  if (magic !== MAGIC) throw new ParquetFault('truncated-parquet', 'the file does not end with a footer')
  const footerBytes = new DataView(tail.buffer, tail.byteOffset).getUint32(0, true)
  if (footerBytes > byteLength - TAIL_BYTES - MAGIC.length) {
    throw corrupt(`a footer of ${footerBytes} bytes in a file of ${byteLength}`)
  }
  if (footerBytes > limits.footerBytes) throw oversize(`a footer of ${footerBytes} bytes`)
  const footer = await bytesBetween(source, byteLength - TAIL_BYTES - footerBytes, byteLength)
  refuseEndlessNumbers(footer)
  try {
    return footerOf(footer, byteLength)
  } catch (error) {
    throw asFault(error)
  }
}

function refuseEndlessNumbers(footer: Uint8Array): void {
  let run = 0
  for (const byte of footer) {
    run = byte < 0x80 ? 0 : run + 1
    if (run > LONGEST_VARINT) throw corrupt('a footer with an endless number')
  }
}

const AS_BYTES = { stringFromBytes: () => '', jsonFromBytes: () => '' }

function footerOf(bytes: Uint8Array, fileBytes: number): ParquetFooter {
  const metadata = parquetMetadata(bytes, { geoparquet: false, parsers: AS_BYTES })
  const flat = parquetSchema(metadata).children.filter(
    ({ element, children }) => children.length === 0 && element.type !== undefined && !isRepeated(element),
  )
  const columns = flat.map(({ element }) => columnOf(element))
  const rowGroups = metadata.row_groups.map(group => {
    const rows = Number(group.num_rows)
    if (!(rows >= 0 && rows <= MOST_ROWS)) throw corrupt(`a row group of ${rows} rows`)
    const byName = new Map(
      group.columns.flatMap(({ meta_data: meta, file_path: elsewhere }) =>
        meta?.path_in_schema.length === 1 && !elsewhere ? [[meta.path_in_schema[0], meta] as const] : [],
      ),
    )
    try {
      const chunks = columns.map(({ name, type }): ColumnChunk => {
        const meta = byName.get(name)
        if (meta === undefined || meta.type !== type) throw corrupt(`no data of column ${name}`)
        const dictionaryAt = Number(meta.dictionary_page_offset ?? 0)
        const dataAt = Number(meta.data_page_offset)
        const from = dictionaryAt > 0 && dictionaryAt < dataAt ? dictionaryAt : dataAt
        const until = from + Number(meta.total_compressed_size)
        if (!(from >= MAGIC.length && until >= from && until <= fileBytes)) {
          throw corrupt(`column ${name} lies outside of the file`)
        }
        return { from, until, codec: meta.codec }
      })
      return { rows, chunks }
    } catch (error) {
      return { rows, chunks: asFault(error) }
    }
  })
  if (rowGroups.reduce((sum, { rows }) => sum + rows, 0) > MOST_ROWS) throw oversize('more rows than can be counted')
  return { columns, rowGroups }
}

const isRepeated = ({ repetition_type }: SchemaElement): boolean => repetition_type === 'REPEATED'

function columnOf(element: SchemaElement): ParquetColumn {
  const { name, type, type_length: typeLength, converted_type: converted, logical_type: logical } = element
  if (type === undefined) throw corrupt(`column ${name} has no type`)
  return {
    name,
    type,
    typeLength,
    isUnsigned: converted?.startsWith('UINT_') || (logical?.type === 'INTEGER' && !logical.isSigned),
    isOptional: element.repetition_type !== 'REQUIRED',
  }
}
