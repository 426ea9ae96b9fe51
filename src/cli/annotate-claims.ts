import { createHash } from 'node:crypto'
import { rmSync } from 'node:fs'
import { mkdtemp, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fetchBundle } from '../changestream/bundle/fetch-bundle.ts'
import { MANIFEST } from '../changestream/bundle/layout.ts'
import { readBundle } from '../changestream/bundle/read-bundle.ts'
import type { Position } from '../changestream/port.ts'
import type { BatchRun } from '../enricher/batch/manifest.ts'
import type { OwnershipIndex } from '../ownership/ownership-index.ts'
import type { BucketFlags } from './annotate-inputs.ts'
import { bundlePlace, isRemote } from './claims-places.ts'
import { EXIT } from './exit-codes.ts'
import { replayedTo } from './replayed.ts'
import type { Settings } from './settings.ts'
import { progressBar } from './terminal.ts'

export type Claims = {
  readonly index: OwnershipIndex
  readonly from: BatchRun['claims']
  /** Up to where the change stream was read; empty for a bundle. */
  readonly position: Position
}

/**
 * The claims of an ownership bundle (a folder, or http://, https:// and s3://), or, where none is given, of the configured change stream.
 * Throws what reading them throws.
 */
export async function claimsOf(
  settings: Settings,
  bundle: string | undefined,
  flags: BucketFlags = {},
): Promise<Claims> {
  if (bundle === undefined) return { ...(await replayedTo(settings)), from: { changes: placeOf(settings) } }
  return isRemote(bundle) ? fetched(bundle, settings, flags) : claimsIn(bundle)
}

async function claimsIn(folder: string): Promise<Claims> {
  const index = await readBundle(folder)
  const manifest = await readFile(join(folder, MANIFEST))
  return { index, from: { bundle: createHash('sha256').update(manifest).digest('hex') }, position: [] }
}

/** By way of a folder of its own, which does not outlive the reading, nor a Ctrl-C. */
async function fetched(url: string, settings: Settings, flags: BucketFlags): Promise<Claims> {
  const place = bundlePlace(url, settings, flags)
  const folder = await mkdtemp(join(tmpdir(), 'whohad-fetched-'))
  const remove = () => rmSync(folder, { recursive: true, force: true })
  const stopped = () => {
    remove()
    process.exit(EXIT.failure)
  }
  const signals = ['SIGINT', 'SIGTERM'] as const
  for (const signal of signals) process.once(signal, stopped)
  const bar = progressBar('Fetching claims')
  try {
    await fetchBundle(place, folder, {}, (done, all) => bar.show(done, all, `${megabytes(done)} of ${megabytes(all)}`))
    bar.end()
    return await claimsIn(folder)
  } finally {
    bar.end()
    for (const signal of signals) process.off(signal, stopped)
    remove()
    place.close()
  }
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`

const placeOf = ({ kafka, data }: Settings): string =>
  kafka.brokers.length > 0 ? `kafka://${kafka.brokers.toSorted().join(',')}/${kafka.topic}` : resolve(data.path)
