import { realpath, stat } from 'node:fs/promises'
import { dirname, join, resolve, sep } from 'node:path'
import { enricherErrors } from '../errors.ts'
import { isMatch, isPattern } from '../flowlogs/glob.ts'
import type { BatchInput } from './inputs.ts'
import { manifestPath } from './manifest.ts'

const INPUT_ENDING = /(\.(log|txt|json|ndjson|csv))?(\.(gz|zst|parquet))?$/i

/** The folder of what could not be read, within that of the outputs. */
export const deadLettersIn = (folder: string): string => join(folder, '_dead-letters')

export type OutputPaths = {
  readonly output: string
  /** Of what could not be read, where there is any. */
  readonly deadLetters: string
}

/**
 * Where each input's output goes: its own relative name in the folder, with another ending.
 * @throws WHOHAD_OUTPUT_NAME_TAKEN where two would have the same, or one is an input itself
 */
export function outputPaths(
  inputs: readonly BatchInput[],
  { folder, ending }: { readonly folder: string; readonly ending: string },
): ReadonlyMap<BatchInput, OutputPaths> {
  const files = new Set(inputs.flatMap(({ from }) => ('path' in from ? [resolve(from.path)] : [])))
  const taken = new Map<string, BatchInput>()
  return new Map(
    inputs.map(input => {
      const output = join(folder, safeName(input.relative.replace(INPUT_ENDING, '')) + ending)
      const deadLetters = join(deadLettersIn(folder), `${safeName(input.relative)}.ndjson`)
      for (const path of [output, deadLetters]) {
        const before = taken.get(path)
        if (before) throw nameTaken(path, input, `${before.name} has that name too`)
        if (files.has(resolve(path))) throw nameTaken(path, input, 'that is an input')
        taken.set(path, input)
      }
      return [input, { output, deadLetters }] as const
    }),
  )
}

/**
 * Looks whether the next run of the same command would take for an input what this one writes.
 * @throws WHOHAD_OUTPUT_AMONG_INPUTS where the folder of the outputs is an input or lies within one
 */
export async function refuseFolderAmongInputs(folder: string, names: readonly string[]): Promise<void> {
  const into = await realFolder(folder)
  for (const name of names) {
    const found = await stat(name).catch(() => undefined)
    if (!found?.isDirectory()) continue
    const root = await realpath(name)
    if (into === root || into.startsWith(root.endsWith(sep) ? root : root + sep)) throw amongInputs(folder, name)
  }
}

/** @throws WHOHAD_OUTPUT_AMONG_INPUTS where a pattern of the inputs matches what would be written */
export async function refuseMatchedOutputs(
  outputs: Iterable<OutputPaths>,
  { folder, names }: { readonly folder: string; readonly names: readonly string[] },
): Promise<void> {
  const patterns: string[] = []
  for (const name of names) if (await isPattern(name)) patterns.push(name)
  if (patterns.length === 0) return
  for (const { output, deadLetters } of outputs) {
    for (const path of [output, manifestPath(output), deadLetters]) {
      const pattern = patterns.find(one => isMatch(one, path))
      if (pattern !== undefined) throw amongInputs(folder, pattern)
    }
  }
}

/** Links taken apart, as far as the folder is there. */
async function realFolder(folder: string): Promise<string> {
  const path = resolve(folder)
  const real = await realpath(path).catch(() => undefined)
  if (real !== undefined || dirname(path) === path) return real ?? path
  return join(await realFolder(dirname(path)), path.slice(dirname(path).length))
}

const amongInputs = (folder: string, input: string) => enricherErrors.outputAmongInputs({ folder, input })

const nameTaken = (path: string, { name }: BatchInput, other: string) =>
  enricherErrors.outputNameTaken({ path, input: name, other })

/** A key may have any name in it: none leads out of the folder, and none is no name at all. */
const safeName = (relative: string): string =>
  relative
    .split('/')
    .map(part => (/^\.{0,2}$/.test(part) ? part.replaceAll('.', '%2E') || '%' : part.replaceAll('\0', '%00')))
    .join('/')
