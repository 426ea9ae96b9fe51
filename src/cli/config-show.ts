import { withoutSecrets } from '../runtime/without-secrets.ts'
import { isTree, type SettingsLayers, type Tree } from './settings-layers.ts'
import { SETTINGS, variableOf } from './settings-words.ts'

/** One key as it is in force. Sections that are lists are one key. */
export type ShownSetting = {
  readonly key: string
  /** Null where it is not set, and has no default. */
  readonly value: unknown
  /** "default", the path of the file, the variable of the environment, or "command line". */
  readonly from: string
  /** The variable that sets it; null where only the file can. */
  readonly variable: string | null
}

const REDACTED = '(redacted)'
const SECRET = /(?:password|secret|passphrase|token|externalId)$/i

/** Every key of the schema, in its order, with its value and where that comes from. Secrets are not shown. */
export function shownSettings(tree: unknown, layers: SettingsLayers): readonly ShownSetting[] {
  const shown: ShownSetting[] = []
  for (const [section, schema] of Object.entries(SETTINGS.properties ?? {})) {
    const keys = schema.type === 'object' ? Object.keys(schema.properties ?? {}) : [undefined]
    for (const key of keys) {
      const path = key === undefined ? [section] : [section, key]
      const variable = key === undefined ? null : (variableOf(section, key) ?? null)
      const value = redacted(valueAt(tree, path) ?? null, key ?? section)
      shown.push({ key: path.join('.'), value, from: originOf(path, layers, variable), variable })
    }
  }
  return shown
}

function originOf(path: readonly string[], layers: SettingsLayers, variable: string | null): string {
  const { file, environment, overrides } = layers
  if (valueAt(overrides, path) !== undefined) return 'command line'
  if (valueAt(environment, path) !== undefined) return variable ?? 'environment'
  return file && valueAt(file.tree, path) !== undefined ? file.path : 'default'
}

/** What a tree has there; undefined where it has nothing. */
export const valueAt = (tree: unknown, path: readonly (string | number)[]): unknown =>
  path.reduce<unknown>((within, key) => (isTree(within) && Object.hasOwn(within, key) ? within[key] : undefined), tree)

/** Without secrets, those in URLs included. What is empty is no secret. */
export function redacted(value: unknown, key: string): unknown {
  if (typeof value === 'string') {
    if (SECRET.test(key) && value !== '') return REDACTED
    return withoutSecrets(value)
  }
  if (Array.isArray(value)) return value.map(one => redacted(one, key))
  if (!isTree(value)) return value
  const within: Tree = {}
  for (const [name, one] of Object.entries(value)) within[name] = redacted(one, name)
  return within
}
