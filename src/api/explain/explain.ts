import type { Answer, Holding } from '../../ownership/answer.ts'
import { countUpTo } from '../../ownership/ascending.ts'
import type { Claim } from '../../ownership/claim.ts'
import type { SourceHistory } from '../../ownership/coverage.ts'
import type { Millis, Window } from '../../ownership/window.ts'
import { nameOf } from '../bulk/brief.ts'
import { summaryOf } from '../summary.ts'
import { utc } from '../utc.ts'
import { RULES } from './rules.ts'

/** What a claim was to an answer. */
export type Role = 'owner' | 'candidate' | 'under' | 'service' | 'no-say'

/** A claim on the line of time; half-open stretches, `certain` null where nothing is. */
export type TimedClaim = {
  readonly claim: Claim
  readonly role: Role
  readonly possible: Window
  readonly certain: Window | null
}

/** What a source's complete polls around the asked time vouch for. */
export type PollsAround = {
  readonly source: string
  /** The last instant up to which a poll vouched before the time, and the first at its end or later. */
  readonly beforeMs: Millis | null
  readonly afterMs: Millis | null
  readonly longestGapMs: Millis
}

export type Explanation = {
  readonly timeline: readonly TimedClaim[]
  readonly polls: readonly PollsAround[]
  readonly rule: { readonly reason: Answer['reason']; readonly text: string }
  readonly words: readonly string[]
}

const MOST_SAID = 20

/** Why the answer is what it is. `claims` are those that may hold the address at the time (`claimsOn`). */
export function explain(
  answer: Answer,
  claims: readonly Claim[],
  historyOf: (source: string) => SourceHistory | undefined,
): Explanation {
  const timeline = claims.map(claim => timed(claim, answer))
  const sources = [...new Set(claims.map(({ source }) => source))]
  const polls = sources.flatMap(source => {
    const history = historyOf(source)
    return history ? [pollsAround(source, history, answer.question)] : []
  })
  const said = timeline.slice(0, MOST_SAID)
  const words = [
    summaryOf(answer),
    `The rule: ${RULES[answer.reason]}`,
    ...said.map(sentenceOf),
    ...(timeline.length > said.length ? [`${timeline.length - said.length} more claims touch that time.`] : []),
    ...polls.map(pollWords),
    ...portWords(answer, claims),
    answer.final
      ? 'This answer is final: every source that speaks of the time has seen all of it.'
      : 'This answer may still change: a source has not seen all of the time yet, or a claim is missing and may come back.',
  ]
  return { timeline, polls, rule: { reason: answer.reason, text: RULES[answer.reason] }, words }
}

/** Where the answer shows the claim, its windows are cut by what neighbours prove. */
function timed(claim: Claim, answer: Answer): TimedClaim {
  const { start, end } = shownHolding(claim.id, answer) ?? claim
  const certain = { fromMs: start.latestMs, untilMs: end.earliestMs }
  return {
    claim,
    role: roleOf(claim.id, answer),
    possible: { fromMs: start.earliestMs, untilMs: end.latestMs },
    certain: certain.fromMs < certain.untilMs ? certain : null,
  }
}

const shownHolding = (id: string, { holding, candidates, under, service, split }: Answer): Holding | undefined =>
  [
    holding,
    ...(split?.parts ?? []).map(part => part.holding),
    ...candidates.map(candidate => candidate.holding),
    ...under,
    service,
  ].find(one => one?.claimId === id) ?? undefined

function roleOf(id: string, { holding, candidates, under, service, split }: Answer): Role {
  if (holding?.claimId === id || split?.parts.some(part => part.holding?.claimId === id)) return 'owner'
  if (candidates.some(candidate => candidate.holding?.claimId === id)) return 'candidate'
  if (under.some(one => one.claimId === id)) return 'under'
  return service?.claimId === id ? 'service' : 'no-say'
}

function pollsAround(source: string, history: SourceHistory, window: Window): PollsAround {
  const { marks } = history.columns()
  return {
    source,
    beforeMs: marks[countUpTo(marks, window.fromMs) - 1] ?? null,
    afterMs: marks[countUpTo(marks, window.untilMs - 1)] ?? null,
    longestGapMs: history.record?.bounds.longestGapMs ?? 0,
  }
}

const ROLE_WORDS: Readonly<Record<Role, string>> = {
  owner: 'the owner',
  candidate: 'a candidate',
  under: 'beneath the deciding prefix and layer',
  service: 'the published service',
  'no-say': 'without a say here',
}

function sentenceOf({ claim, role, possible, certain }: TimedClaim): string {
  const { owners, source, prefix, layer, lastSightingMs } = claim
  const who = owners.map(owner => `${nameOf(owner)} (${owner.kind} ${owner.resourceId})`).join(' or ')
  const namedBy = owners[0]?.namedBy
  const named = namedBy ? ` The rule "${namedBy}" gave it its name.` : ''
  const sure = certain ? `certain from ${utc(certain.fromMs)} to ${utc(certain.untilMs)}` : 'certain at no time'
  const open = claim.state === 'open' ? ', and as long as its polls go on' : ''
  const seen = lastSightingMs > 0 ? `, last seen at ${utc(lastSightingMs)}` : ''
  return `${source} says that ${who} held ${prefix} at layer ${layer}: possible from ${utc(possible.fromMs)} to ${utc(possible.untilMs)}, ${sure}${open}${seen}; ${ROLE_WORDS[role]}.${named}`
}

function pollWords({ source, beforeMs, afterMs, longestGapMs }: PollsAround): string {
  const before =
    beforeMs === null ? 'had not completed a poll before that time' : `was complete up to ${utc(beforeMs)} before it`
  const after = afterMs === null ? 'no complete poll reaches beyond it yet' : `the next vouches up to ${utc(afterMs)}`
  return `${source} ${before}; ${after}. Its polls count as one stretch where they stand at most ${longestGapMs / 1000} s apart.`
}

function portWords({ question }: Answer, claims: readonly Claim[]): readonly string[] {
  const limited = claims.filter(({ ports }) => ports !== null).length
  if (limited === 0 || question.port !== undefined) return []
  return [`${limited} claims are about some ports only, and say nothing to a question without a port.`]
}
