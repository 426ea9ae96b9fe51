import type { Claim, ClaimState } from './claim.ts'
import type { Bounds } from './window.ts'

/** A claim, or what several sources claim of one lifetime at one layer. */
export type JoinedClaim = Claim & { readonly alsoFrom?: readonly string[] }

/** `isListed`: some source still lists it, so that nothing has shown its end. */
type Holding = { readonly claim: JoinedClaim; readonly isListed: boolean }

/** Holdings of one lifetime that could not be joined, and the first of them that the present source has no part in. */
type Lifetime = { readonly places: number[]; source: string; next: number }

/**
 * Rule 7: claims of several sources about the same lifetime at the same layer are one holding, whose windows are the
 * common part. Where the windows have none, or two different applications are named, both stay, as a conflict. n log n.
 */
export function joinLifetimes(claims: readonly Claim[]): readonly JoinedClaim[] {
  const holdings: Holding[] = []
  const lifetimes = new Map<string, Lifetime>()
  for (const claim of [...claims].sort(inOrderOfJoining)) {
    const holding = { claim, isListed: claim.state === 'open' }
    if (claim.lifetimeId === null) {
      holdings.push(holding)
      continue
    }
    const place = placeOfOther(claim, holdings, lifetimes)
    const other = place === undefined ? undefined : holdings[place]
    const both = other && join(other, holding)
    if (both && place !== undefined) holdings[place] = both
    else lifetimes.get(lifetimeOf(claim))?.places.push(holdings.push(holding) - 1)
  }
  return holdings.map(withoutUnprovedEnd)
}

const lifetimeOf = (claim: Claim): string => `${claim.layer}|${claim.lifetimeId}`

/**
 * Where the first holding of the claim's lifetime is that belongs to another source. Claims come ordered by source, and
 * while one source's come, a holding can become that source's but never cease to be: so nobody is passed over twice.
 */
function placeOfOther(
  claim: Claim,
  holdings: readonly Holding[],
  lifetimes: Map<string, Lifetime>,
): number | undefined {
  const key = lifetimeOf(claim)
  const lifetime = lifetimes.get(key) ?? { places: [], source: claim.source, next: 0 }
  lifetimes.set(key, lifetime)
  if (lifetime.source !== claim.source) {
    lifetime.source = claim.source
    lifetime.next = 0
  }
  const sourceAt = (i: number) => holdings[lifetime.places[i] ?? -1]?.claim.source
  while (sourceAt(lifetime.next) === claim.source) lifetime.next++
  return lifetime.places[lifetime.next]
}

/** A total order, so that the order of arrival decides nothing. Two claims that begin at −Infinity are told apart by id. */
const inOrderOfJoining = (a: Claim, b: Claim): number =>
  compare(a.source, b.source) || a.start.earliestMs - b.start.earliestMs || compare(a.id, b.id)

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

function join(
  { claim: a, isListed: isAListed }: Holding,
  { claim: b, isListed: isBListed }: Holding,
): Holding | undefined {
  const start = common(a.start, b.start)
  const end = common(a.end, b.end)
  const names = new Set([...a.owners, ...b.owners].flatMap(owner => owner.application ?? []))
  if (!start || !end || names.size > 1) return undefined
  const named = a.owners.every(owner => owner.application !== null) ? a : b
  const sources = new Set([a.source, ...(a.alsoFrom ?? []), b.source])
  sources.delete(named.source)
  const claim: JoinedClaim = {
    ...named,
    start,
    end,
    state: stateOf(a.state, b.state),
    expects: [...new Set([...a.expects, ...b.expects])],
    lastSightingMs: Math.max(a.lastSightingMs, b.lastSightingMs),
    alsoFrom: [...sources],
  }
  return { claim, isListed: isAListed || isBListed }
}

/** Progress carries a holding on only while every source still lists it. */
const stateOf = (a: ClaimState, b: ClaimState): ClaimState => (a === b ? a : 'missing')

/** That one source misses it proves no end while another lists it: it may go on, and then the two contradict each other. */
const withoutUnprovedEnd = ({ claim, isListed }: Holding): JoinedClaim =>
  isListed && claim.state !== 'open' ? { ...claim, end: { ...claim.end, latestMs: Number.POSITIVE_INFINITY } } : claim

function common(a: Bounds, b: Bounds): Bounds | undefined {
  const earliestMs = Math.max(a.earliestMs, b.earliestMs)
  const latestMs = Math.min(a.latestMs, b.latestMs)
  return earliestMs <= latestMs ? { earliestMs, latestMs } : undefined
}
