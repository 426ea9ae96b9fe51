import type { AmbiguousReason, Verdict } from './answer.ts'
import { layerRank } from './claim.ts'
import { isPublicDomain } from './domains.ts'
import { holdsAddresses, isCertain, isSameHolder, isSameLevel, type LiveSpan } from './live-span.ts'
import { isExclusive, sourcesOf } from './timeline.ts'
import type { Absence, Watch } from './watch.ts'
import type { Window } from './window.ts'

/** What holds over one part of the window, in which no window of any claim begins or ends. */
export type Part = {
  readonly window: Window
  readonly verdict: Verdict
  /** The owned holding; undefined unless owned. */
  readonly holder: LiveSpan | undefined
  /** Who may have held it; undefined is nobody. Empty where nobody is in question. */
  readonly candidates: readonly (LiveSpan | undefined)[]
  readonly under: readonly LiveSpan[]
  /** The spans that had a say. */
  readonly heard: readonly LiveSpan[]
}

/** What a part is decided by, beside the spans. */
export type Context = { readonly domain: string; readonly watch: Watch }

/**
 * What holds over one part. All of `live` may hold the address throughout it; they come ordered `byLevel`. A part that is
 * still to come is unknown: where evidence is not blind to it, its source's clock is fast.
 */
export function decide(part: Window, live: readonly LiveSpan[], context: Context): Part {
  const decided = decideByEvidence(part, live, context)
  if (decided.verdict.state === 'unknown' || !context.watch.isAhead(part)) return decided
  const { holder, candidates, under, heard } = decided
  return { window: part, verdict: { state: 'unknown', reason: 'not-yet' }, holder, candidates, under, heard }
}

/** The longest prefix live in this part, then the highest layer (design.md §1, "Prefixes and layers"). */
function decideByEvidence(part: Window, live: readonly LiveSpan[], context: Context): Part {
  const heard = live.filter(span => !isHearsay(span, part, context.watch))
  const level = heard.find(holdsAddresses)
  if (level === undefined) return nobody(part, heard, context)
  const group: LiveSpan[] = []
  const under: LiveSpan[] = []
  for (const span of heard) (holdsAddresses(span) && isSameLevel(span, level) ? group : under).push(span)
  const { certain, possible } = certainAndPossible(group, part)
  const first = certain[0]
  if (first === undefined) return possibleOnly(part, possible, under, heard)
  const candidates = possible.length > 0 ? [...certain, ...possible] : certain
  const base = { window: part, holder: undefined, candidates, under, heard }
  if (group.some(span => span.claim.owners.length > 1))
    return { ...base, verdict: { state: 'ambiguous', reason: 'shared-address' } }
  if (candidates.some(span => !isSameHolder(span, first)))
    return { ...base, verdict: { state: 'ambiguous', reason: 'conflicting-sources' } }
  const absence = expectedAbove(candidates, part, context.watch)
  if (absence.proved === true) {
    const verdict: Verdict = { state: 'owned', reason: first.claim.evidence }
    return { window: part, verdict, holder: first, candidates: [], under, heard }
  }
  const verdict: Verdict = absence.proved
    ? { state: 'unowned', reason: 'absent-in-complete-polls' }
    : { state: 'unknown', reason: absence.reason }
  return { window: part, verdict, holder: undefined, candidates: [], under: [first, ...under], heard }
}

/**
 * What a source leaves open about times before it spoke says nothing where others spoke then: adding a source must not
 * unsettle what was final (design.md §2). What it proves of those times counts.
 */
const isHearsay = (span: LiveSpan, part: Window, watch: Watch): boolean =>
  isBeforeItsTime(span, part) && !isCertain(span, part) && watch.isWatched(part)

/** Its sources watch the address at this layer, and began to speak of it only after the part. */
const isBeforeItsTime = (span: LiveSpan, part: Window): boolean =>
  part.untilMs <= span.speaksFromMs && span.watchedSinceMs < Number.POSITIVE_INFINITY

/**
 * Missing from the last poll, and so perhaps back in the next, which then tells more of the time since it was last seen. Up
 * to then nothing changes, so what was final stays final while a claim goes missing.
 */
export const mayReturn = (span: LiveSpan, part: Window): boolean =>
  span.claim.state === 'missing' && part.untilMs > span.sureUntilMs && !span.isOver && !isBeforeItsTime(span, part)

type Told = { readonly certain: readonly LiveSpan[]; readonly possible: readonly LiveSpan[] }

/** Rule 8 at this very instant: a certain claim of the same source rules the merely possible ones of its level out. */
function certainAndPossible(group: readonly LiveSpan[], part: Window): Told {
  const certain = group.filter(span => isCertain(span, part))
  if (certain.length === group.length) return { certain, possible: [] }
  const sources = new Set(certain.flatMap(({ claim }) => (isExclusive(claim) ? sourcesOf(claim) : [])))
  const isCut = ({ claim }: LiveSpan) => isExclusive(claim) && sourcesOf(claim).some(source => sources.has(source))
  return { certain, possible: group.filter(span => !isCertain(span, part) && !isCut(span)) }
}

/** A lower layer may answer only where every higher one that any source expects here is proved absent. */
function expectedAbove(holders: readonly LiveSpan[], part: Window, watch: Watch): Absence {
  let absence: Absence = { proved: true }
  for (const layer of new Set(holders.flatMap(({ claim }) => claim.expects))) {
    if (holders.some(({ claim }) => layerRank(layer) <= layerRank(claim.layer))) continue
    const above = watch.absence(part, layer)
    if (above.proved === false) return above
    if (above.proved !== true) absence = above
  }
  return absence
}

/** Nobody is certain at the deciding level: those below who may have held it instead are candidates too. */
function possibleOnly(
  part: Window,
  possible: readonly LiveSpan[],
  under: readonly LiveSpan[],
  heard: readonly LiveSpan[],
): Part {
  const base = { window: part, holder: undefined, candidates: [...possible, ...fallbacks(part, under)], under, heard }
  const blind = blindnessOf(possible, part)
  if (blind) return { ...base, verdict: { state: 'unknown', reason: blind } }
  const reason: AmbiguousReason = possible.some(span => span.claim.owners.length > 1)
    ? 'shared-address'
    : boundaryReason(possible, part)
  return { ...base, verdict: { state: 'ambiguous', reason } }
}

/** Level by level down to the first on which somebody is certain, or else to nobody. `under` comes ordered `byLevel`. */
function fallbacks(part: Window, under: readonly LiveSpan[]): readonly (LiveSpan | undefined)[] {
  const found: LiveSpan[] = []
  let rest = under.filter(holdsAddresses)
  for (let level = rest[0]; level !== undefined; level = rest[0]) {
    const top = level
    const group = rest.filter(span => isSameLevel(span, top))
    const { certain, possible } = certainAndPossible(group, part)
    found.push(...certain, ...possible)
    if (certain.length > 0) return found
    rest = rest.slice(group.length)
  }
  return [...found, undefined]
}

/**
 * Whether some claim is uncertain only because nobody has looked: before its source watched, or after its last word. What
 * no waiting will mend is told first.
 */
function blindnessOf(
  possible: readonly LiveSpan[],
  part: Window,
): 'before-coverage' | 'source-stale' | 'not-yet' | undefined {
  const isUnwatchedYet = (span: LiveSpan) =>
    span.possibleFromMs === Number.NEGATIVE_INFINITY && part.fromMs < span.watchedSinceMs
  if (possible.some(isUnwatchedYet)) return 'before-coverage'
  const silent = possible.filter(span => span.claim.state === 'open' && part.untilMs > span.watchedUntilMs)
  if (silent.length === 0) return undefined
  return silent.some(span => span.isLate) ? 'source-stale' : 'not-yet'
}

function boundaryReason(possible: readonly LiveSpan[], part: Window): AmbiguousReason {
  const beginning = possible.some(span => part.fromMs < span.certainFromMs)
  const ending = possible.some(span => part.fromMs >= span.certainFromMs)
  return beginning && ending ? 'handoff' : beginning ? 'head' : 'tail'
}

function nobody(part: Window, heard: readonly LiveSpan[], { domain, watch }: Context): Part {
  const absence = watch.absence(part, 'any-holder')
  const base = { window: part, holder: undefined, candidates: [], under: heard, heard }
  if (absence.proved === false) return { ...base, verdict: { state: 'unknown', reason: absence.reason } }
  const isLive = (layer: 'network' | 'service') => heard.some(({ claim }) => claim.layer === layer)
  if (isLive('network') || !isPublicDomain(domain)) {
    return { ...base, verdict: { state: 'unowned', reason: 'absent-in-complete-polls' } }
  }
  return { ...base, verdict: { state: 'external', reason: isLive('service') ? 'aws-service' : 'internet' } }
}
