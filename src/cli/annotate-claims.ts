import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { MANIFEST } from '../changestream/bundle/layout.ts'
import { readBundle } from '../changestream/bundle/read-bundle.ts'
import type { BatchRun } from '../enricher/batch/manifest.ts'
import type { OwnershipIndex } from '../ownership/ownership-index.ts'
import { replayed } from './ask-command.ts'
import type { Settings } from './settings.ts'

export type Claims = { readonly index: OwnershipIndex; readonly from: BatchRun['claims'] }

/** The claims of an ownership bundle, or, where none is given, of the configured change stream. Throws what reading them throws. */
export async function claimsOf(settings: Settings, bundle: string | undefined): Promise<Claims> {
  if (bundle === undefined) return { index: await replayed(settings), from: { changes: placeOf(settings) } }
  const index = await readBundle(bundle)
  const manifest = await readFile(join(bundle, MANIFEST))
  return { index, from: { bundle: createHash('sha256').update(manifest).digest('hex') } }
}

const placeOf = ({ kafka, data }: Settings): string =>
  kafka.brokers.length > 0 ? `kafka://${kafka.brokers.toSorted().join(',')}/${kafka.topic}` : resolve(data.path)
