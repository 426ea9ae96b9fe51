import type { Claim, ClaimState } from './claim.ts'
import type { Bounds } from './window.ts'

/** A claim, or what several sources claim of one lifetime at one layer. */
export type JoinedClaim = Claim & {
  /** Further sources of the same holding (rule 7); left out where there is none. */
  readonly alsoFrom?: readonly string[]
  /** Those that list it without the name that others give it: they do not show that the name was still there. */
  readonly unnamedFrom?: readonly string[]
}

/** Claims that are about one holding, each of another source, and what their windows have in common. */
type Holding = { readonly claims: readonly Claim[]; readonly start: Bounds; readonly end: Bounds }

/**
 * Rule 7: claims of several sources about the same lifetime at the same layer are one holding, whose windows are the common
 * part. Each joins the first holding that it agrees with; where the windows have nothing in common, or two different
 * applications are named, both stay, as a conflict. n log n, but that within one lifetime each is held against each that it
 * disagrees with.
 */
export function joinLifetimes(claims: readonly Claim[]): readonly JoinedClaim[] {
  const alone: Claim[] = []
  const lifetimes = new Map<string, Holding[]>()
  for (const claim of [...claims].sort(inOrderOfJoining)) {
    if (claim.lifetimeId === null) {
      alone.push(claim)
      continue
    }
    const key = lifetimeOf(claim)
    const holdings = lifetimes.get(key)
    if (holdings === undefined) lifetimes.set(key, [{ claims: [claim], start: claim.start, end: claim.end }])
    else addTo(holdings, claim)
  }
  return [...alone, ...[...lifetimes.values()].flat().map(asOne)]
}

const lifetimeOf = ({ layer, ports, owners, lifetimeId }: Claim): string =>
  `${layer}|${ports ? `${ports.first}-${ports.last}` : ''}|${owners.length}|${lifetimeId}`

/** A total order, so that the order of arrival decides nothing. Two claims that begin at −Infinity are told apart by id. */
const inOrderOfJoining = (a: Claim, b: Claim): number =>
  compare(a.source, b.source) || a.start.earliestMs - b.start.earliestMs || compare(a.id, b.id)

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

function addTo(holdings: Holding[], claim: Claim): void {
  for (const [i, holding] of holdings.entries()) {
    const both = joined(holding, claim)
    if (both === undefined) continue
    holdings[i] = both
    return
  }
  holdings.push({ claims: [claim], start: claim.start, end: claim.end })
}

/** One source never describes one holding twice: what it lists again after an end is another. */
function joined(holding: Holding, claim: Claim): Holding | undefined {
  const claims = [...holding.claims, claim]
  if (holding.claims.some(({ source }) => source === claim.source)) return undefined
  if (new Set(claims.flatMap(applicationsOf)).size > 1) return undefined
  const start = common(holding.start, claim.start)
  const end = common(holding.end, claim.end)
  return start && end && { claims, start, end }
}

const applicationsOf = ({ owners }: Claim): readonly string[] => owners.flatMap(({ application }) => application ?? [])
const isNamed = ({ owners }: Claim): boolean => owners.every(({ application }) => application !== null)

/** The owner is that of the first source that names one, and the holding goes by its claim. */
function asOne({ claims, start, end }: Holding): JoinedClaim {
  const [only, ...others] = claims
  if (only === undefined || others.length === 0) return only as Claim
  const naming = claims.some(isNamed) ? claims.filter(isNamed) : claims
  const claim = (claims.some(isNamed) ? naming[0] : claims.at(-1)) as Claim
  const alsoFrom = naming.filter(other => other !== claim).map(({ source }) => source)
  const unnamedFrom = claims.filter(other => !naming.includes(other)).map(({ source }) => source)
  return {
    ...claim,
    start,
    end: { earliestMs: Math.max(...naming.map(one => one.end.earliestMs)), latestMs: provedEnd(claims, end) },
    state: stateOf(claims),
    expects: [...new Set(claims.flatMap(({ expects }) => expects))],
    lastSightingMs: Math.max(...claims.map(({ lastSightingMs }) => lastSightingMs)),
    ...(alsoFrom.length > 0 && { alsoFrom }),
    ...(unnamedFrom.length > 0 && { unnamedFrom }),
  }
}

/** Progress carries a holding on only while every source still lists it. */
function stateOf([first, ...others]: readonly Claim[]): ClaimState {
  return others.every(({ state }) => state === first?.state) ? (first?.state ?? 'missing') : 'missing'
}

/** That one source misses it proves no end while another lists it: it may go on, and then the two contradict each other. */
function provedEnd(claims: readonly Claim[], { latestMs }: Bounds): number {
  const isListed = claims.some(({ state }) => state === 'open')
  return isListed && claims.some(({ state }) => state !== 'open') ? Number.POSITIVE_INFINITY : latestMs
}

function common(a: Bounds, b: Bounds): Bounds | undefined {
  const earliestMs = Math.max(a.earliestMs, b.earliestMs)
  const latestMs = Math.min(a.latestMs, b.latestMs)
  return earliestMs <= latestMs ? { earliestMs, latestMs } : undefined
}
