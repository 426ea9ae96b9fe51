import type { OwnershipIndex } from '../ownership/ownership-index.ts'
import { replayed } from './replayed.ts'
import type { Server } from './server.ts'
import type { Settings } from './settings.ts'

/** Who is asked: a server, an ownership bundle, or, where neither is named, the configured change stream. */
export type AskedPlace = { readonly server?: Server | undefined; readonly claims?: string | undefined }

/** An index of the ownership bundle `claims`, or, where none is named, of all that the configured change stream holds now. */
export async function knownIndex(settings: Settings, claims: string | undefined): Promise<OwnershipIndex> {
  if (claims === undefined) return replayed(settings)
  // Loaded where it is asked for: Parquet and the AWS SDK take longer than most questions.
  const { claimsOf } = await import('./annotate-claims.ts')
  return (await claimsOf(settings, claims)).index
}
