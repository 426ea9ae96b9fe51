import { createHash } from 'node:crypto'
import type { LoggedChange, Position } from '../../changestream/port.ts'
import type { KnownBefore } from '../../ownership/corrections.ts'
import { lateCorrectionsOf } from '../../ownership/late-corrections.ts'
import type { Millis } from '../../ownership/window.ts'
import type { Store, StoredCorrection } from '../../store/port.ts'

/** Notes where changes may have altered answers that were final, as they come and before anything else keeps them. */
export type CorrectionRecorder = {
  /** What was known before the change must not have it yet. */
  take(logged: LoggedChange, before: KnownBefore): void
  /** Records that end before this instant have been answered. */
  answered(untilMs: Millis): void
  /** Resolves once all that was taken is stored. */
  flush(): Promise<void>
}

/**
 * `stored`: what changes before it altered is in the store already. `answeredUntilMs`: the same as `answered`, of what was
 * answered before the start.
 */
export function correctionRecorder(
  store: Pick<Store, 'insertCorrections'>,
  { stored, answeredUntilMs }: { readonly stored: Position; readonly answeredUntilMs: Millis },
): CorrectionRecorder {
  let newestMs = answeredUntilMs
  let taken: StoredCorrection[] = []
  return {
    take(logged, before) {
      const { partition, offset } = logged
      if (offset < (stored[partition] ?? 0) || newestMs === Number.NEGATIVE_INFINITY) return
      for (const { domain, prefix, fromMs, untilMs, enis } of lateCorrectionsOf(logged.change, before, newestMs)) {
        const touched = { domain, prefix, fromMs, untilMs, enis }
        taken.push({ partition, offset, part: partOf(touched), ...touched })
      }
    },
    answered(untilMs) {
      newestMs = Math.max(newestMs, untilMs)
    },
    async flush() {
      const corrections = taken
      taken = []
      if (corrections.length > 0) await store.insertCorrections(corrections)
    },
  }
}

/**
 * The number of a part of a change, which is a function of what it says: a process that has answered less notes less of the same
 * change, and that must not take the place of what another one noted.
 */
const partOf = (touched: Omit<StoredCorrection, 'partition' | 'offset' | 'part'>): number =>
  createHash('sha256')
    // JSON has no word for minus infinity.
    .update(JSON.stringify({ ...touched, fromMs: String(touched.fromMs) }))
    .digest()
    .readUInt32BE() >>> 1
