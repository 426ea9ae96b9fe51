import type { Answer, Holding } from '../ownership/answer.ts'
import type { Owner } from '../ownership/claim.ts'
import { utc } from './utc.ts'

/** One sentence, or two, that someone woken at night can act on. It says nothing that the fields do not. */
export function summaryOf(answer: Answer): string {
  const subject = `${answer.question.ip} in ${answer.question.domain}`
  switch (answer.state) {
    case 'owned':
      return `${describe(answer.holding?.owner)} had ${subject} ${when(answer)}, ${proof(answer, answer.reason)}.`
    case 'ambiguous':
      return `${doubt(answer, subject, answer.reason)}: ${suspects(answer)}.`
    case 'unowned':
      return `Nobody had ${subject} ${when(answer)}: complete polls before and after show it free.`
    case 'unknown':
      return blindness(answer, subject, answer.reason)
    case 'external':
      return answer.reason === 'aws-service'
        ? `${answer.question.ip} is not ours: it belonged to ${describeService(answer.service)} ${when(answer)}.`
        : `${answer.question.ip} is not ours ${when(answer)}: it belongs to the internet at large.`
  }
}

type ReasonOf<State extends Answer['state']> = Extract<Answer, { readonly state: State }>['reason']

function proof({ holding }: Answer, reason: ReasonOf<'owned'>): string {
  const source = holding?.source ?? 'a source'
  switch (reason) {
    case 'sighted':
      return `seen there by ${source}`
    case 'authoritative-time':
      return `by the times that ${source} states`
    case 'flow-sighting':
      return 'seen sending and receiving in flow logs'
    case 'bridged':
      return `seen by ${source} before and after, too close together for anyone else`
  }
}

function doubt(answer: Answer, subject: string, reason: ReasonOf<'ambiguous'>): string {
  const at = when(answer)
  switch (reason) {
    case 'handoff':
      return `${subject} was changing hands ${at}, and no poll shows the exact moment`
    case 'head':
      return `${subject} was being taken ${at}, and no poll shows the exact moment`
    case 'tail':
      return `${subject} was being given up ${at}, and no poll shows the exact moment`
    case 'shared-address':
      return `Several share ${subject} ${at}, and the address alone does not tell them apart`
    case 'conflicting-sources':
      return `Sources disagree about ${subject} ${at}, and name`
    case 'spans-handoff':
      return `${subject} had more than one holder ${at}`
    case 'interface-level':
      return `Only the interface of ${subject} is certain ${at}, not who used it`
  }
}

function blindness(answer: Answer, subject: string, reason: ReasonOf<'unknown'>): string {
  const { watermarkMs, question } = answer
  const seenUpTo = watermarkMs === null ? 'No poll has completed yet' : `Polls are complete up to ${utc(watermarkMs)}`
  switch (reason) {
    case 'before-coverage':
      return `Nobody can say who had ${subject} ${when(answer)}: no source was watching it yet.`
    case 'source-stale':
      return `Cannot say who had ${subject} ${when(answer)}: a source that must be heard is behind. ${seenUpTo}.`
    case 'not-yet':
      return `Cannot say yet who had ${subject} ${when(answer)}. ${seenUpTo}; ask again when the next one has.`
    case 'expired':
      return `Cannot say who had ${subject} ${when(answer)}: the history of ${question.domain} is no longer kept that far back.`
    case 'no-such-domain':
      return `There is no routing domain "${question.domain}" that any source knows, so who had ${question.ip} is unknown.`
    case 'unmanaged-prefix':
      return `Cannot say who had ${subject} ${when(answer)}: no source covers that address.`
  }
}

/** The owner's application, or its resource where no rule named one, with where it ran. */
function describe(owner: Owner | undefined): string {
  if (owner === undefined) return 'An owner'
  const place = [owner.zone ?? owner.region, owner.account && `account ${owner.account}`].filter(Boolean).join(', ')
  const resource = `${owner.kind.replaceAll('_', ' ')} ${owner.resourceId}`
  const named = owner.application ?? 'An application without a name'
  return `${named} (${resource}${place && ` in ${place}`})`
}

function describeService(service: Holding | null): string {
  if (service === null) return 'an AWS service'
  const { application, resourceId, region } = service.owner
  return `the AWS service ${application ?? resourceId}${region === null ? '' : ` in ${region}`}`
}

const MOST_SUSPECTS = 4

function suspects({ candidates, candidatesTotal, reason }: Answer): string {
  const word = reason === 'conflicting-sources' || reason === 'spans-handoff' ? 'and' : 'or'
  const names = [
    ...new Set(
      candidates.map(({ holding }) =>
        holding === null ? 'nobody' : (holding.owner.application ?? holding.owner.resourceId),
      ),
    ),
  ]
  const rest = names.length - MOST_SUSPECTS
  const more = candidatesTotal > candidates.length ? `at least ${rest} more` : `${rest} more`
  const shown = rest > 0 ? [...names.slice(0, MOST_SUSPECTS), more] : names
  return shown.length < 2 ? (shown[0] ?? 'none is named') : `${shown.slice(0, -1).join(', ')} ${word} ${shown.at(-1)}`
}

function when({ question: { fromMs, untilMs } }: Answer): string {
  return untilMs - fromMs <= 1 ? `at ${utc(fromMs)}` : `from ${utc(fromMs)} to ${utc(untilMs)}`
}
