import { filledIn } from './filled-in.ts'
import type { Settings } from './settings.ts'
import { isTree, merge, type SettingsLayers, type Tree } from './settings-layers.ts'
import { SETTINGS } from './settings-words.ts'

/**
 * The settings where nothing is set, or the data folder alone: the defaults, of which nothing has to be checked, so that a question
 * does not wait for the validator. Undefined where anything else is set: then `loadSettings` tells.
 */
export function defaultSettings({
  file,
  environment,
  overrides,
  strangeVariables,
}: SettingsLayers): Settings | undefined {
  if (file !== undefined || strangeVariables.length > 0 || keysSet(environment).length > 0) return undefined
  if (keysSet(overrides).some(([key, value]) => key !== 'data.path' || value === '')) return undefined
  const tree: Tree = {}
  merge(tree, overrides)
  return filledIn(SETTINGS, tree) as Settings
}

function keysSet(tree: Tree, above = ''): readonly (readonly [key: string, value: unknown])[] {
  return Object.entries(tree).flatMap(([key, value]) => {
    if (isTree(value)) return keysSet(value, `${above}${key}.`)
    return value === undefined ? [] : [[`${above}${key}`, value] as const]
  })
}
