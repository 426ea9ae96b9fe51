import { type Change, compareRevisions } from '../../ownership/claim.ts'
import type { Carried } from './manifest.ts'

/** Claims that were not appended: revisions of a time that the log has let go of. */
export type OldClaims = { readonly source: string; readonly claims: number }

/**
 * The changes without claims that the log had before and let go of. A poll's claims come before its progress, so that a
 * revision below a progress that was let go of is no news; to a reader who has never met its id it would be, and an end long
 * past would be open again.
 */
export function withoutOld(
  changes: readonly Change[],
  carried: Carried | undefined,
  onOldClaims: ((old: OldClaims) => void) | undefined,
): readonly Change[] {
  if (carried === undefined) return changes
  const counts = new Map<string, number>()
  const taken = changes.filter(change => {
    if (change.record !== 'claim') return true
    const floor = carried.floors[change.source]
    if (floor === undefined || compareRevisions(change.revision, floor) >= 0) return true
    counts.set(change.source, (counts.get(change.source) ?? 0) + 1)
    return false
  })
  for (const [source, claims] of counts) onOldClaims?.({ source, claims })
  return taken
}
