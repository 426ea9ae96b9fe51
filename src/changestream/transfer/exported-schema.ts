import type { Schema } from 'avsc'
import { loggedChangeSchema } from '../schemas.ts'

type Field = { readonly name: string; readonly type: unknown; readonly default?: unknown; readonly doc?: string }
type RecordSchema = { readonly fields: readonly Field[] }

const { fields, ...logged } = loggedChangeSchema as unknown as RecordSchema
const blockEnd = fields.at(-1) as Field

/** Its last field has bytes of a checksum, so that it must stay the last. */
const place: readonly Field[] = [
  { name: 'partition', type: 'int', default: 0, doc: 'Where it was in the stream that was exported.' },
  { name: 'offset', type: 'long', default: 0, doc: 'Its place in that partition.' },
]
const total: Field = {
  name: 'total',
  type: ['null', 'long'],
  default: null,
  doc: 'On the very last record: how many records the whole export has. A file without it was cut short.',
}

/** One record of an export: that of an embedded segment, with its place, and on the last one the count of all. */
export const exportedChangeSchema: Schema = {
  ...logged,
  doc: 'One record of an exported change stream.',
  fields: [...place, ...fields.slice(0, -1), total, blockEnd],
} as unknown as Schema
