import type { Question } from '../../../src/ownership/answer.ts'
import type { Change, Claim } from '../../../src/ownership/claim.ts'
import type { Millis, Window } from '../../../src/ownership/window.ts'
import { combine, isNobody } from './combine.ts'
import { covers } from './digits.ts'
import { type Facts, factsOf } from './facts.ts'
import { isSettledAt, watermarkMs } from './finality.ts'
import { holdingsOf } from './holdings.ts'
import { atInstant, type Contender, mayReturn, type Scene } from './instant.ts'
import { candidatesOf, type Moment, named, nearestFirst, partsOf, type ReferenceAnswer, underOf } from './naming.ts'
import { timesOf } from './times.ts'
import { type Watcher, watcherOf } from './watching.ts'

/**
 * What the definition says (design.md §1 and §2, docs/decisions), instant by instant and claim by claim: slow, plain, and
 * with no thought for how an index might do it. The changes may come in any order and any number of times.
 */
export function reference(changes: readonly Change[]): { ask(question: Question): ReferenceAnswer } {
  const facts = factsOf(changes)
  return {
    ask(question) {
      const horizonMs = facts.horizonMs(question.domain)
      return question.untilMs <= horizonMs ? expired : answer(facts, question, horizonMs)
    },
  }
}

const expired: ReferenceAnswer = {
  state: 'unknown',
  reason: 'expired',
  holder: null,
  candidates: [],
  under: [],
  split: null,
  service: null,
  watermarkMs: null,
  final: true,
}

/** Below the horizon nothing is known any more (rule R13 of the temporal join); above it the window is asked as any other. */
function answer(facts: Facts, question: Question, horizonMs: Millis): ReferenceAnswer {
  const window = { fromMs: Math.max(question.fromMs, horizonMs), untilMs: question.untilMs }
  const scene = sceneOf(facts, question)
  const seen = turningPoints(scene, window).map(atMs => ({ atMs, ...atInstant(scene, atMs) }))
  const moments = question.fromMs < window.fromMs ? [below(question.fromMs), ...seen] : seen
  const verdict = combine(moments)
  const watching = scene.watchers.filter(({ scope }) => scope.length > 0)
  const holder = verdict.state === 'owned' ? (moments[0]?.holder ?? null) : null
  return {
    state: verdict.state,
    reason: verdict.reason,
    holder: holder && named(holder.claim),
    candidates: holder || isNobody({ verdict }) ? [] : candidatesOf(seen, window),
    under: underOf(seen),
    split: partsOf(moments, question.untilMs),
    service: serviceOf(seen),
    watermarkMs: watermarkMs(watching, window),
    final: seen.every(
      ({ atMs, heard, verdict: found }) =>
        isSettledAt(watching, atMs, question.nowMs, found) && !heard.some(one => mayReturn(one, atMs, question.nowMs)),
    ),
  }
}

const below = (atMs: Millis): Moment => ({
  atMs,
  verdict: { state: 'unknown', reason: 'expired' },
  holder: null,
  candidates: [],
  under: [],
  heard: [],
})

function sceneOf(facts: Facts, question: Question): Scene {
  const watchers = facts.sources.map(source => watcherOf(source, question, question.nowMs))
  return {
    question,
    watchers,
    contenders: contendersOf(facts, question, watchers),
    isKnownDomain: facts.domains.has(question.domain),
  }
}

/** The holdings that concern a question: of its domain, on a prefix that covers its address, on its port. */
function contendersOf(facts: Facts, question: Question, watchers: readonly Watcher[]): readonly Contender[] {
  const covering = facts.claims.filter(claim => claim.domain === question.domain && covers(claim.prefix, question.ip))
  const contenders: Contender[] = []
  for (const prefix of new Set(covering.map(claim => claim.prefix))) {
    const holdings = holdingsOf(covering.filter(claim => claim.prefix === prefix))
    for (const holding of holdings) {
      if (!concernsPort(holding.claim, question.port)) continue
      contenders.push({
        ...holding,
        ...timesOf(holding, holdings, watchers, question.nowMs),
        watchers: watchers.filter(({ name }) => holding.sources.includes(name)),
      })
    }
  }
  return contenders.toSorted(nearestFirst)
}

/** A claim on some ports decides only questions that carry one of them. */
const concernsPort = ({ ports }: Claim, port: number | undefined): boolean =>
  ports === null || (port !== undefined && ports.first <= port && port <= ports.last)

/** The instants of a window from which on something may be otherwise: between two of them nothing changes. */
export function turningPoints({ contenders, watchers, question }: Scene, window: Window): readonly Millis[] {
  const points = [window.fromMs, question.nowMs]
  for (const one of contenders) {
    points.push(one.possibleFromMs, one.possibleUntilMs, one.certainFromMs, one.certainUntilMs)
  }
  for (const { polls, scope, removedMs } of watchers) {
    points.push(removedMs, ...scope.map(({ fromMs }) => fromMs))
    for (const { vouchedMs, overAtMs } of polls) points.push(vouchedMs, overAtMs)
  }
  const inside = points.filter(atMs => window.fromMs <= atMs && atMs < window.untilMs)
  return [...new Set(inside)].toSorted((a, b) => a - b)
}

/** The most exact published service, of the first instant that has one. */
function serviceOf(moments: readonly Moment[]): string | null {
  const heard = moments.map(moment => moment.heard.find(({ claim }) => claim.layer === 'service'))
  return heard.find(service => service !== undefined)?.claim.id ?? null
}
