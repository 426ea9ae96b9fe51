import { writeBundle } from '../changestream/bundle/write-bundle.ts'
import { systemClock } from '../runtime/clock.ts'
import { EXIT } from './exit-codes.ts'
import { replayed } from './replayed.ts'
import type { Settings } from './settings.ts'
import { inUnits } from './states-table.ts'
import { say } from './terminal.ts'
import { transferBar } from './transfer-bar.ts'

/**
 * Writes what the change stream comes to as an ownership bundle. Exit code 0, or 1 where it was stopped.
 * @throws WHOHAD_BUNDLE_EXISTS, WHOHAD_BUNDLE_NOT_WRITTEN, and what reading the change stream throws
 */
export async function exportClaims(
  settings: Settings,
  { out, signal }: { readonly out: string; readonly signal: AbortSignal },
): Promise<number> {
  const index = await replayed(settings)
  const all = index.counts().claims
  const bar = transferBar('Exporting', systemClock)
  try {
    const onClaims = (claims: number) => bar.took(claims, claims, all)
    const manifest = await writeBundle(index, out, { madeAtMs: systemClock.now(), signal, onClaims })
    bar.end()
    if (manifest === undefined) {
      say('Stopped: nothing was exported.')
      return EXIT.failure
    }
    const { claims, tables } = manifest
    const bytes = Object.values(tables).reduce((sum, table) => sum + table.bytes, 0)
    say(`Exported ${claims} claims of ${tables.sources.rows} sources to ${out}; ${inUnits(bytes)}.`)
    return EXIT.done
  } finally {
    bar.end()
  }
}
