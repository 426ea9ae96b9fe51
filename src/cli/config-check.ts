import { readFileSync } from 'node:fs'
import { Errors } from 'typebox/schema'
import { Settings as Limits } from 'typebox/system'
import { isMap, isNode, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml'
import { valueAt } from './config-show.ts'
import { checkSettings, complaintOfVariable } from './settings.ts'
import type { SettingsLayers } from './settings-layers.ts'
import { keysOf, SETTINGS, schemaAt, typeWords } from './settings-words.ts'

type Path = readonly (string | number)[]

/** What is wrong with a configuration, where, and how to mend it. */
export type ConfigFault = {
  /** "data.path"; a variable of the environment; empty where it is about the whole. */
  readonly key: string
  /** In the file; null where it is not from there, or cannot be told. */
  readonly line: number | null
  readonly fault: string
  readonly mend: string
}

/** The validator stops here. */
const MOST_FAULTS = 1000

/** All that is wrong with the settings: no more, where nothing is. */
export function configFaults(layers: SettingsLayers): readonly ConfigFault[] {
  const lineOf = lineFinder(layers)
  const { tree, strangeVariables, isAllowed, conflicts } = checkSettings(layers)
  return [
    ...strangeVariables.map(strangeVariable),
    ...(isAllowed ? [] : schemaFaults(tree, lineOf)),
    ...conflicts.map(said => conflict(said, lineOf)),
  ]
}

function strangeVariable(name: string): ConfigFault {
  const mend = 'Unset it, or write WHOHAD_SECTION__KEY: "whohad config show" names the variable of each key.'
  return { key: name, line: null, fault: complaintOfVariable(name), mend }
}

type LineOf = (path: Path) => number | null

function schemaFaults(tree: unknown, lineOf: LineOf): readonly ConfigFault[] {
  Limits.Set({ maxErrors: MOST_FAULTS })
  const found = new Map<string, ConfigFault>()
  const [, errors] = Errors(SETTINGS, tree)
  for (const { keyword, instancePath, message } of errors) {
    const path = instancePath
      .slice(1)
      .split('/')
      .filter(part => part !== '')
    const key = path.join('.')
    // What stands above a fault only repeats it.
    if (keyword === 'additionalProperties' || keyword === 'const' || found.has(key)) continue
    found.set(key, {
      key,
      line: lineOf(path),
      ...(keyword === 'boolean' ? unknownKey(path) : wrongValue(path, message)),
    })
  }
  return [...found.values()]
}

function unknownKey(path: readonly string[]): Pick<ConfigFault, 'fault' | 'mend'> {
  const name = path.at(-1) ?? ''
  const known = Object.keys(keysOf(schemaAt(path.slice(0, -1)) ?? {}))
  const meant = nearest(name, known)
  const mend = meant === undefined ? `Keys here: ${known.join(', ')}.` : `Write "${meant}", or take it out.`
  return { fault: 'there is no such key', mend }
}

function wrongValue(path: readonly string[], message: string): Pick<ConfigFault, 'fault' | 'mend'> {
  const schema = schemaAt(path)
  if (schema === undefined) return { fault: message, mend: 'docs/configuration.md describes every key.' }
  const { description, default: fallback } = schema
  const otherwise = fallback === undefined ? '' : ` Left out, it is ${JSON.stringify(fallback)}.`
  const meaning = description ? ` ${description}` : ''
  return { fault: message, mend: `It must be ${typeWords(schema)}.${meaning}${otherwise}` }
}

/** Rules between keys say what to do themselves, behind the key that they are about. */
function conflict(said: string, lineOf: LineOf): ConfigFault {
  const [key = ''] = /^[A-Za-z]\w*(?:\.[^\s:,]+|\[\d+\])*/.exec(said) ?? []
  const path = key.split(/[.[\]]+/).filter(part => part !== '')
  const isKey = path.length > 0 && schemaAt(path.slice(0, 1)) !== undefined
  const [fault = said, ...mend] = said.split('; ')
  return { key: isKey ? key : '', line: isKey ? lineOf(path) : null, fault, mend: mend.join('; ') || BOTH }
}

const BOTH = 'Change one of the keys that it names: docs/configuration.md describes them.'

/** Of the nearest node that the file has on the way to a key. Entries of lists also go by what one of their values says. */
function lineFinder({ file, environment, overrides }: SettingsLayers): LineOf {
  if (file === undefined) return () => null
  const lines = new LineCounter()
  const document = parseDocument(readFileSync(file.path, 'utf8'), { lineCounter: lines })
  return path => {
    if ([environment, overrides].some(layer => valueAt(layer, path.slice(0, 2)) !== undefined)) return null
    let node: unknown = document.contents
    let offset: number | undefined
    for (const part of path) {
      const [key, value] = below(node, String(part))
      if (key === undefined) break
      offset = key.range?.[0]
      node = value
    }
    return offset === undefined ? null : lines.linePos(offset).line
  }
}

function below(node: unknown, part: string): readonly [Node | undefined, unknown] {
  if (isMap(node)) {
    const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === part)
    return [pair && isNode(pair.key) ? pair.key : undefined, pair?.value]
  }
  if (!isSeq(node)) return [undefined, undefined]
  const named = node.items.find(
    item => isMap(item) && item.items.some(({ value }) => isScalar(value) && String(value.value) === part),
  )
  const item = named ?? (/^\d+$/.test(part) ? node.items[Number(part)] : undefined)
  return [isNode(item) ? item : undefined, item]
}

/** The word that was meant, if one is but a slip or two away. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const [best] = known
    .map(name => ({ name, slips: slipsBetween(word.toLowerCase(), name.toLowerCase()) }))
    .sort((a, b) => a.slips - b.slips)
  return best !== undefined && best.slips <= Math.max(2, Math.floor(word.length / 3)) ? best.name : undefined
}

/** Levenshtein's distance. */
function slipsBetween(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const changed = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(changed, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
