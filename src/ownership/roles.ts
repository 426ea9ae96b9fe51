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
 * What a span says of one instant: nothing, certain, that nobody had looked, or that it may have begun, or may have ended;
 * only as far as an answer tells these apart (attribution.ts).
 */
function roleAt(span: LiveSpan | undefined, atMs: Millis): string {
  if (span === undefined || atMs < span.possibleFromMs || atMs >= span.possibleUntilMs) return 'none'
  const isBegun = span.certainFromMs <= atMs
  if (isBegun && atMs < span.sureUntilMs) return 'certain'
  const isBeforeCoverage = span.possibleFromMs === ALL_TIME.fromMs && atMs < span.watchedSinceMs
  // Within a block it may be so for some addresses alone.
  if (isBeforeCoverage && isHost(span.claim.prefix)) return 'before coverage'
  if (span.claim.state === 'open' && span.watchedUntilMs <= atMs) return `unwatched ${isBeforeCoverage}`
  const boundary = span.claim.owners.length > 1 ? 'shared' : isBegun ? 'tail' : 'head'
  return `${boundary} ${isBeforeCoverage}`
}

/** Whether all that an answer shows of the two, or decides by, is alike but for the times. */
function saysTheSame({ claim: a }: LiveSpan, { claim: b }: LiveSpan): boolean {
  const words = ({
    layer,
    source,
    alsoFrom,
    unnamedFrom,
    owners,
    ports,
    evidence,
    expects,
    whole,
  }: LiveSpan['claim']) =>
    JSON.stringify([layer, source, alsoFrom, unnamedFrom, owners, ports, evidence, expects, whole])
  return a === b || words(a) === words(b)
}
