import type { Generation } from '../../ownership/generation/generation.ts'
import type { Millis } from '../../ownership/window.ts'
import type { Clock } from '../../runtime/clock.ts'

/** How old the generation may be that a request gets: what becomes known is to be visible within a second. */
const OLDEST_MS = 500

/** Throws what is declared where questions may not be answered yet (`WHOHAD_STILL_REPLAYING`). */
export type Generate = () => Generation

/** One generation for all requests that come close together: to make one costs as much as changed since the compaction. */
export function sharedGeneration(generate: Generate, clock: Pick<Clock, 'now'>): Generate {
  let shared: { readonly generation: Generation; readonly madeAtMs: Millis } | undefined
  return () => {
    const nowMs = clock.now()
    const isFresh = shared !== undefined && nowMs >= shared.madeAtMs && nowMs - shared.madeAtMs <= OLDEST_MS
    if (shared === undefined || !isFresh) shared = { generation: generate(), madeAtMs: nowMs }
    return shared.generation
  }
}
