import type { IndexColumns } from './ownership-index.ts'

type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue }

/** An index as plain bytes, for a file: the header says what the sections are. Bytes are in the order of this machine. */
export type IndexImage = {
  readonly header: { readonly [key: string]: JsonValue }
  readonly sections: readonly { readonly name: string; readonly bytes: Uint8Array }[]
}

/** Raised whenever the columns change their meaning: an image of another format is refused. */
const FORMAT = 3

const COLUMN_TYPES = { u8: Uint8Array, u32: Uint32Array, i32: Int32Array, f64: Float64Array } as const
type ColumnType = keyof typeof COLUMN_TYPES
type Column = InstanceType<(typeof COLUMN_TYPES)[ColumnType]>

/** Views, not copies: nothing may be applied to the index until the image has been written. */
export function imageOf(columns: IndexColumns): IndexImage {
  const sections: { readonly name: string; readonly bytes: Uint8Array }[] = []
  const index = describe(columns, 'index', (name, bytes) => sections.push({ name, bytes }))
  return { header: { format: FORMAT, index }, sections }
}

/**
 * The columns of an image that was read whole and found undamaged.
 * @throws RangeError where it has another format, or lacks a part.
 */
export function columnsOf(image: IndexImage): IndexColumns {
  const { format, index } = image.header
  if (format !== FORMAT) throw new RangeError(`it has index format ${format}, this version reads ${FORMAT}`)
  const sections = new Map(image.sections.map(({ name, bytes }) => [name, bytes]))
  return restore(index as JsonValue, sections) as IndexColumns
}

function describe(value: unknown, path: string, put: (name: string, bytes: Uint8Array) => void): JsonValue {
  for (const type of Object.keys(COLUMN_TYPES) as ColumnType[]) {
    if (!(value instanceof COLUMN_TYPES[type])) continue
    put(path, new Uint8Array(value.buffer, value.byteOffset, value.byteLength))
    return { column: path, type }
  }
  if (typeof value === 'number' && !Number.isFinite(value)) return { infinite: Math.sign(value) }
  if (Array.isArray(value)) return value.map((item, i) => describe(item, `${path}.${i}`, put))
  if (typeof value !== 'object' || value === null) return value as JsonValue
  const fields = Object.entries(value).map(([name, field]) => [name, describe(field, `${path}.${name}`, put)])
  return Object.fromEntries(fields)
}

function restore(value: JsonValue, sections: ReadonlyMap<string, Uint8Array>): unknown {
  if (Array.isArray(value)) return value.map(item => restore(item, sections))
  if (typeof value !== 'object' || value === null) return value
  const described = value as { readonly [key: string]: JsonValue }
  if (typeof described['infinite'] === 'number') return described['infinite'] * Number.POSITIVE_INFINITY
  if (typeof described['column'] === 'string')
    return columnOf(described['column'], described['type'] as ColumnType, sections)
  return Object.fromEntries(Object.entries(described).map(([name, field]) => [name, restore(field, sections)]))
}

function columnOf(name: string, type: ColumnType, sections: ReadonlyMap<string, Uint8Array>): Column {
  const bytes = sections.get(name)
  const make = COLUMN_TYPES[type]
  if (bytes === undefined || make === undefined) throw new RangeError(`it has no column ${name} of a known type`)
  if (bytes.byteLength % make.BYTES_PER_ELEMENT !== 0) throw new RangeError(`its column ${name} ends within a number`)
  return new make(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength / make.BYTES_PER_ELEMENT)
}
