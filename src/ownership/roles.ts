import type { PortRange } from './claim.ts'
import type { LiveSpan } from './live-span.ts'
import { isHost } from './prefix.ts'
import { ALL_TIME, whereDifferent } from './stretches.ts'
import type { Millis, Window } from './window.ts'

/** A stretch in which a span says something else than before, to questions about these ports, or to any. */
export type RoleChange = { readonly ports: PortRange | null; readonly window: Window }

/** Where two timelines of one prefix, read under the same progress, tell answers something different. */
export function roleChanges(before: readonly LiveSpan[], after: readonly LiveSpan[]): readonly RoleChange[] {
  const rest = new Map(before.map(span => [span.claim.id, span]))
  const changes: RoleChange[] = []
  for (const span of after) {
    const held = rest.get(span.claim.id)
    rest.delete(span.claim.id)
    if (held === undefined || !saysTheSame(held, span)) {
      changes.push(...changesOf(held, undefined), ...changesOf(undefined, span))
    } else if (!turnsAlike(held, span)) {
      changes.push(...changesOf(held, span))
    }
  }
  for (const span of rest.values()) changes.push(...changesOf(span, undefined))
  return changes
}

function changesOf(before: LiveSpan | undefined, after: LiveSpan | undefined): readonly RoleChange[] {
  const windows = whereDifferent(
    [...turnsOf(before), ...turnsOf(after)],
    atMs => roleAt(before, atMs),
    atMs => roleAt(after, atMs),
  )
  const ports = (after ?? before)?.claim.ports ?? null
  return windows.map(window => ({ ports, window }))
}

const turnsOf = (span: LiveSpan | undefined): readonly Millis[] =>
  span === undefined
    ? []
    : [
        span.possibleFromMs,
        span.possibleUntilMs,
        span.certainFromMs,
        span.sureUntilMs,
        span.watchedUntilMs,
        span.watchedSinceMs,
      ]

const turnsAlike = (a: LiveSpan, b: LiveSpan): boolean =>
  a.claim.state === b.claim.state && turnsOf(a).every((atMs, i) => atMs === turnsOf(b)[i])

/**
 * What a span says of one instant: nothing, certain, or possible, and then whether it has begun by then, whether it may
 * have ended, and whether that is only because nobody has looked (attribution.ts makes an answer of it).
 */
function roleAt(span: LiveSpan | undefined, atMs: Millis): string {
  if (span === undefined || atMs < span.possibleFromMs || atMs >= span.possibleUntilMs) return 'none'
  const isBegun = span.certainFromMs <= atMs
  const isEnding = span.sureUntilMs <= atMs
  if (isBegun && !isEnding) return 'certain'
  const isBeforeCoverage = span.possibleFromMs === ALL_TIME.fromMs && atMs < span.watchedSinceMs
  // Before coverage nobody asks whether anybody looked later; but within a block, it may be before coverage for some alone.
  const isSurelyBefore = isBeforeCoverage && isHost(span.claim.prefix)
  const isUnwatched = span.claim.state === 'open' && span.watchedUntilMs <= atMs && !isSurelyBefore
  return `possible ${isBegun} ${isEnding} ${isBeforeCoverage} ${isUnwatched}`
}

/** Whether all that an answer shows of the two, or decides by, is alike but for the times. */
function saysTheSame({ claim: a }: LiveSpan, { claim: b }: LiveSpan): boolean {
  const words = ({ layer, source, alsoFrom, owners, ports, evidence, expects, whole }: LiveSpan['claim']) =>
    JSON.stringify([layer, source, alsoFrom, owners, ports, evidence, expects, whole])
  return a === b || words(a) === words(b)
}
