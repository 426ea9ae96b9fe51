import type { AmbiguousReason, UnknownReason, Verdict } from './answer.ts'
import { type Layer, layerRank, type Owner } from './claim.ts'
import { isExclusive, type Span } from './timeline.ts'
import type { Millis, Window } from './window.ts'

/** A span as one question meets it: with its source's progress, and the length of the prefix that covers the address. */
export type LiveSpan = Span & {
  readonly length: number
  /** Certainty's end, the source's progress included. */
  readonly sureUntilMs: Millis
  /** The source's progress; beyond it an open claim is not uncertain but unwatched. */
  readonly watchedUntilMs: Millis
  /** Since when its source has watched the address. */
  readonly watchedSinceMs: Millis
  /** The last sighting was received no earlier. */
  readonly lastSightingMs: Millis
  /** For how long the source may be silent before it counts as stale. */
  readonly longestGapMs: number
}

/** Why absence of a layer, or of every holder, is not proved over a part of the window; undefined where it is. */
export type Absence =
  | { readonly proved: true }
  /** Absent from every complete poll around it, but somebody may have come and gone between two of them. */
  | { readonly proved: 'between-polls-unseen' }
  | { readonly proved: false; readonly reason: UnknownReason }

export type Watch = {
  /** Is every source that watches this layer (any layer, where none is named) sure of absence over the part? */
  absence(part: Window, layer?: Layer): Absence
  /** The verdict where nobody is seen and absence is proved. */
  verdictOfAbsence(part: Window): Verdict
}

/** What holds over one part of the window, in which no window of any claim begins or ends. */
export type Part = {
  readonly window: Window
  readonly verdict: Verdict
  /** The owned holding; undefined unless owned. */
  readonly holder: LiveSpan | undefined
  /** Who may have held it; undefined is nobody. Empty where nobody is in question. */
  readonly candidates: readonly (LiveSpan | undefined)[]
  readonly under: readonly LiveSpan[]
}

/** Instants within the window at which something about a span begins or ends. */
export function cutPoints(window: Window, spans: readonly LiveSpan[]): readonly Millis[] {
  const points = new Set([window.fromMs, window.untilMs])
  for (const span of spans) {
    for (const at of [span.possibleFromMs, span.possibleUntilMs, span.certainFromMs, span.sureUntilMs]) {
      if (at > window.fromMs && at < window.untilMs) points.add(at)
    }
  }
  return [...points].sort((a, b) => a - b)
}

const covers = (span: LiveSpan, part: Window) =>
  span.possibleFromMs <= part.fromMs && part.untilMs <= span.possibleUntilMs
const isCertain = (span: LiveSpan, part: Window) =>
  span.certainFromMs <= part.fromMs && part.untilMs <= span.sureUntilMs

const holdsAddresses = (span: LiveSpan) => layerRank(span.claim.layer) >= layerRank('interface') || span.claim.whole

export const ownerOf = (span: LiveSpan): Owner => span.claim.owners[0] as Owner
const identityOf = ({ claim }: LiveSpan) =>
  claim.owners.map(owner => `${owner.resourceId}=${owner.application}`).join(',')
export const isSameHolder = (a: LiveSpan, b: LiveSpan) =>
  a.claim.layer === b.claim.layer && identityOf(a) === identityOf(b)

/**
 * The longest prefix live in this part, then the highest layer (design.md §1, "Prefixes and layers"). `spans` come ordered:
 * longer prefixes first, higher layers first within one.
 */
export function decide(part: Window, spans: readonly LiveSpan[], watch: Watch): Part {
  const live = spans.filter(span => covers(span, part))
  const level = live.find(holdsAddresses)
  if (level === undefined) return nobody(part, live, watch)
  const group = live.filter(span => holdsAddresses(span) && isSameLevel(span, level))
  const below = live.filter(span => !group.includes(span))
  const certain = group.filter(span => isCertain(span, part))
  const possible = group.filter(span => !certain.includes(span) && !isCutBy(certain, span))
  const base = { window: part, holder: undefined, candidates: [] as readonly (LiveSpan | undefined)[], under: below }

  const first = certain[0]
  if (first === undefined) return possibleOnly(part, possible, base)
  if (group.some(span => span.claim.owners.length > 1)) {
    return { ...base, verdict: { state: 'ambiguous', reason: 'shared-address' }, candidates: [...certain, ...possible] }
  }
  if (possible.length > 0 || certain.some(span => !isSameHolder(span, first))) {
    const verdict: Verdict = { state: 'ambiguous', reason: 'conflicting-sources' }
    return { ...base, verdict, candidates: [...certain, ...possible] }
  }
  const absence = expectedAbove(certain, part, watch)
  if (absence.proved === false) {
    return { ...base, verdict: { state: 'unknown', reason: absence.reason }, under: [first, ...below] }
  }
  if (absence.proved === 'between-polls-unseen') {
    return { ...base, verdict: { state: 'unowned', reason: 'absent-in-complete-polls' }, under: [first, ...below] }
  }
  return { ...base, verdict: { state: 'owned', reason: first.claim.evidence }, holder: first }
}

const isSameLevel = (a: LiveSpan, b: LiveSpan) => a.length === b.length && a.claim.layer === b.claim.layer

/** Rule 8 at this very instant: a certain claim of the same source rules the merely possible ones out. */
const isCutBy = (certain: readonly LiveSpan[], span: LiveSpan) =>
  certain.some(other => other.claim.source === span.claim.source && isExclusive(other.claim) && isExclusive(span.claim))

/** A lower layer may answer only where every higher one that any source expects here is proved absent. */
function expectedAbove(certain: readonly LiveSpan[], part: Window, watch: Watch): Absence {
  let absence: Absence = { proved: true }
  for (const layer of new Set(certain.flatMap(({ claim }) => claim.expects))) {
    if (certain.some(({ claim }) => layerRank(layer) <= layerRank(claim.layer))) continue
    const above = watch.absence(part, layer)
    if (above.proved === false) return above
    if (above.proved !== true) absence = above
  }
  return absence
}

/** Nobody is certain at the deciding level: the fallback below, or nobody, is among the candidates. */
function possibleOnly(part: Window, possible: readonly LiveSpan[], base: Omit<Part, 'verdict'>): Part {
  const fallback = base.under.find(span => holdsAddresses(span) && isCertain(span, part))
  const candidates = [...possible, fallback]
  const blind = possible.map(span => blindnessOf(span, part)).find(reason => reason !== undefined)
  if (blind) return { ...base, candidates, verdict: { state: 'unknown', reason: blind } }
  const reason: AmbiguousReason = possible.some(span => span.claim.owners.length > 1)
    ? 'shared-address'
    : boundaryReason(possible, part)
  return { ...base, candidates, verdict: { state: 'ambiguous', reason } }
}

/** A claim that is uncertain only because nobody has looked: before its source watched, or after its last word. */
function blindnessOf(span: LiveSpan, part: Window): 'before-coverage' | 'not-yet' | undefined {
  if (span.possibleFromMs === Number.NEGATIVE_INFINITY && part.fromMs < span.watchedSinceMs) return 'before-coverage'
  return part.untilMs > span.watchedUntilMs && span.claim.state === 'open' ? 'not-yet' : undefined
}

function boundaryReason(possible: readonly LiveSpan[], part: Window): AmbiguousReason {
  const beginning = possible.some(span => part.fromMs < span.certainFromMs)
  const ending = possible.some(span => part.fromMs >= span.certainFromMs)
  return beginning && ending ? 'handoff' : beginning ? 'head' : 'tail'
}

function nobody(part: Window, live: readonly LiveSpan[], watch: Watch): Part {
  const absence = watch.absence(part)
  const verdict: Verdict =
    absence.proved === false ? { state: 'unknown', reason: absence.reason } : watch.verdictOfAbsence(part)
  return { window: part, verdict, holder: undefined, candidates: [], under: live }
}
