import type { Claim } from './claim.ts'
import { type JoinedClaim, joinLifetimes } from './lifetimes.ts'
import type { Millis } from './window.ts'

/** What an answer needs of a claim beside its windows. Every `Claim` is one. */
export type HeldClaim = Omit<Claim, 'record' | 'revision' | 'start' | 'end' | 'lifetimeId' | 'domain'> & {
  /** Further sources of the same holding (rule 7); left out where `source` is the only one. */
  readonly alsoFrom?: readonly string[]
  /** Those of the same holding that list it without its name; left out where there is none. */
  readonly unnamedFrom?: readonly string[]
}

/** A claim with its windows cut by what its neighbours prove. Half-open: possible [possibleFrom, possibleUntil). */
export type Span = {
  readonly claim: HeldClaim
  readonly possibleFromMs: Millis
  readonly possibleUntilMs: Millis
  readonly certainFromMs: Millis
  /** Of an open claim the source's progress may carry it further. */
  readonly certainUntilMs: Millis
}

/** All spans of one prefix in one domain, ordered by the start of what is possible. n log n for n claims. */
export function timelineOf(claims: readonly Claim[]): readonly Span[] {
  const joined = joinLifetimes(claims)
  const turns = provedTurns(joined)
  return joined
    .map(claim => (isExclusive(claim) ? cutSpan(claim, turns) : spanOf(claim)))
    .filter(span => span.possibleFromMs < span.possibleUntilMs)
    .sort((a, b) => a.possibleFromMs - b.possibleFromMs || (a.claim.id < b.claim.id ? -1 : 1))
}

/** An address that only one owner can hold at a time, on all ports. */
export const isExclusive = (claim: Pick<HeldClaim, 'owners' | 'ports'>): boolean =>
  claim.owners.length === 1 && claim.ports === null

/** All sources that a claim comes from. */
export const sourcesOf = ({ source, alsoFrom, unnamedFrom }: HeldSources): readonly string[] =>
  alsoFrom || unnamedFrom ? [source, ...(alsoFrom ?? []), ...(unnamedFrom ?? [])] : [source]

type HeldSources = Pick<HeldClaim, 'source' | 'alsoFrom' | 'unnamedFrom'>

const isEverCertain = (claim: Claim): boolean => claim.start.latestMs < claim.end.earliestMs

const spanOf = (claim: JoinedClaim): Span => ({
  claim,
  possibleFromMs: claim.start.earliestMs,
  possibleUntilMs: claim.end.latestMs,
  certainFromMs: claim.start.latestMs,
  certainUntilMs: claim.end.earliestMs,
})

/** When the claims of one source and layer that are ever certain begin and cease to be, each ascending. */
type Turns = { readonly begins: Millis[]; readonly ceases: Millis[] }

const cellOf = (source: string, { layer }: Claim): string => `${layer}|${source}`

function provedTurns(claims: readonly JoinedClaim[]): ReadonlyMap<string, Turns> {
  const turns = new Map<string, Turns>()
  for (const claim of claims) {
    if (!isExclusive(claim) || !isEverCertain(claim)) continue
    for (const source of sourcesOf(claim)) {
      const cell = cellOf(source, claim)
      const known = turns.get(cell) ?? { begins: [], ceases: [] }
      known.begins.push(claim.start.latestMs)
      known.ceases.push(claim.end.earliestMs)
      turns.set(cell, known)
    }
  }
  for (const { begins, ceases } of turns.values()) {
    begins.sort(ascending)
    ceases.sort(ascending)
  }
  return turns
}

const ascending = (a: Millis, b: Millis): number => (a < b ? -1 : a > b ? 1 : 0)

/**
 * Rule 8: on an exclusive address, within one source and layer, what is certain of one claim bounds what is possible of
 * the others. A held the address at some instant no later than B was certain of it, so A had ended by then; and B began
 * only after A's certainty ended. Contradictory claims (both certain at once) do not cut: they stay a visible conflict.
 */
function cutSpan(claim: JoinedClaim, turns: ReadonlyMap<string, Turns>): Span {
  const span = spanOf(claim)
  if (claim.lastSightingMs === 0) return span
  const { certainFromMs, certainUntilMs } = span
  let { possibleFromMs, possibleUntilMs } = span
  for (const source of sourcesOf(claim)) {
    const { begins = [], ceases = [] } = turns.get(cellOf(source, claim)) ?? {}
    // No claim cuts itself: it begins to be certain before both of its own turns are over, and ceases after.
    const endedByMs = begins[countBelow(begins, Math.max(certainFromMs, certainUntilMs))]
    const begunAfterMs = ceases[countUpTo(ceases, Math.min(certainFromMs, certainUntilMs)) - 1]
    // An open claim is still being sighted: two at once are a contradiction to be shown, not to be cut away.
    if (endedByMs !== undefined && claim.state !== 'open') possibleUntilMs = Math.min(possibleUntilMs, endedByMs)
    if (begunAfterMs !== undefined) possibleFromMs = Math.max(possibleFromMs, begunAfterMs)
  }
  return { ...span, possibleFromMs, possibleUntilMs }
}

const countBelow = (ascending: readonly Millis[], atMs: Millis): number => countWhile(ascending, ms => ms < atMs)
const countUpTo = (ascending: readonly Millis[], atMs: Millis): number => countWhile(ascending, ms => ms <= atMs)

/** How many leading elements there are of which `holds` is true; it is of no later one. */
function countWhile(values: readonly Millis[], holds: (ms: Millis) => boolean): number {
  let low = 0
  let high = values.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (holds(values[middle] as Millis)) low = middle + 1
    else high = middle
  }
  return low
}
