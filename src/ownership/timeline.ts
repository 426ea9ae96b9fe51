import type { Claim } from './claim.ts'
import type { Bounds, Millis } from './window.ts'

/** A claim with its windows cut by what its neighbours prove. Half-open: possible [possibleFrom, possibleUntil). */
export type Span = {
  readonly claim: Claim
  readonly possibleFromMs: Millis
  readonly possibleUntilMs: Millis
  readonly certainFromMs: Millis
  /** Of an open claim the source's progress may carry it further. */
  readonly certainUntilMs: Millis
}

/** All spans of one prefix in one domain, ordered by the start of what is possible. */
export function timelineOf(claims: readonly Claim[]): readonly Span[] {
  const groups = new Map<string, Claim[]>()
  for (const claim of mergeLifetimes(claims)) {
    const key = isExclusive(claim) ? `${claim.source}|${claim.layer}` : claim.id
    groups.set(key, [...(groups.get(key) ?? []), claim])
  }
  return [...groups.values()]
    .flatMap(cutEachOther)
    .filter(span => span.possibleFromMs < span.possibleUntilMs)
    .sort((a, b) => a.possibleFromMs - b.possibleFromMs || (a.claim.id < b.claim.id ? -1 : 1))
}

/** An address that only one owner can hold at a time, on all ports. */
export const isExclusive = (claim: Claim): boolean => claim.owners.length === 1 && claim.ports === null

/**
 * Rule 8: on an exclusive address, within one source and layer, what is certain of one claim bounds what is possible of
 * the others. A held the address at some instant no later than B was certain of it, so A had ended by then; and B began
 * only after A's certainty ended. Contradictory claims (both certain at once) do not cut: they stay a visible conflict.
 */
function cutEachOther(claims: readonly Claim[]): readonly Span[] {
  if (claims.length === 1) return claims.map(claim => spanOf(claim, claim.start.earliestMs, claim.end.latestMs))
  const certain = claims.filter(isEverCertain)
  return claims.map(claim => {
    let fromMs = claim.start.earliestMs
    let untilMs = claim.end.latestMs
    for (const other of certain) {
      if (other.id === claim.id) continue
      // An open claim is still being sighted: two at once are a contradiction to be shown, not to be cut away.
      const wasHeldBefore =
        claim.state !== 'open' && claim.lastSightingMs > 0 && claim.start.latestMs <= other.start.latestMs
      if (wasHeldBefore && claim.end.earliestMs <= other.start.latestMs)
        untilMs = Math.min(untilMs, other.start.latestMs)
      const isHeldAfter = claim.lastSightingMs > 0 && other.end.earliestMs <= claim.end.earliestMs
      if (isHeldAfter && other.end.earliestMs <= claim.start.latestMs) fromMs = Math.max(fromMs, other.end.earliestMs)
    }
    return spanOf(claim, fromMs, untilMs)
  })
}

const isEverCertain = (claim: Claim): boolean => claim.start.latestMs < claim.end.earliestMs

const spanOf = (claim: Claim, possibleFromMs: Millis, possibleUntilMs: Millis): Span => ({
  claim,
  possibleFromMs,
  possibleUntilMs,
  certainFromMs: claim.start.latestMs,
  certainUntilMs: claim.end.earliestMs,
})

/**
 * Rule 7: claims of several sources about the same lifetime at the same layer are one holding, whose windows are the
 * common part. Where the windows have none, or two different applications are named, both stay, as a conflict.
 */
function mergeLifetimes(claims: readonly Claim[]): readonly Claim[] {
  const merged: Claim[] = []
  for (const claim of [...claims].sort(inOrderOfMerging)) {
    const i = merged.findIndex(other => isSameHolding(claim, other))
    const other = merged[i]
    const both = other && mergeTwo(other, claim)
    if (both) merged[i] = both
    else merged.push(claim)
  }
  return merged
}

/** A total order, so that the order of arrival decides nothing. Two claims that begin at −Infinity are told apart by id. */
const inOrderOfMerging = (a: Claim, b: Claim): number =>
  compare(a.source, b.source) || a.start.earliestMs - b.start.earliestMs || compare(a.id, b.id)

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

const isSameHolding = (a: Claim, b: Claim): boolean =>
  a.source !== b.source && a.layer === b.layer && a.lifetimeId !== null && a.lifetimeId === b.lifetimeId

function mergeTwo(a: Claim, b: Claim): Claim | undefined {
  const start = common(a.start, b.start)
  const end = common(a.end, b.end)
  const names = new Set([...a.owners, ...b.owners].flatMap(owner => owner.application ?? []))
  if (!start || !end || names.size > 1) return undefined
  const named = a.owners.every(owner => owner.application !== null) ? a : b
  // Progress carries the holding on only while every source still lists it.
  const state = a.state === 'open' && b.state === 'open' ? 'open' : 'missing'
  const expects = [...new Set([...a.expects, ...b.expects])]
  return { ...named, start, end, state, expects, lastSightingMs: Math.max(a.lastSightingMs, b.lastSightingMs) }
}

function common(a: Bounds, b: Bounds): Bounds | undefined {
  const earliestMs = Math.max(a.earliestMs, b.earliestMs)
  const latestMs = Math.min(a.latestMs, b.latestMs)
  return earliestMs <= latestMs ? { earliestMs, latestMs } : undefined
}
