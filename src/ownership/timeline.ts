import type { Claim } from './claim.ts'
import { type Carried, carriedByFlows, isFlowSource } from './flow-sightings.ts'
import { type JoinedClaim, joinLifetimes } from './lifetimes.ts'
import { ProvedTurns } from './proved-turns.ts'
import type { Millis, Window } from './window.ts'

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
  const sightings = claims.filter(({ source }) => isFlowSource(source))
  const joined = joinLifetimes(sightings.length > 0 ? claims.filter(({ source }) => !isFlowSource(source)) : claims)
  const carried = sightings.length > 0 ? carriedByFlows(joined, sightings) : NOT_CARRIED
  const turns = provedTurns(joined, carried)
  const spans = joined.map(claim =>
    isExclusive(claim) ? cutSpan(claim, turns, certainOf(claim, carried)) : spanOf(claim),
  )
  for (const { carriedBy } of carried.values()) spans.push(...carriedBy.map(spanOf))
  return spans
    .filter(span => span.possibleFromMs < span.possibleUntilMs)
    .sort((a, b) => a.possibleFromMs - b.possibleFromMs || (a.claim.id < b.claim.id ? -1 : 1))
}

type CarriedByClaim = ReadonlyMap<JoinedClaim, Carried>
const NOT_CARRIED: CarriedByClaim = new Map()

/** An address that only one owner can hold at a time, on all ports. */
export const isExclusive = (claim: Pick<HeldClaim, 'owners' | 'ports'>): boolean =>
  claim.owners.length === 1 && claim.ports === null

/** All sources that a claim comes from. */
export const sourcesOf = ({ source, alsoFrom, unnamedFrom }: HeldSources): readonly string[] =>
  alsoFrom || unnamedFrom ? [source, ...(alsoFrom ?? []), ...(unnamedFrom ?? [])] : [source]

type HeldSources = Pick<HeldClaim, 'source' | 'alsoFrom' | 'unnamedFrom'>

const spanOf = (claim: JoinedClaim): Span => ({
  claim,
  possibleFromMs: claim.start.earliestMs,
  possibleUntilMs: claim.end.latestMs,
  certainFromMs: claim.start.latestMs,
  certainUntilMs: claim.end.earliestMs,
})

const cellOf = (source: string, { layer }: Claim): string => `${layer}|${source}`

/** By source and layer. */
function provedTurns(claims: readonly JoinedClaim[], carried: CarriedByClaim): ReadonlyMap<string, ProvedTurns> {
  const turns = new Map<string, ProvedTurns>()
  for (const claim of claims) {
    if (!isExclusive(claim)) continue
    const { fromMs, untilMs } = certainOf(claim, carried)
    for (const source of sourcesOf(claim)) {
      const cell = cellOf(source, claim)
      const known = turns.get(cell) ?? new ProvedTurns()
      known.add(fromMs, untilMs)
      turns.set(cell, known)
    }
  }
  for (const known of turns.values()) known.sort()
  return turns
}

/** Without what progress adds: that says nothing of when another one ended. */
const certainOf = (claim: JoinedClaim, carried: CarriedByClaim): Window =>
  carried.get(claim)?.certain ?? { fromMs: claim.start.latestMs, untilMs: claim.end.earliestMs }

/** Rule 8, for each source that the claim comes from. Who was only seen on the way out is cut by nobody. */
function cutSpan(claim: JoinedClaim, turns: ReadonlyMap<string, ProvedTurns>, certain: Window): Span {
  const span = spanOf(claim)
  if (claim.lastSightingMs === 0) return span
  let { possibleFromMs, possibleUntilMs } = span
  for (const source of sourcesOf(claim)) {
    const known = turns.get(cellOf(source, claim))
    if (known === undefined) continue
    possibleFromMs = known.laterFrom(possibleFromMs, certain.fromMs, certain.untilMs)
    possibleUntilMs = known.earlierUntil(possibleUntilMs, certain.fromMs, certain.untilMs, claim.state === 'open')
  }
  return { ...span, possibleFromMs, possibleUntilMs }
}
