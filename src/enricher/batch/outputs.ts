import { join, resolve } from 'node:path'
import { enricherErrors } from '../errors.ts'
import type { BatchInput } from './inputs.ts'

const INPUT_ENDING = /(\.(log|txt|json|ndjson|csv))?(\.(gz|zst|parquet))?$/i

/**
 * The path of each input's output: its own relative name in the folder, with another ending.
 * @throws WHOHAD_OUTPUT_NAME_TAKEN where two would have the same, or one is an input itself
 */
export function outputPaths(
  inputs: readonly BatchInput[],
  { folder, ending }: { readonly folder: string; readonly ending: string },
): ReadonlyMap<BatchInput, string> {
  const files = new Set(inputs.flatMap(({ from }) => ('path' in from ? resolve(from.path) : [])))
  const taken = new Map<string, BatchInput>()
  return new Map(
    inputs.map(input => {
      const path = join(folder, safeName(input.relative.replace(INPUT_ENDING, '')) + ending)
      const before = taken.get(path)
      if (before) throw nameTaken(path, input, `${before.name} has that name too`)
      if (files.has(resolve(path))) throw nameTaken(path, input, 'that is an input')
      taken.set(path, input)
      return [input, path] as const
    }),
  )
}

const nameTaken = (path: string, { name }: BatchInput, other: string) =>
  enricherErrors.outputNameTaken({ path, input: name, other })

/** A key may have any name in it: none leads out of the folder, and none is no name at all. */
const safeName = (relative: string): string =>
  relative
    .split('/')
    .map(part => (/^\.{0,2}$/.test(part) ? part.replaceAll('.', '%2E') || '%' : part.replaceAll('\0', '%00')))
    .join('/')
