import type { AmbiguousReason, Question, Verdict } from '../../../src/ownership/answer.ts'
import { LAYERS, type Layer } from '../../../src/ownership/claim.ts'
import type { Millis } from '../../../src/ownership/window.ts'
import { type Absence, absenceAt } from './absence.ts'
import { lengthOf } from './digits.ts'
import type { Holding } from './holdings.ts'
import { areRivals, type Times } from './times.ts'
import {
  type Blindness,
  type Height,
  isLate,
  mostLasting,
  speaksAt,
  speaksFromMs,
  type Watcher,
  watchesSinceMs,
} from './watching.ts'

/** A holding of a prefix that covers the address asked about, and of the port asked about. */
export type Contender = Holding & Times & { readonly watchers: readonly Watcher[] }

export type Scene = {
  readonly question: Question
  /** Longer prefixes first, then higher layers, then by id. */
  readonly contenders: readonly Contender[]
  /** All sources, as far as they concern the address. */
  readonly watchers: readonly Watcher[]
  readonly isKnownDomain: boolean
}

/** What is known of one instant. Null among the candidates is nobody. */
export type Instant = {
  readonly verdict: Verdict
  readonly holder: Contender | null
  readonly candidates: readonly (Contender | null)[]
  readonly under: readonly Contender[]
  /** Whoever had a say. */
  readonly heard: readonly Contender[]
}

const rankOf = (layer: Layer): number => LAYERS.indexOf(layer)

const isPossible = (one: Contender, atMs: Millis): boolean => one.possibleFromMs <= atMs && atMs < one.possibleUntilMs
const isCertain = (one: Contender, atMs: Millis): boolean => one.certainFromMs <= atMs && atMs < one.certainUntilMs

/** Networks and services say what is managed or named; only one marked `whole` holds its addresses. */
const holdsAddresses = ({ claim }: Contender): boolean => claim.whole || rankOf(claim.layer) >= rankOf('interface')

/** The same resource under the same name; several of each for a shared address. */
export const isSameHolder = (a: Contender, b: Contender): boolean =>
  a.claim.layer === b.claim.layer && whoHolds(a) === whoHolds(b)
const whoHolds = ({ claim }: Contender): string =>
  claim.owners.map(owner => `${owner.resourceId}=${owner.application}`).join(',')

/** The holdings of one prefix at one layer that are live at an instant. */
type Level = {
  readonly members: readonly Contender[]
  readonly certain: readonly Contender[]
  readonly possible: readonly Contender[]
}

/** The longest prefix live, then the highest layer; then the next one, and so on down. */
function levelsAt(live: readonly Contender[], atMs: Millis): readonly Level[] {
  const levels: Level[] = []
  let rest = live.filter(holdsAddresses)
  while (rest[0] !== undefined) {
    const { claim } = rest[0]
    const isHere = (one: Contender) =>
      lengthOf(one.claim.prefix) === lengthOf(claim.prefix) && one.claim.layer === claim.layer
    const members = rest.filter(isHere)
    const certain = members.filter(one => isCertain(one, atMs))
    // Rule 8 at this very instant: whom a rival's certainty excludes is not possible.
    const possible = members.filter(one => !certain.includes(one) && !certain.some(other => areRivals(one, other)))
    levels.push({ members, certain, possible })
    rest = rest.filter(one => !isHere(one))
  }
  return levels
}

/** Its sources watch the address at its layer, and had no say at this instant yet. */
function isBeforeItsTime({ watchers, claim }: Contender, atMs: Millis): boolean {
  const isWatched = watchers.some(watcher => watchesSinceMs(watcher, claim.layer) < Number.POSITIVE_INFINITY)
  return isWatched && !watchers.some(watcher => speaksFromMs(watcher, claim.layer) <= atMs)
}

/**
 * What a source leaves open about times before it had a say tells nothing where others had one (design.md §2: an answer that
 * was final before a source was added stays what it was). What it proves of those times counts.
 */
const isHearsay = (one: Contender, { watchers }: Scene, atMs: Millis): boolean =>
  isBeforeItsTime(one, atMs) && !isCertain(one, atMs) && watchers.some(watcher => speaksAt(watcher, atMs, 'any-holder'))

/**
 * A missing claim may be back in the next poll, unless its sources were removed, and then more is known of the time since it
 * was last seen. Of earlier times it says what it said.
 */
export const mayReturn = (one: Contender, atMs: Millis, nowMs: Millis): boolean =>
  one.state === 'missing' &&
  one.certainUntilMs <= atMs &&
  !one.watchers.every(({ removedMs }) => removedMs <= nowMs) &&
  !isBeforeItsTime(one, atMs)

/** Who held the address at one instant: the five answers of design.md §1. */
export function atInstant(scene: Scene, atMs: Millis): Instant {
  const possible = scene.contenders.filter(one => isPossible(one, atMs))
  const live = possible.filter(one => !isHearsay(one, scene, atMs))
  const decided = decide(scene, live, atMs)
  const isKnowable = atMs < scene.question.nowMs || decided.verdict.state === 'unknown'
  return { ...decided, ...(isKnowable ? {} : { verdict: NOT_YET }), heard: live }
}

/** Of what has not come yet nobody has seen anything; a source that has is one whose clock is fast. */
const NOT_YET: Verdict = { state: 'unknown', reason: 'not-yet' }

type Decided = Omit<Instant, 'heard'>

function decide(scene: Scene, live: readonly Contender[], atMs: Millis): Decided {
  const levels = levelsAt(live, atMs)
  const level = levels[0]
  if (level === undefined) return nobody(scene, live, atMs)
  const under = live.filter(one => !level.members.includes(one))
  const first = level.certain[0]
  if (first === undefined) return nobodyCertain(scene, levels, under, atMs)

  const candidates = [...level.certain, ...level.possible]
  const ambiguous = (reason: AmbiguousReason): Decided => ({
    verdict: { state: 'ambiguous', reason },
    holder: null,
    candidates,
    under,
  })
  if (candidates.some(one => one.claim.owners.length > 1)) return ambiguous('shared-address')
  if (candidates.some(one => !isSameHolder(one, first))) return ambiguous('conflicting-sources')
  return certainOf(first, level, scene, under, atMs)
}

/** One owner is certain; it is the answer where every layer that is expected above it is proved absent. */
function certainOf(
  first: Contender,
  { certain, possible }: Level,
  scene: Scene,
  under: readonly Contender[],
  atMs: Millis,
): Decided {
  const expected = [...certain, ...possible]
    .flatMap(one => one.expects)
    .filter(layer => rankOf(layer) > rankOf(first.claim.layer))
  const above = expected.map(layer => absence(scene, atMs, layer))
  const blind = above.flatMap(found => (typeof found === 'object' ? [found.unknown] : []))
  const instead = { holder: null, candidates: [], under: [first, ...under] }
  if (blind[0] !== undefined) return { ...instead, verdict: { state: 'unknown', reason: blind[0] } }
  if (above.includes('in-polls-only')) {
    return { ...instead, verdict: { state: 'unowned', reason: 'absent-in-complete-polls' } }
  }
  return { verdict: { state: 'owned', reason: first.claim.evidence }, holder: first, candidates: [], under }
}

const absence = ({ watchers, question, isKnownDomain }: Scene, atMs: Millis, height: Height): Absence =>
  absenceAt(watchers, atMs, question.nowMs, height, isKnownDomain)

/**
 * Somebody may hold the address at the deciding level, nobody surely does. The candidates go down to the first level on which
 * somebody is certain; where there is none, nobody may have held it.
 */
function nobodyCertain(
  { question }: Scene,
  levels: readonly Level[],
  under: readonly Contender[],
  atMs: Millis,
): Decided {
  const candidates: (Contender | null)[] = []
  for (const level of levels) {
    candidates.push(...level.certain, ...level.possible)
    if (level.certain.length > 0) break
  }
  if (!levels.some(level => level.certain.length > 0)) candidates.push(null)

  const possible = levels[0]?.possible ?? []
  const blind = mostLasting(possible.flatMap(one => whyUnseen(one, question.nowMs, atMs) ?? []))
  const verdict: Verdict = blind
    ? { state: 'unknown', reason: blind }
    : { state: 'ambiguous', reason: boundaryReason(possible, atMs) }
  return { verdict, holder: null, candidates, under }
}

/** A claim that is uncertain only because nobody looked: before its sources watched its layer, or after their last word. */
function whyUnseen(one: Contender, nowMs: Millis, atMs: Millis): Blindness | undefined {
  const isWatched = one.watchers.some(watcher => watchesSinceMs(watcher, one.claim.layer) <= atMs)
  if (one.possibleFromMs === Number.NEGATIVE_INFINITY && !isWatched) return 'before-coverage'
  const naming = one.watchers.filter(({ name }) => one.namedBy.includes(name))
  if (one.state !== 'open' || naming.length === 0 || naming.some(({ progressMs }) => atMs < progressMs))
    return undefined
  return naming.every(watcher => isLate(watcher, nowMs)) ? 'source-stale' : 'not-yet'
}

function boundaryReason(possible: readonly Contender[], atMs: Millis): AmbiguousReason {
  if (possible.some(one => one.claim.owners.length > 1)) return 'shared-address'
  const isBeginning = possible.some(one => atMs < one.certainFromMs)
  const isEnding = possible.some(one => atMs >= one.certainFromMs)
  return isBeginning && isEnding ? 'handoff' : isBeginning ? 'head' : 'tail'
}

const isPublic = (domain: string): boolean => domain === 'inet.0' || domain === 'inet6.0'

/** No claim of a holder is live: unowned in managed space, external in public space that is not managed. */
function nobody(scene: Scene, live: readonly Contender[], atMs: Millis): Decided {
  return { verdict: verdictOfNobody(scene, live, atMs), holder: null, candidates: [], under: live }
}

function verdictOfNobody(scene: Scene, live: readonly Contender[], atMs: Millis): Verdict {
  const absent = absence(scene, atMs, 'any-holder')
  if (typeof absent === 'object') return { state: 'unknown', reason: absent.unknown }
  const isManaged = !isPublic(scene.question.domain) || live.some(one => one.claim.layer === 'network')
  if (isManaged) return { state: 'unowned', reason: 'absent-in-complete-polls' }
  const isService = live.some(one => one.claim.layer === 'service')
  return { state: 'external', reason: isService ? 'aws-service' : 'internet' }
}
