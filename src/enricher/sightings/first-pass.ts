import type { Claim } from '../../ownership/claim.ts'
import type { OwnershipIndex } from '../../ownership/ownership-index.ts'
import type { Millis } from '../../ownership/window.ts'
import { readBatches } from '../flowlogs/read-batches.ts'
import { ObjectSightings } from './object-sightings.ts'

export type FirstPass = {
  readonly index: OwnershipIndex
  readonly slackMs: Millis
  /** Field names of a file without header. */
  readonly format?: string | undefined
}

/** Whether flows can show anything at all: where nobody promises a briefest holding, reading a file for that is in vain. */
export const canFlowsTell = (index: Pick<OwnershipIndex, 'sources'>): boolean =>
  index.sources().some(({ source }) => source.bounds.briefestHoldingMs > 0)

/**
 * The first of the two passes of a batch run: brings into the index what the records of one file show of the interfaces that made
 * them. Resolves to the number of sightings. Throws what reading the file throws; what it had shown until then counts.
 */
export async function learnFrom(
  name: string,
  bytes: AsyncIterable<Uint8Array>,
  { index, slackMs, format }: FirstPass,
): Promise<number> {
  const seen = new ObjectSightings({ objectId: name, slackMs, index })
  let shown: readonly Claim[] = []
  try {
    for await (const batch of readBatches(bytes, { name, format })) seen.takeBatch(batch)
  } finally {
    shown = seen.claims()
    for (const claim of shown) index.apply(claim)
  }
  return shown.length
}
