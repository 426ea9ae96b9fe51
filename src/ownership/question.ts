import { type AddressBits, bitsOf } from './address.ts'
import type { Answer, Candidate, Holding, Question, Verdict } from './answer.ts'
import { type Absence, cutPoints, decide, type LiveSpan, ownerOf, type Part, type Watch } from './attribution.ts'
import { type Layer, layerRank } from './claim.ts'
import { combine } from './combine.ts'
import type { SourceHistory } from './coverage.ts'
import { isPublicDomain } from './domains.ts'
import type { Span } from './timeline.ts'
import { intersection, type Millis, overlaps, type Window } from './window.ts'

/** What the index knows, as a question needs it. */
export type Known = {
  covering(
    domain: string,
    address: AddressBits,
  ): readonly { readonly length: number; readonly timeline: readonly Span[] }[]
  hasDomain(domain: string): boolean
  histories(): Iterable<SourceHistory>
  historyOf(source: string): SourceHistory | undefined
  /** Below it the domain's history is gone. */
  horizonMs(domain: string): Millis
}

/** A source that watches the address, and since when. */
type Watcher = { readonly history: SourceHistory; readonly sinceMs: Millis }

/** A question with its address ready to be compared. */
type Asked = Question & { readonly address: AddressBits }

export function answer(asked: Question, known: Known): Answer {
  if (asked.fromMs < known.horizonMs(asked.domain)) return expired(asked)
  const question: Asked = { ...asked, address: bitsOf(asked.ip) }
  const watchers = watchersOf(question, known)
  const spans = liveSpans(question, known)
  const watch = watchOf(question, watchers, spans, known)
  const points = cutPoints(question, spans)
  const parts = points
    .slice(0, -1)
    .map((fromMs, i) => decide({ fromMs, untilMs: points[i + 1] as Millis }, spans, watch))
  const { verdict, holder } = withLateness(combine(parts), question, spans)
  const watermarkMs = watermarkOf(watchers)
  return {
    ...verdict,
    question: asked,
    holding: holder ? holdingOf(holder) : null,
    candidates: verdict.state === 'owned' ? [] : candidatesOf(parts, question),
    under: underOf(parts),
    service: serviceOf(spans),
    watermarkMs,
    final:
      watermarkMs !== null && question.untilMs <= watermarkMs && !spans.some(span => span.claim.state === 'missing'),
  }
}

const expired = (question: Question): Answer => ({
  state: 'unknown',
  reason: 'expired',
  question,
  holding: null,
  candidates: [],
  under: [],
  service: null,
  watermarkMs: null,
  final: true,
})

/** `not-yet` turns into `source-stale` once the source has been silent for longer than it may be. */
function withLateness(
  combined: { readonly verdict: Verdict; readonly holder: LiveSpan | undefined },
  question: Question,
  spans: readonly LiveSpan[],
): typeof combined {
  if (combined.verdict.reason !== 'not-yet') return combined
  const late = spans.some(
    span => question.nowMs - span.watchedUntilMs > span.longestGapMs && span.claim.state === 'open',
  )
  return late ? { verdict: { state: 'unknown', reason: 'source-stale' }, holder: undefined } : combined
}

function watchersOf(question: Asked, known: Known): readonly Watcher[] {
  const watchers: Watcher[] = []
  for (const history of known.histories()) {
    if (history.record === undefined || question.fromMs >= history.record.validity.untilMs) continue
    const sinceMs = history.space?.since(question.domain, question.address)
    if (sinceMs !== undefined) watchers.push({ history, sinceMs })
  }
  return watchers
}

/** Spans that touch the window, longer prefixes first, higher layers first within one. */
function liveSpans(question: Asked, known: Known): readonly LiveSpan[] {
  const spans: LiveSpan[] = []
  for (const { length, timeline } of known.covering(question.domain, question.address)) {
    for (const span of timeline) {
      if (!overlaps({ fromMs: span.possibleFromMs, untilMs: span.possibleUntilMs }, question)) continue
      if (!concernsPort(span, question.port)) continue
      spans.push(live(span, length, question, known))
    }
  }
  return spans.sort(
    (a, b) =>
      b.length - a.length || layerRank(b.claim.layer) - layerRank(a.claim.layer) || (a.claim.id < b.claim.id ? -1 : 1),
  )
}

/** A claim on some ports only says nothing to a question that names no port. */
function concernsPort({ claim }: Span, port: number | undefined): boolean {
  if (claim.ports === null) return true
  return port !== undefined && claim.ports.first <= port && port <= claim.ports.last
}

function live(span: Span, length: number, question: Asked, known: Known): LiveSpan {
  const history = known.historyOf(span.claim.source)
  const watchedUntilMs = history?.completeUpToMs ?? Number.NEGATIVE_INFINITY
  const sureUntilMs = span.claim.state === 'open' ? Math.max(span.certainUntilMs, watchedUntilMs) : span.certainUntilMs
  const watchedSinceMs = history?.space?.since(question.domain, question.address)
  const { lagMs = 0, clockErrorMs = 0, longestGapMs = 0 } = history?.record?.bounds ?? {}
  // Every complete poll shows an open claim; its request was sent lag and clock error after what the poll vouches for.
  const polledMs = span.claim.state === 'open' ? watchedUntilMs + lagMs + clockErrorMs : Number.NEGATIVE_INFINITY
  return {
    ...span,
    length,
    sureUntilMs,
    watchedUntilMs,
    longestGapMs,
    lastSightingMs: Math.max(span.claim.lastSightingMs, polledMs),
    watchedSinceMs: watchedSinceMs ?? Number.POSITIVE_INFINITY,
  }
}

function watchOf(question: Asked, watchers: readonly Watcher[], spans: readonly LiveSpan[], known: Known): Watch {
  return {
    absence: (part, layer) => absenceOf(part, layer, question, watchers, known),
    verdictOfAbsence(part) {
      const managed = spans.some(({ claim, possibleFromMs, possibleUntilMs }) => {
        return claim.layer === 'network' && overlaps(part, { fromMs: possibleFromMs, untilMs: possibleUntilMs })
      })
      if (managed || !isPublicDomain(question.domain)) return { state: 'unowned', reason: 'absent-in-complete-polls' }
      return { state: 'external', reason: serviceOf(spans) ? 'aws-service' : 'internet' }
    },
  }
}

function absenceOf(
  part: Window,
  layer: Layer | undefined,
  question: Asked,
  watchers: readonly Watcher[],
  known: Known,
): Absence {
  const { domain, address } = question
  const concerned = watchers.flatMap(({ history, sinceMs: sinceAnyMs }) => {
    const sinceMs = layer ? history.space?.since(domain, address, layer) : sinceAnyMs
    return sinceMs === undefined ? [] : [{ history, sinceMs }]
  })
  if (concerned.length === 0) {
    if (layer) return { proved: false, reason: 'before-coverage' }
    return { proved: false, reason: isKnownDomain(question.domain, known) ? 'unmanaged-prefix' : 'no-such-domain' }
  }
  let proved: Absence = { proved: true }
  for (const { history, sinceMs } of concerned) {
    const reason = history.blindness(part, sinceMs, question.nowMs)
    if (reason) return { proved: false, reason }
    if (!history.provesAbsence(part)) proved = { proved: 'between-polls-unseen' }
  }
  return proved
}

function isKnownDomain(domain: string, known: Known): boolean {
  if (known.hasDomain(domain)) return true
  return [...known.histories()].some(({ space }) => space?.has(domain))
}

function watermarkOf(watchers: readonly Watcher[]): Millis | null {
  if (watchers.length === 0) return null
  const least = Math.min(...watchers.map(({ history }) => history.completeUpToMs ?? Number.NEGATIVE_INFINITY))
  return least === Number.NEGATIVE_INFINITY ? null : least
}

export const holdingOf = (span: LiveSpan): Holding => ({
  owner: ownerOf(span),
  layer: span.claim.layer,
  prefix: span.claim.prefix,
  source: span.claim.source,
  claimId: span.claim.id,
  evidence: span.claim.evidence,
  start: { earliestMs: span.possibleFromMs, latestMs: span.certainFromMs },
  end: { earliestMs: span.sureUntilMs, latestMs: span.possibleUntilMs },
  lastSightingMs: span.lastSightingMs,
})

/** Everybody who may have held it in some part, each once, with the whole stretch in which that is possible. */
function candidatesOf(parts: readonly Part[], question: Question): readonly Candidate[] {
  const byClaim = new Map<string, Candidate>()
  for (const part of parts) {
    const nobody = part.verdict.state === 'unowned' || part.verdict.state === 'external'
    const spans = part.holder ? [part.holder] : nobody && parts.length > 1 ? [undefined] : part.candidates
    for (const span of spans) {
      for (const owner of span ? span.claim.owners : [undefined]) {
        const key = span ? `${span.claim.id} ${owner?.resourceId}` : ''
        const during = span ? (intersection(possibleOf(span), question) ?? part.window) : part.window
        const held = byClaim.get(key)
        const fromMs = Math.min(held?.during.fromMs ?? during.fromMs, during.fromMs)
        const untilMs = Math.max(held?.during.untilMs ?? during.untilMs, during.untilMs)
        const holding = span && owner ? { ...holdingOf(span), owner } : null
        byClaim.set(key, { holding, during: { fromMs, untilMs } })
      }
    }
  }
  return [...byClaim.values()]
}

const possibleOf = (span: LiveSpan): Window => ({ fromMs: span.possibleFromMs, untilMs: span.possibleUntilMs })

function underOf(parts: readonly Part[]): readonly Holding[] {
  const spans = new Map<string, LiveSpan>()
  for (const part of parts) for (const span of part.under) spans.set(span.claim.id, span)
  return [...spans.values()].filter(span => span.claim.layer !== 'service').map(holdingOf)
}

function serviceOf(spans: readonly LiveSpan[]): Holding | null {
  const service = spans.find(span => span.claim.layer === 'service')
  return service ? holdingOf(service) : null
}
