import { type Change, compareRevisions, type Revision } from '../../ownership/claim.ts'

/** Claims that were not appended: revisions of a time that the log has let go of. */
export type OldClaims = { readonly source: string; readonly claims: number }

/** By source: claims of a lower revision were in the log before, and must not come again. */
export type Floors = Readonly<Record<string, Revision>>

/**
 * Whether a claim of this source and revision was in the log before, which has let go of it. A poll's claims come before its progress, so that a revision below
 * a progress that was let go of is no news; to a reader who has never met its id it would be, and an end long past would be
 * open again.
 */
export function isOld(source: string, revision: Revision, floors: Floors): boolean {
  const floor = Object.hasOwn(floors, source) ? floors[source] : undefined
  return floor !== undefined && compareRevisions(revision, floor) < 0
}

/** The changes without claims that the log had before and let go of. */
export function withoutOld(
  changes: readonly Change[],
  floors: Floors | undefined,
  onOldClaims: ((old: OldClaims) => void) | undefined,
): readonly Change[] {
  if (floors === undefined) return changes
  const counts = new Map<string, number>()
  const taken = changes.filter(change => {
    if (change.record !== 'claim' || !isOld(change.source, change.revision, floors)) return true
    counts.set(change.source, (counts.get(change.source) ?? 0) + 1)
    return false
  })
  for (const [source, claims] of counts) onOldClaims?.({ source, claims })
  return taken
}
