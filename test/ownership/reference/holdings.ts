import type { Claim, ClaimState, Layer } from '../../../src/ownership/claim.ts'
import type { Bounds, Millis, Window } from '../../../src/ownership/window.ts'
import { carriedOn, isOfFlows, partsByFlows } from './flows.ts'

/** Claims that are about one holding of one prefix: mostly one, several where several sources describe it. */
export type Holding = {
  /** The claim that names the owner: the holding goes by its id and its source. */
  readonly claim: Claim
  /** Whoever describes it. */
  readonly sources: readonly string[]
  /** Those of them that give the owner's name; all where none does. */
  readonly namedBy: readonly string[]
  readonly start: Bounds
  readonly end: Bounds
  readonly state: ClaimState
  readonly expects: readonly Layer[]
  readonly lastSightingMs: Millis
  /** Between its windows, or further where flows show it (decision 19). By its own word: progress does not enter. */
  readonly certain: Window
  /** It is a part of another holding, which flows alone show. */
  readonly isOfFlows: boolean
}

/**
 * Rule 7 (design.md §1): two sources that describe the same resource lifetime at the same layer are one holding. The claims
 * are those on one prefix of one domain; each joins the first holding that it agrees with, else it is one of its own, and so
 * a conflict stays in sight.
 */
export function holdingsOf(claims: readonly Claim[]): readonly Holding[] {
  const groups: Claim[][] = []
  for (const claim of claims.filter(one => !isOfFlows(one)).toSorted(inOrderOfJoining)) {
    const group = groups.find(members => agrees(claim, members))
    if (group) group.push(claim)
    else groups.push([claim])
  }
  const polled = groups.map(asOne)
  return polled.flatMap(holding => {
    const sighted = carriedOn(holding, polled, claims.filter(isOfFlows))
    return sighted ? [{ ...holding, certain: sighted.certain }, ...partsByFlows(holding, sighted)] : [holding]
  })
}

/** By source, then by start, then by id: a total order, so that arrival decides nothing. */
function inOrderOfJoining(a: Claim, b: Claim): number {
  if (a.source !== b.source) return a.source < b.source ? -1 : 1
  if (a.start.earliestMs !== b.start.earliestMs) return a.start.earliestMs < b.start.earliestMs ? -1 : 1
  return a.id < b.id ? -1 : 1
}

/** One lifetime, no two names, and windows that have a part in common. */
function agrees(claim: Claim, members: readonly Claim[]): boolean {
  const all = [claim, ...members]
  const names = new Set(all.flatMap(one => one.owners.flatMap(owner => owner.application ?? [])))
  return (
    members.every(member => isSameLifetime(claim, member)) &&
    names.size <= 1 &&
    !isEmpty(common(all.map(one => one.start))) &&
    !isEmpty(common(all.map(one => one.end)))
  )
}

/** One source never describes one holding twice: what it lists again after an end is another (decision 4). */
const isSameLifetime = (a: Claim, b: Claim): boolean =>
  a.source !== b.source &&
  a.layer === b.layer &&
  a.lifetimeId !== null &&
  a.lifetimeId === b.lifetimeId &&
  a.ports?.first === b.ports?.first &&
  a.ports?.last === b.ports?.last &&
  a.owners.length === b.owners.length

const common = (bounds: readonly Bounds[]): Bounds => ({
  earliestMs: Math.max(...bounds.map(bound => bound.earliestMs)),
  latestMs: Math.min(...bounds.map(bound => bound.latestMs)),
})

const isEmpty = (bounds: Bounds): boolean => bounds.earliestMs > bounds.latestMs

const isNamed = (claim: Claim): boolean => claim.owners.every(owner => owner.application !== null)

function asOne(claims: readonly Claim[]): Holding {
  const naming = claims.some(isNamed) ? claims.filter(isNamed) : claims
  const start = common(claims.map(member => member.start))
  const end = endOf(claims, naming)
  return {
    claim: (claims.find(isNamed) ?? claims.at(-1)) as Claim,
    sources: claims.map(member => member.source),
    namedBy: naming.map(member => member.source),
    start,
    end,
    certain: { fromMs: start.latestMs, untilMs: end.earliestMs },
    isOfFlows: false,
    state: stateOf(claims),
    expects: [...new Set(claims.flatMap(member => member.expects))],
    lastSightingMs: Math.max(...claims.map(member => member.lastSightingMs)),
  }
}

/**
 * What one source still lists has shown it no end, whatever one that misses it says. And a listing without a name does not show
 * that the name was still there (decision 6): only who gives it carries it on.
 */
function endOf(claims: readonly Claim[], naming: readonly Claim[]): Bounds {
  const isStillListed = claims.some(claim => claim.state === 'open') && stateOf(claims) === 'missing'
  return {
    earliestMs: common(naming.map(claim => claim.end)).earliestMs,
    latestMs: isStillListed ? Number.POSITIVE_INFINITY : common(claims.map(claim => claim.end)).latestMs,
  }
}

/** Open while all list it, closed when all have seen it end; in between it is missing somewhere. */
function stateOf(claims: readonly Claim[]): ClaimState {
  if (claims.every(claim => claim.state === 'open')) return 'open'
  return claims.every(claim => claim.state === 'closed') ? 'closed' : 'missing'
}
