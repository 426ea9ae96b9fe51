import { layerRank, type Owner } from './claim.ts'
import { type Span, sourcesOf } from './timeline.ts'
import type { Watcher } from './watch.ts'
import type { Millis, Window } from './window.ts'

/** A span as one question meets it: with the length of the prefix that covers the address, and what its sources have seen. */
export type LiveSpan = Span & {
  readonly length: number
  /** Certainty's end, its sources' progress included; never later than now. */
  readonly sureUntilMs: Millis
  /** Its sources' progress; beyond it an open claim is not uncertain but unwatched. */
  readonly watchedUntilMs: Millis
  /** Since when its sources have watched the address at this layer. */
  readonly watchedSinceMs: Millis
  /** From when on their polls speak of it: before, what it leaves open is not evidence. */
  readonly speaksFromMs: Millis
  /** The last sighting was received no earlier. */
  readonly lastSightingMs: Millis
  /** Its sources have been silent for longer than they may be. */
  readonly isLate: boolean
  /** Its sources were removed, and say nothing more of it. */
  readonly isOver: boolean
}

/**
 * `watchers` are the span's sources, none where no record of them is known. An open claim is certain up to the furthest
 * progress of those that list it under its name (docs/decisions/0006). Once all of them were removed, what only nobody has seen end is no longer possible:
 * that was ignorance, not evidence, and others speak of the address from then on. Nothing is certain beyond `nowMs`: there a
 * claim knows more than anybody can, as its source's clock is fast. Written out field by field: with a spread, a look-up takes
 * several times as long.
 */
export function liveSpan(span: Span, length: number, watchers: readonly Watcher[], nowMs: Millis): LiveSpan {
  const { claim } = span
  const isOpen = claim.state === 'open'
  const naming = claim.unnamedFrom
    ? watchers.filter(({ history }) => !claim.unnamedFrom?.includes(history.source))
    : watchers
  const furthest = naming.reduce<Watcher | undefined>(
    (best, watcher) => (best && best.progressMs >= watcher.progressMs ? best : watcher),
    undefined,
  )
  const watchedUntilMs = furthest?.progressMs ?? Number.NEGATIVE_INFINITY
  const sureUntilMs = Math.min(nowMs, isOpen ? Math.max(span.certainUntilMs, watchedUntilMs) : span.certainUntilMs)
  const removedMs = watchers.reduce((ms, { untilMs }) => Math.max(ms, untilMs), Number.NEGATIVE_INFINITY)
  // Of a source that nothing is known of but the claim, nobody knows that it was removed.
  const areAllKnown = watchers.length === sourcesOf(claim).length
  return {
    claim,
    possibleFromMs: span.possibleFromMs,
    certainFromMs: span.certainFromMs,
    certainUntilMs: span.certainUntilMs,
    possibleUntilMs:
      span.possibleUntilMs === Number.POSITIVE_INFINITY && areAllKnown
        ? Math.max(removedMs, sureUntilMs)
        : span.possibleUntilMs,
    length,
    sureUntilMs,
    watchedUntilMs,
    watchedSinceMs: least(watchers, watcher => watcher.sinceMs(claim.layer)),
    speaksFromMs: least(watchers, watcher => watcher.speaksFromMs(claim.layer)),
    lastSightingMs: Math.max(claim.lastSightingMs, isOpen ? (furthest?.lastPollMs ?? 0) : 0),
    isLate: naming.every(({ isLate }) => isLate),
    isOver: areAllKnown && watchers.every(({ isOver }) => isOver),
  }
}

const least = (watchers: readonly Watcher[], timeOf: (watcher: Watcher) => Millis): Millis =>
  watchers.reduce((ms, watcher) => Math.min(ms, timeOf(watcher)), Number.POSITIVE_INFINITY)

export const possibleDuring = (span: Span): Window => ({ fromMs: span.possibleFromMs, untilMs: span.possibleUntilMs })

export const isCertain = (span: LiveSpan, part: Window): boolean =>
  span.certainFromMs <= part.fromMs && part.untilMs <= span.sureUntilMs

/** `network` and `service` claims say what is managed or named; only one marked `whole` owns its addresses. */
export const holdsAddresses = ({ claim }: Pick<Span, 'claim'>): boolean =>
  layerRank(claim.layer) >= layerRank('interface') || claim.whole

export const isSameLevel = (a: LiveSpan, b: LiveSpan): boolean =>
  a.length === b.length && a.claim.layer === b.claim.layer

/** Longer prefixes first, higher layers first within one; the claim's id makes it a total order. */
export const byLevel = (a: LiveSpan, b: LiveSpan): number =>
  b.length - a.length || layerRank(b.claim.layer) - layerRank(a.claim.layer) || (a.claim.id < b.claim.id ? -1 : 1)

export const ownerOf = (span: LiveSpan): Owner => span.claim.owners[0] as Owner

/** The same owners at the same layer, whoever claims them. */
export function isSameHolder({ claim: a }: LiveSpan, { claim: b }: LiveSpan): boolean {
  if (a.owners === b.owners && a.layer === b.layer) return true
  if (a.layer !== b.layer || a.owners.length !== b.owners.length) return false
  return a.owners.every(({ resourceId, application }, i) => {
    const other = b.owners[i]
    return resourceId === other?.resourceId && application === other.application
  })
}
