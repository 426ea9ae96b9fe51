import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import avro, { type Schema, type Type } from 'avsc'
import type { Change } from '../ownership/claim.ts'
import { reasonOf } from '../runtime/errors.ts'
import { changestreamErrors } from './errors.ts'

/** Where the schema of each kind of record lies, below the package's schemas/ folder. */
const FILES: Readonly<Record<Change['record'], string>> = {
  claim: 'ip-claim.avsc',
  progress: 'progress.avsc',
  source: 'source.avsc',
  horizon: 'horizon.avsc',
}

export const RECORDS = ['claim', 'progress', 'source', 'horizon'] as const satisfies readonly Change['record'][]

export const recordSchemas: Readonly<Record<Change['record'], Schema>> = {
  claim: load(FILES.claim),
  progress: load(FILES.progress),
  source: load(FILES.source),
  horizon: load(FILES.horizon),
}

export const recordTypes: Readonly<Record<Change['record'], Type>> = {
  claim: avro.Type.forSchema(recordSchemas.claim),
  progress: avro.Type.forSchema(recordSchemas.progress),
  source: avro.Type.forSchema(recordSchemas.source),
  horizon: avro.Type.forSchema(recordSchemas.horizon),
}

/**
 * Every version of every schema that was ever written with, the current ones included: what they wrote is read for ever. A
 * file is called record.version.fingerprint.avsc, and is never changed.
 */
export const publishedSchemas: readonly Schema[] = schemasInFolder(
  fileURLToPath(new URL('../../schemas/history', import.meta.url)),
)

/**
 * The schemas in the .avsc files of a folder.
 * @throws WHOHAD_STREAM_SCHEMA_UNREADABLE
 */
export function schemasInFolder(folder: string): readonly Schema[] {
  let files: readonly string[]
  try {
    files = readdirSync(folder)
  } catch (cause) {
    throw changestreamErrors.schemaUnreadable({ file: folder, reason: reasonOf(cause) }, cause)
  }
  return files
    .filter(file => file.endsWith('.avsc'))
    .sort()
    .map(file => schemaIn(join(folder, file)))
}

const inSegment = [
  { name: 'loggedAtMs', type: { type: 'long', logicalType: 'timestamp-millis' }, doc: "On the log's clock." },
  { name: 'change', type: RECORDS.map(record => recordSchemas[record]) },
  {
    name: 'blockEnd',
    type: ['null', { type: 'fixed', name: 'BlockEnd', size: 12 }],
    default: null,
    doc: 'On the last record of each block: CRC-32 of the data before it (u32), bytes of the segment that were durable when the block was written (u64); little-endian.',
  },
]

/** One record of an embedded segment: any change, with the time at which the log took it. */
export const loggedChangeSchema: Schema = defineNamesOnce({
  type: 'record',
  name: 'LoggedChange',
  namespace: 'whohad.changes',
  doc: 'One record of the embedded change stream.',
  fields: inSegment,
})

/** One record that outlived the segment it was in, under the offset that it had there. */
export const carriedChangeSchema: Schema = defineNamesOnce({
  type: 'record',
  name: 'CarriedChange',
  namespace: 'whohad.changes',
  doc: 'One record of the embedded change stream that outlived the segment it was in.',
  fields: [{ name: 'offset', type: 'long', doc: 'Its place in the stream.' }, ...inSegment],
})

/** The same two levels up from src/ and from dist/. */
function load(file: string): Schema {
  return schemaIn(fileURLToPath(new URL(`../../schemas/${file}`, import.meta.url)))
}

/** @throws WHOHAD_STREAM_SCHEMA_UNREADABLE */
function schemaIn(path: string): Schema {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (cause) {
    throw changestreamErrors.schemaUnreadable({ file: path, reason: reasonOf(cause) }, cause)
  }
}

/** Avro defines a name once per schema and refers to it by name after that; each of our files stands alone. */
function defineNamesOnce(schema: unknown): Schema {
  const defined = new Set<string>()
  const walk = (node: unknown): unknown => {
    if (Array.isArray(node)) return node.map(walk)
    if (typeof node !== 'object' || node === null) return node
    const { name, fields, symbols } = node as { name?: string; fields?: unknown; symbols?: unknown }
    if (name !== undefined && (fields !== undefined || symbols !== undefined)) {
      if (defined.has(name)) return name
      defined.add(name)
    }
    return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, walk(value)]))
  }
  return walk(schema) as Schema
}
