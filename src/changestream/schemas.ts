import { readFileSync } from 'node:fs'
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

/** One record of an embedded segment: any change, with the time at which the log took it. */
export const loggedChangeSchema: Schema = defineNamesOnce({
  type: 'record',
  name: 'LoggedChange',
  namespace: 'whohad.changes',
  doc: 'One record of the embedded change stream.',
  fields: [
    { name: 'loggedAtMs', type: { type: 'long', logicalType: 'timestamp-millis' }, doc: "On the log's clock." },
    { name: 'change', type: RECORDS.map(record => recordSchemas[record]) },
  ],
})

/** The same two levels up from src/ and from dist/. */
function load(file: string): Schema {
  const path = fileURLToPath(new URL(`../../schemas/${file}`, import.meta.url))
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
