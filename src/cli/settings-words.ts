import { SettingsSchema } from './settings-schema.ts'

/** What is read of the settings' schema to tell people of it. */
export type KeySchema = {
  readonly type?: string
  readonly description?: string
  readonly default?: unknown
  readonly pattern?: string
  readonly minimum?: number
  readonly exclusiveMinimum?: number
  readonly maximum?: number
  readonly const?: unknown
  readonly anyOf?: readonly KeySchema[]
  readonly items?: KeySchema
  readonly required?: readonly string[]
  readonly properties?: Readonly<Record<string, KeySchema>>
}

/** The whole schema, as plain JSON Schema: which it is. */
export const SETTINGS: KeySchema = SettingsSchema as unknown as KeySchema

/** The keys of a mapping, or of each form of it. */
export function keysOf({ properties, anyOf }: KeySchema): Readonly<Record<string, KeySchema>> {
  return properties ?? Object.assign({}, ...(anyOf ?? []).map(keysOf))
}

/** What the schema says of a key; list entries by their number. Undefined where there is no such key. */
export function schemaAt(path: readonly (string | number)[], schema: KeySchema = SETTINGS): KeySchema | undefined {
  const [first, ...rest] = path
  if (first === undefined) return schema
  const within = /^\d+$/.test(String(first)) && schema.items ? schema.items : keysOf(schema)[first]
  return within && schemaAt(rest, within)
}

/** What a value must be, in few words. */
export function typeWords(schema: KeySchema): string {
  const { type, anyOf, items, pattern } = schema
  if (anyOf?.every(one => 'const' in one)) return `one of ${anyOf.map(one => one.const).join(', ')}`
  if ('const' in schema) return String(schema.const)
  switch (type) {
    case 'array':
      return `a list, each entry ${items ? typeWords(items) : 'anything'}`
    case 'boolean':
      return 'true or false'
    case 'string':
      return pattern ? `text like ${pattern}` : 'text'
    case 'number':
      return `a number${rangeWords(schema)}`
    case 'integer':
      return `a whole number${rangeWords(schema)}`
    default:
      return 'a mapping'
  }
}

function rangeWords({ minimum, exclusiveMinimum, maximum }: KeySchema): string {
  if (minimum !== undefined && maximum !== undefined) return ` from ${minimum} to ${maximum}`
  if (exclusiveMinimum !== undefined)
    return ` above ${exclusiveMinimum}${maximum === undefined ? '' : `, at most ${maximum}`}`
  return minimum === undefined ? '' : `, at least ${minimum}`
}

/** WHOHAD_SECTION__KEY for a key that the environment can set; undefined for one that it cannot. */
export function variableOf(section: string, key: string): string | undefined {
  const { type, items } = schemaAt([section, key]) ?? {}
  if (SETTINGS.properties?.[section]?.type !== 'object' || type === 'object') return undefined
  return type === 'array' && items?.type !== 'string' ? undefined : `WHOHAD_${[section, key].map(capitals).join('__')}`
}

const capitals = (name: string): string => name.replace(/[A-Z]/g, letter => `_${letter}`).toUpperCase()
