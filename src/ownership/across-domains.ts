import type { Answer, Question } from './answer.ts'
import { type AnswerAcross, type AskedDomain, combineDomains } from './combine-domains.ts'
import { isPublicDomain } from './domains.ts'
import type { ManagedSpace, PossibleDomain, ReachTable } from './reach.ts'

/** A question about an address that may be in several domains. */
export type DomainlessQuestion = Omit<Question, 'domain'>

export type DomainLookUps = {
  ask(question: Question): Answer
  readonly isManaged: ManagedSpace
  readonly reach: ReachTable
}

/**
 * From where an address is seen, and the domain that it means there where no reach leads further: the same, or public space.
 * `from` undefined: it is in `base` and nowhere else.
 */
export type Viewpoint = { readonly from: string | undefined; readonly base: string }

/**
 * Who held an address, seen from a domain (docs/decisions/0008-reach.md)? A VPC's own route wins over every other, so a
 * domain that surely has the address is asked alone; where it surely has not, the domains in reach are. Several viewpoints
 * are alternatives. Where several domains may have the address, the answer is never `owned`.
 */
export function askFrom(
  viewpoints: readonly Viewpoint[],
  question: DomainlessQuestion,
  lookUps: DomainLookUps,
): AnswerAcross {
  const [only, ...others] = viewpoints
  if (only === undefined || others.length > 0) return askFromAnyOf(viewpoints, question, lookUps)
  const beyond = beyondOf(only, question, lookUps)
  const home = { domain: only.base, during: [question], answer: lookUps.ask({ ...question, domain: only.base }) }
  if (beyond.length === 0) return home
  const presence = presenceAtHome(home.answer, lookUps)
  if (presence === 'sure') return home
  const asked = beyond.map(possible => askWithin(possible, question, lookUps))
  const likely = asked.filter(({ answer }) => !showsNoBlock(answer, lookUps))
  if (likely.length === 0) return home
  const consulted = presence === 'unmanaged' ? asked : [home, ...asked]
  return combineDomains(presence === 'possible' ? [home, ...likely] : likely, consulted, question)
}

function askFromAnyOf(
  viewpoints: readonly Viewpoint[],
  question: DomainlessQuestion,
  lookUps: DomainLookUps,
): AnswerAcross {
  const possible = new Map<string, PossibleDomain>()
  for (const viewpoint of viewpoints) {
    for (const domain of [viewpoint.base, ...beyondOf(viewpoint, question, lookUps).map(({ domain }) => domain)]) {
      possible.set(domain, { domain, during: [question] })
    }
  }
  const asked = [...possible.values()].map(domain => askWithin(domain, question, lookUps))
  return combineDomains(asked, asked, question)
}

const beyondOf = (
  { from }: Viewpoint,
  question: DomainlessQuestion,
  { reach, isManaged }: DomainLookUps,
): readonly PossibleDomain[] => (from === undefined ? [] : reach.beyond(from, question.ip, question, isManaged))

/** Asked from the first to the last instant at which the address may be there: what holds outside is of no matter. */
function askWithin(
  { domain, during }: PossibleDomain,
  question: DomainlessQuestion,
  { ask }: DomainLookUps,
): AskedDomain {
  const fromMs = during[0]?.fromMs ?? question.fromMs
  const untilMs = during.at(-1)?.untilMs ?? question.untilMs
  return { domain, during, answer: ask({ ...question, fromMs, untilMs, domain }) }
}

/**
 * Whether a domain has an address, by its answer. `sure`: somebody held it there, or some network had its block,
 * throughout. `unmanaged`: nothing around it was ever watched. `absent`: complete polls show no network with its block.
 */
function presenceAtHome(answer: Answer, lookUps: DomainLookUps): 'sure' | 'possible' | 'unmanaged' | 'absent' {
  const { question, state, reason, under } = answer
  if (isPublicDomain(question.domain)) return 'possible'
  if (state === 'owned') return 'sure'
  const isThroughout = under.some(
    ({ layer, start, end }) =>
      layer === 'network' && start.latestMs <= question.fromMs && question.untilMs <= end.earliestMs,
  )
  if (isThroughout) return 'sure'
  const isUnmanaged = reason === 'no-such-domain' || reason === 'unmanaged-prefix'
  if (isUnmanaged && !lookUps.isManaged(question.domain, question.ip)) return 'unmanaged'
  return showsNoBlock(answer, lookUps) ? 'absent' : 'possible'
}

/** Complete polls of a source that lists blocks show none around the address at any instant of the question. */
function showsNoBlock({ question, state, under, underTotal }: Answer, { isManaged }: DomainLookUps): boolean {
  if (state !== 'unowned' || under.length < underTotal) return false
  return !under.some(({ layer }) => layer === 'network') && isManaged(question.domain, question.ip, 'network')
}
