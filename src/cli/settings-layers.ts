import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { reasonOf } from '../runtime/errors.ts'
import { cliErrors } from './errors.ts'
import { SettingsSchema } from './settings-schema.ts'

const require = createRequire(import.meta.url)

export type Environment = Readonly<Record<string, string | undefined>>

/** Read by the commands themselves or by the tests, and so no keys of the configuration. */
const OTHER_VARIABLES = /^WHOHAD_(CONFIG$|URL$|API_KEY(_FILE)?$|TOKEN$|TEST_)/
const DEFAULT_FILE = 'whohad.yaml'

export type SettingsOptions = { readonly config?: string | undefined; readonly overrides?: Tree }

/** What is set, by where it is set; the later one goes before. */
export type SettingsLayers = {
  readonly file: { readonly path: string; readonly tree: Tree } | undefined
  readonly environment: Tree
  readonly overrides: Tree
  /** Variables of the environment that look like keys and are none. */
  readonly strangeVariables: readonly string[]
}

/** @throws WHOHAD_CONFIG_UNREADABLE */
export function layersOf(environment: Environment, { config, overrides = {} }: SettingsOptions): SettingsLayers {
  const named = config ?? environment['WHOHAD_CONFIG']
  const path = named ?? (existsSync(DEFAULT_FILE) ? DEFAULT_FILE : undefined)
  const file = path === undefined ? undefined : { path, tree: readFile(path) }
  return { file, overrides, ...treeOfEnvironment(environment) }
}

export type Tree = { [key: string]: unknown }
export const isTree = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function readFile(path: string): Tree {
  // Loaded where there is a file: most questions have none, and these are 72 modules.
  const { parse } = require('yaml') as typeof import('yaml')
  let tree: unknown
  try {
    tree = parse(readFileSync(path, 'utf8')) ?? {}
  } catch (cause) {
    // The parser's first line says what and where; an excerpt follows its colon.
    const [said = ''] = reasonOf(cause).split('\n')
    throw cliErrors.configUnreadable({ path, reason: said.replace(/:$/, '') }, cause)
  }
  if (!isTree(tree)) throw cliErrors.configUnreadable({ path, reason: 'it is not a YAML mapping' })
  // "kafka:" with all of its keys commented out is null in YAML, and means no more than its absence.
  return Object.fromEntries(Object.entries(tree).filter(([, section]) => section !== null))
}

/** Puts what `from` sets over what `into` does. */
export function merge(into: Tree, from: Tree): void {
  for (const [key, value] of Object.entries(from)) {
    if (!isTree(value)) {
      if (value !== undefined) put(into, key, value)
      continue
    }
    // What stands there and is no section is left for the check to complain about.
    const held = (Object.hasOwn(into, key) ? into[key] : undefined) ?? {}
    put(into, key, held)
    if (isTree(held)) merge(held, value)
  }
}

/** A file may have a key called __proto__: it is one that is unknown, and no prototype. */
const put = (into: Tree, key: string, value: unknown): void =>
  void Object.defineProperty(into, key, { value, enumerable: true, writable: true, configurable: true })

/** WHOHAD_KAFKA__BROKERS=a:9092,b:9092 is kafka.brokers. */
function treeOfEnvironment(variables: Environment): Pick<SettingsLayers, 'environment' | 'strangeVariables'> {
  const environment: Tree = {}
  const strangeVariables: string[] = []
  for (const [name, text] of Object.entries(variables)) {
    if (!name.startsWith('WHOHAD_') || OTHER_VARIABLES.test(name) || text === undefined) continue
    const [section = '', key = '', ...beyond] = name.slice('WHOHAD_'.length).split('__').map(camelCase)
    const schema = beyond.length > 0 ? undefined : keySchema(section, key)
    if (schema === undefined) strangeVariables.push(name)
    else merge(environment, { [section]: { [key]: fromText(text, schema) } })
  }
  return { environment, strangeVariables }
}

const camelCase = (text: string) =>
  text.toLowerCase().replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())

function keySchema(section: string, key: string): { readonly type?: string } | undefined {
  const sections = SettingsSchema.properties as unknown as Readonly<Record<string, JsonSchema>>
  const keys = Object.hasOwn(sections, section) ? (sections[section]?.properties ?? {}) : {}
  return Object.hasOwn(keys, key) ? keys[key] : undefined
}

type JsonSchema = { readonly type?: string; readonly properties?: Readonly<Record<string, JsonSchema>> }

/** Text that is no value of its type is left as it is, so that the check complains about it. */
function fromText(text: string, schema: { readonly type?: string }): unknown {
  switch (schema.type) {
    case 'array':
      return text
        .split(',')
        .map(part => part.trim())
        .filter(part => part !== '')
    case 'integer':
    case 'number':
      return text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : text
    default:
      return text
  }
}
