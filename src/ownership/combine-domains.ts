import {
  type AmbiguousReason,
  type Answer,
  type Candidate,
  MOST_CANDIDATES,
  MOST_UNDER,
  type Verdict,
} from './answer.ts'
import type { PossibleDomain } from './reach.ts'
import { union } from './stretches.ts'
import { type Millis, overlaps, type Window } from './window.ts'

/** A domain that may have the address, and its answer about the time in which it may. */
export type AskedDomain = PossibleDomain & { readonly answer: Answer }

/** An answer, and the domain that gave it; undefined where it took several. */
export type AnswerAcross = { readonly domain: string | undefined; readonly answer: Answer }

/** A candidate of an answer that several domains gave; `domain` null where the address was in none of them. */
export type CandidateAcross = Candidate & { readonly domain: string | null }

/**
 * One answer from those of all domains that the address may have been in during `window`; at least one. `consulted` are
 * those whose answers had a part in it: it is final when they are. An owner counts only where no other domain was possible
 * at any instant: otherwise nothing tells which of them the packets went to, and the owners are candidates.
 */
export function combineDomains(
  possible: readonly AskedDomain[],
  consulted: readonly { readonly answer: Answer }[],
  window: Window,
): AnswerAcross {
  const gaps = gapsBetween(union(possible.flatMap(({ during }) => during)), window)
  const [first, ...others] = possible as readonly [AskedDomain, ...AskedDomain[]]
  const domain = others.length === 0 ? first.domain : undefined
  const evidence = evidenceOf(consulted.map(({ answer }) => answer))
  if (domain !== undefined && gaps.length === 0) return { domain, answer: { ...first.answer, ...evidence } }

  const candidates = [...possible.flatMap(candidatesIn), ...gaps.map(nowhere)].sort(inOrderOfTime)
  const under = possible.flatMap(({ answer }) => answer.under)
  const answer: Answer = {
    ...first.answer,
    ...verdictOf(possible, gaps, window),
    question: { ...first.answer.question, fromMs: window.fromMs, untilMs: window.untilMs },
    holding: null,
    candidates: candidates.slice(0, MOST_CANDIDATES),
    candidatesTotal:
      candidates.length +
      sumOf(possible, ({ answer: { candidatesTotal: total, candidates: listed } }) => total - listed.length),
    under: under.slice(0, MOST_UNDER),
    underTotal: sumOf(possible, ({ answer: { underTotal } }) => underTotal),
    split: null,
    ...evidence,
  }
  return { domain, answer }
}

const sumOf = (asked: readonly AskedDomain[], count: (asked: AskedDomain) => number): number =>
  asked.reduce((sum, domain) => sum + count(domain), 0)

/** The watermark is known only where all of theirs are. */
function evidenceOf(answers: readonly Answer[]): Pick<Answer, 'watermarkMs' | 'final'> {
  const watermarks = answers.map(({ watermarkMs }) => watermarkMs ?? Number.NEGATIVE_INFINITY)
  const leastMs = Math.min(...watermarks)
  return {
    watermarkMs: leastMs === Number.NEGATIVE_INFINITY ? null : leastMs,
    final: answers.every(({ final }) => final),
  }
}

/** The stretches of the window that none of the windows, disjoint and in order of time, has. */
function gapsBetween(windows: readonly Window[], window: Window): readonly Window[] {
  const gaps: Window[] = []
  let fromMs: Millis = window.fromMs
  for (const stretch of windows) {
    if (fromMs < stretch.fromMs) gaps.push({ fromMs, untilMs: stretch.fromMs })
    fromMs = stretch.untilMs
  }
  if (fromMs < window.untilMs) gaps.push({ fromMs, untilMs: window.untilMs })
  return gaps
}

function verdictOf(possible: readonly AskedDomain[], gaps: readonly Window[], window: Window): Verdict {
  const verdicts = possible.map(({ answer }) => answer)
  const blind = verdicts.find(({ state }) => state === 'unknown')
  const unsure = verdicts.find(({ state }) => state === 'ambiguous')
  const first = verdicts[0] as Answer
  if (blind) return onlyVerdict(blind)
  if (verdicts.every(({ state }) => state !== 'owned' && state !== 'ambiguous')) return onlyVerdict(first)
  if (possible.length > 1) {
    return { state: 'ambiguous', reason: isAtOnce(possible) ? 'conflicting-sources' : 'spans-handoff' }
  }
  return unsure ? onlyVerdict(unsure) : { state: 'ambiguous', reason: boundaryReason(gaps, window) }
}

const onlyVerdict = ({ state, reason }: Verdict): Verdict => ({ state, reason }) as Verdict

/** Whether two of the domains may have the address at one instant. */
function isAtOnce(possible: readonly AskedDomain[]): boolean {
  const windows = possible.flatMap(({ domain, during }) => during.map(stretch => ({ domain, stretch })))
  return windows.some(a => windows.some(b => a.domain !== b.domain && overlaps(a.stretch, b.stretch)))
}

/** The reach, not the holding, begins or ends within the window. */
function boundaryReason(gaps: readonly Window[], window: Window): AmbiguousReason {
  const beginning = gaps[0]?.fromMs === window.fromMs
  const ending = gaps.at(-1)?.untilMs === window.untilMs
  return beginning && !ending && gaps.length === 1
    ? 'head'
    : ending && !beginning && gaps.length === 1
      ? 'tail'
      : 'handoff'
}

function candidatesIn({ domain, answer }: AskedDomain): readonly CandidateAcross[] {
  const whole = { fromMs: answer.question.fromMs, untilMs: answer.question.untilMs }
  if (answer.state === 'owned') return [{ domain, holding: answer.holding, during: whole }]
  if (answer.state !== 'ambiguous' && answer.state !== 'unknown') return [{ domain, holding: null, during: whole }]
  return answer.candidates.map(candidate => ({ ...candidate, domain }))
}

const nowhere = (during: Window): CandidateAcross => ({ domain: null, holding: null, during })

const inOrderOfTime = (a: Candidate, b: Candidate): number => a.during.fromMs - b.during.fromMs
