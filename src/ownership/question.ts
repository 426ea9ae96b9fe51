import { type AddressBits, bitsOf } from './address.ts'
import { type Answer, type AnswerPart, MOST_PARTS, type Question, type Split } from './answer.ts'
import { decide, mayReturn } from './attribution.ts'
import { combine, extend, isNobody, type Stretch } from './combine.ts'
import type { SourceHistory } from './coverage.ts'
import { type LiveSpan, liveSpan } from './live-span.ts'
import { holdingOf, Named } from './named.ts'
import { SteadyStretch } from './steady-stretch.ts'
import { sweep } from './sweep.ts'
import { type Span, sourcesOf } from './timeline.ts'
import { type Place, Watch, Watcher } from './watch.ts'
import type { Millis, Window } from './window.ts'

/** What the index knows, as a question needs it. */
export type Known = {
  /** Spans on each prefix that covers the address: all that touch the window, in any order, perhaps others with them. */
  covering(
    domain: string,
    address: AddressBits,
    window: Window,
  ): readonly { readonly length: number; readonly spans: readonly Span[] }[]
  hasDomain(domain: string): boolean
  histories(): Iterable<SourceHistory>
  historyOf(source: string): SourceHistory | undefined
  /** Below it the domain's history is gone. */
  horizonMs(domain: string): Millis
}

/**
 * Who held the address throughout the window (design.md §1). What lies below the domain's horizon is a part of its own,
 * `unknown: expired`. Throws a RangeError where the window is empty: nothing can be said of no time at all.
 */
export function answer(question: Question, known: Known): Answer {
  const { domain, fromMs, untilMs } = question
  if (!(fromMs < untilMs)) throw new RangeError(`the window [${fromMs}, ${untilMs}) of a question is empty`)
  const horizonMs = known.horizonMs(domain)
  const below: Stretch = {
    window: { fromMs, untilMs: Math.min(untilMs, horizonMs) },
    verdict: { state: 'unknown', reason: 'expired' },
    holder: undefined,
  }
  if (untilMs <= horizonMs) return expired(question)
  if (fromMs >= horizonMs) return answerWithin(question, question, [], known)
  return answerWithin(question, { fromMs: horizonMs, untilMs }, [below], known)
}

/** What holds about an address over any window within [fromMs, untilMs). */
export type Steady = Window & {
  /** Some claim there is about some ports only, so that answers depend on the port. */
  readonly hasPorts: boolean
}

/** How far to either side of the window claims are looked for, one after the other until one begins or ends there. */
const REACHES_MS = [3_600_000, 16 * 3_600_000, 15 * 86_400_000]

/**
 * A stretch around the question's window over which `answer` says the same of every window, as far as verdict, holding,
 * candidates, what lies beneath, service and finality go: no claim on the address begins or ends there, and no source does.
 * Undefined where something changes within the window itself. It may be longer; and it is the same for every port.
 */
export function steadyAround(question: Question, known: Known): Steady | undefined {
  const { domain, fromMs, untilMs, nowMs } = question
  const around = new SteadyStretch(question)
  around.cut(nowMs)
  around.cut(known.horizonMs(domain))
  const place = { domain, address: bitsOf(question.ip) }
  const watchers = watchersOf(place, nowMs, known)
  for (const watcher of watchers.values()) watcher.cut(around)
  let hasPorts = false
  for (const reachMs of REACHES_MS) {
    const window = { fromMs: fromMs - reachMs, untilMs: untilMs + reachMs }
    hasPorts = cutAtClaims(around, window, place, nowMs, known, watchers)
    if (!around.isSteady) return undefined
    // Of earlier and later claims nothing is known yet; where one was met on both sides, nothing need be.
    if (around.fromMs > window.fromMs && around.untilMs < window.untilMs) break
    if (reachMs === REACHES_MS.at(-1)) {
      around.cut(window.fromMs)
      around.cut(window.untilMs)
    }
  }
  return { fromMs: around.fromMs, untilMs: around.untilMs, hasPorts }
}

/** Returns whether any of the claims is about some ports only. */
function cutAtClaims(
  around: SteadyStretch,
  window: Window,
  place: Place,
  nowMs: Millis,
  known: Known,
  watchers: Watchers,
): boolean {
  let hasPorts = false
  const watcherOf = watcherIn(watchers, place, nowMs, known)
  for (const { length, spans } of known.covering(place.domain, place.address, window)) {
    for (const span of spans) {
      hasPorts ||= span.claim.ports !== null
      const live = liveSpan(span, length, watchersOfSpan(span, watcherOf), nowMs)
      around.cut(span.possibleFromMs)
      around.cut(span.possibleUntilMs)
      around.cut(live.possibleUntilMs)
      around.cut(live.certainFromMs)
      around.cut(live.certainUntilMs)
      around.cut(live.sureUntilMs)
      around.cut(live.watchedSinceMs)
      around.cut(live.watchedUntilMs)
      around.cut(live.speaksFromMs)
    }
  }
  return hasPorts
}

const expired = (question: Question): Answer => ({
  state: 'unknown',
  reason: 'expired',
  question,
  holding: null,
  candidates: [],
  candidatesTotal: 0,
  under: [],
  underTotal: 0,
  split: null,
  service: null,
  watermarkMs: null,
  final: true,
})

/** The answer from the part of the question's window that is still known; `stretches` are those before it. */
function answerWithin(question: Question, window: Window, stretches: Stretch[], known: Known): Answer {
  const { domain, nowMs } = question
  const place = { domain, address: bitsOf(question.ip) }
  const isKnownDomain = () => known.hasDomain(domain) || [...known.histories()].some(({ space }) => space?.has(domain))
  const watchers = watchersOf(place, nowMs, known)
  const watch = new Watch([...watchers.values()], nowMs, isKnownDomain)
  const spans = liveSpans(question, window, place, known, watchers)
  const named = new Named(window)
  let final = true
  sweep(window, spans, watch.turnsMs(window), (part, live) => {
    const decided = decide(part, live, { domain, watch })
    extend(stretches, { window: part, verdict: decided.verdict, holder: decided.holder })
    named.add(decided)
    final &&= watch.isSettled(part, decided.verdict) && !decided.heard.some(span => mayReturn(span, part))
  })
  const { verdict, holder } = combine(stretches)
  const candidates = holder || isNobody({ verdict }) ? undefined : named.candidates()
  const under = named.under()
  return {
    question,
    holding: holder ? holdingOf(holder) : null,
    candidates: candidates?.shown ?? [],
    candidatesTotal: candidates?.total ?? 0,
    under: under.shown,
    underTotal: under.total,
    split: splitOf(stretches),
    service: named.service(),
    watermarkMs: watch.watermarkMs(window),
    final,
    ...verdict,
  }
}

/** Every source by its history: those that watch the address, and those that a claim on it names. */
type Watchers = ReadonlyMap<SourceHistory, Watcher>

function watchersOf(place: Place, nowMs: Millis, known: Known): Watchers {
  const watchers = new Map<SourceHistory, Watcher>()
  for (const history of known.histories()) {
    const watcher = new Watcher(history, place, nowMs)
    if (watcher.watchesAddress) watchers.set(history, watcher)
  }
  return watchers
}

const watcherIn =
  (watchers: Watchers, place: Place, nowMs: Millis, known: Known) =>
  (source: string): Watcher | undefined => {
    const history = known.historyOf(source)
    return history && (watchers.get(history) ?? new Watcher(history, place, nowMs))
  }

/** Spans that touch the window and concern the port. */
function liveSpans(
  question: Question,
  window: Window,
  place: Place,
  known: Known,
  watchers: Watchers,
): readonly LiveSpan[] {
  const watcherOf = watcherIn(watchers, place, question.nowMs, known)
  const found: LiveSpan[] = []
  for (const { length, spans } of known.covering(place.domain, place.address, window)) {
    for (const span of spans) {
      if (!mayHoldWithin(span, window) || !concernsPort(span, question.port)) continue
      const live = liveSpan(span, length, watchersOfSpan(span, watcherOf), question.nowMs)
      if (live.possibleFromMs < live.possibleUntilMs && mayHoldWithin(live, window)) found.push(live)
    }
  }
  return found
}

const mayHoldWithin = ({ possibleFromMs, possibleUntilMs }: Span, { fromMs, untilMs }: Window): boolean =>
  possibleFromMs < untilMs && fromMs < possibleUntilMs

/** Those of its sources that are known. */
function watchersOfSpan({ claim }: Span, watcherOf: (source: string) => Watcher | undefined): readonly Watcher[] {
  const watching: Watcher[] = []
  for (const source of sourcesOf(claim)) {
    const watcher = watcherOf(source)
    if (watcher) watching.push(watcher)
  }
  return watching
}

/** A claim on some ports only says nothing to a question that names no port. */
function concernsPort({ claim }: Span, port: number | undefined): boolean {
  if (claim.ports === null) return true
  return port !== undefined && claim.ports.first <= port && port <= claim.ports.last
}

function splitOf(stretches: readonly Stretch[]): Split | null {
  if (stretches.length === 1) return null
  const parts = stretches.slice(0, MOST_PARTS).map(
    ({ window, verdict, holder }): AnswerPart => ({
      ...window,
      ...verdict,
      holding: holder ? holdingOf(holder) : null,
    }),
  )
  return { parts, total: stretches.length }
}
