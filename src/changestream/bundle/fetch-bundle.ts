import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { reasonOf, WhohadError } from '../../runtime/errors.ts'
import { bundleErrors } from './errors.ts'
import { type BundleManifest, fileOf, MANIFEST, TABLES } from './layout.ts'
import { readManifest } from './read-bundle.ts'

/** Where a bundle is, that is not in a folder of this machine. */
export type BundlePlace = {
  /** As errors call it, without secrets. */
  readonly name: string
  /** The bytes of one of its files. Throws what has a code, also from within the iteration. */
  open(file: string): Promise<AsyncIterable<Uint8Array>>
}

export type FetchLimits = {
  /** Of all tables, as bundle.json says. */
  readonly mostBytes?: number
}

const MOST_BYTES = 64 * 1024 ** 3
const MOST_MANIFEST_BYTES = 1024 * 1024

/**
 * Copies a bundle into an empty folder, where `readBundle` finds it and compares it with its hashes. No file may be longer than
 * bundle.json says.
 * @throws WHOHAD_BUNDLE_MISSING, WHOHAD_BUNDLE_OTHER_VERSION, WHOHAD_BUNDLE_DAMAGED, WHOHAD_BUNDLE_TOO_LARGE,
 *   WHOHAD_BUNDLE_NOT_KEPT, and what `open` throws
 */
export async function fetchBundle(
  { name, open }: BundlePlace,
  folder: string,
  { mostBytes = MOST_BYTES }: FetchLimits = {},
  onBytes?: (done: number, all: number) => void,
): Promise<void> {
  const copy = async (file: string, most: number, tell?: (bytes: number) => void) => {
    const path = join(folder, file)
    try {
      await pipeline(counted(await open(file), { name, file, most, tell }), createWriteStream(path, { flags: 'wx' }))
    } catch (error) {
      throw error instanceof WhohadError ? error : bundleErrors.notKept({ path, reason: reasonOf(error) }, error)
    }
  }
  await copy(MANIFEST, MOST_MANIFEST_BYTES)
  const { tables } = await readManifest(folder).catch(error => {
    throw error instanceof WhohadError && error.code === bundleErrors.missing.code
      ? bundleErrors.missing({ folder: name, reason: `${MANIFEST} there is not one of ours` }, error)
      : error
  })
  const all = sizeOf(tables)
  if (all === undefined)
    throw bundleErrors.damaged({ folder: name, reason: `${MANIFEST} does not say how long its tables are` })
  if (all > mostBytes) throw bundleErrors.tooLarge({ name, bytes: all, mostBytes })
  let done = 0
  for (const table of TABLES) {
    await copy(fileOf(table), tables[table].bytes, bytes => {
      done += bytes
      onBytes?.(done, all)
    })
  }
}

/** Undefined where a number is missing or none. */
function sizeOf(tables: Partial<BundleManifest['tables']> | undefined): number | undefined {
  const sizes = TABLES.map(table => tables?.[table]?.bytes)
  return sizes.every(bytes => Number.isSafeInteger(bytes) && Number(bytes) >= 0)
    ? sizes.reduce<number>((sum, bytes) => sum + Number(bytes), 0)
    : undefined
}

type Counted = {
  readonly name: string
  readonly file: string
  readonly most: number
  readonly tell: ((bytes: number) => void) | undefined
}

async function* counted(chunks: AsyncIterable<Uint8Array>, { name, file, most, tell }: Counted) {
  let bytes = 0
  for await (const chunk of chunks) {
    bytes += chunk.length
    if (bytes > most)
      throw bundleErrors.damaged({ folder: name, reason: `${file} is longer than it should be (${most} bytes)` })
    tell?.(chunk.length)
    yield chunk
  }
}
