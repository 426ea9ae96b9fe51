import type { UnknownReason } from '../../../src/ownership/answer.ts'
import type { Millis } from '../../../src/ownership/window.ts'
import {
  blindnessAt,
  type Height,
  mostLasting,
  speaksAt,
  speaksFromMs,
  type Watcher,
  watchesSinceMs,
} from './watching.ts'

export type Absence =
  | 'proved'
  /** In no poll around the instant, but somebody may have come and gone between two of them. */
  | 'in-polls-only'
  | { readonly unknown: UnknownReason }

/** Is every source that has a say at this instant sure that nobody holds the address, or nobody at one layer? */
export function absenceAt(
  watchers: readonly Watcher[],
  atMs: Millis,
  nowMs: Millis,
  height: Height,
  isKnownDomain: boolean,
): Absence {
  const speaking = watchers.filter(watcher => speaksAt(watcher, atMs, height))
  if (speaking.length === 0) return { unknown: whyNobodySpeaks(watchers, atMs, height, isKnownDomain) }
  const seesMachines = (watcher: Watcher) => speaksAt(watcher, atMs, 'interface') || speaksAt(watcher, atMs, 'instance')
  if (height === 'any-holder' && !speaking.some(seesMachines)) return { unknown: 'before-coverage' }
  const blind = mostLasting(speaking.flatMap(watcher => blindnessAt(watcher, atMs, nowMs) ?? []))
  if (blind) return { unknown: blind }
  return speaking.every(watcher => excludesUnseen(watcher, atMs)) ? 'proved' : 'in-polls-only'
}

/** Somebody will look, everybody who did was removed, or nobody ever does (decision 5). */
function whyNobodySpeaks(
  watchers: readonly Watcher[],
  atMs: Millis,
  height: Height,
  isKnownDomain: boolean,
): UnknownReason {
  const ever = watchers.filter(watcher => watchesSinceMs(watcher, height) < Number.POSITIVE_INFINITY)
  if (ever.some(watcher => speaksFromMs(watcher, height) > atMs)) return 'before-coverage'
  if (height === 'any-holder') return isKnownDomain ? 'unmanaged-prefix' : 'no-such-domain'
  return ever.length > 0 ? 'source-stale' : 'before-coverage'
}

/**
 * Decision 2: who holds an address at this instant and was seen by no poll came after the last poll that was over by then,
 * and left again between two neighbouring polls. Nobody is that brief, if each such pair stands close enough together: from
 * the earliest moment that the first may show to the latest that the second may.
 */
function excludesUnseen(watcher: Watcher, atMs: Millis): boolean {
  const briefestMs = watcher.registration?.bounds.briefestHoldingMs ?? 0
  const over = watcher.polls.findLast(poll => poll.vouchedMs <= atMs && poll.overAtMs <= atMs)
  if (over === undefined) return false
  for (const [i, before] of watcher.polls.entries()) {
    if (before.vouchedMs < over.vouchedMs || before.vouchedMs > atMs) continue
    const after = watcher.polls[i + 1]
    if (after === undefined || after.overAtMs - before.vouchedMs >= briefestMs) return false
  }
  return true
}
