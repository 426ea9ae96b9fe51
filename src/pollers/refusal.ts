import { reasonOf, WhohadError } from '../runtime/errors.ts'
import { rangesErrors } from './aws-ranges/errors.ts'
import { pollerErrors } from './errors.ts'

/** What `whohad poll accept` can accept: the listing came whole, and is only hard to believe. */
export const DOUBT_REASONS = ['empty-snapshot', 'size-drop', 'tags-vanished'] as const
export type DoubtReason = (typeof DOUBT_REASONS)[number]

/** A closed list, used as a metric's label: why a poll did not count. */
export type RefusalReason =
  | 'unreachable'
  | 'denied'
  | 'wrong-account'
  | 'throttled'
  | 'failed'
  | 'malformed-reply'
  | 'unplaced-interface'
  | 'older-version'
  | DoubtReason

export type Refusal = { readonly reason: RefusalReason; readonly detail: string }

const REASONS: Readonly<Record<string, RefusalReason>> = {
  [pollerErrors.ec2Unreachable.code]: 'unreachable',
  [pollerErrors.ec2Denied.code]: 'denied',
  [pollerErrors.ec2WrongAccount.code]: 'wrong-account',
  [pollerErrors.ec2Throttled.code]: 'throttled',
  [pollerErrors.ec2ReplyMalformed.code]: 'malformed-reply',
  [pollerErrors.titusUnreachable.code]: 'unreachable',
  [pollerErrors.titusDenied.code]: 'denied',
  [pollerErrors.titusReplyMalformed.code]: 'malformed-reply',
  [pollerErrors.titusInterfaceUnplaced.code]: 'unplaced-interface',
  [rangesErrors.unreachable.code]: 'unreachable',
  [rangesErrors.malformed.code]: 'malformed-reply',
  [rangesErrors.wentBack.code]: 'older-version',
}

/** What the change stream is told about a listing that threw; whatever is not classified is `failed`. */
export function refusalOf(error: unknown): Refusal {
  const reason = error instanceof WhohadError ? REASONS[error.code] : undefined
  return { reason: reason ?? 'failed', detail: reasonOf(error) }
}

const IT_PASSES = 'It is tried again at the next poll.'
const MENDS: Readonly<Record<Exclude<RefusalReason, DoubtReason>, string>> = {
  unreachable: `See that the address in the configuration is right and that there is a network path to it. ${IT_PASSES}`,
  'wrong-account': 'See that the credentials, or the role, belong to the account that the configuration names.',
  denied: 'See that the credentials are valid and may list what docs/aws-account.md names.',
  throttled: `Poll less often (pollSeconds), or find out who else uses up the request rate. ${IT_PASSES}`,
  failed: 'Look the error up in the inventory’s own documentation.',
  'malformed-reply': 'See that the address leads to the API that it should.',
  'older-version': `An old copy on the way mends itself; else see what answers at awsRanges.url. ${IT_PASSES}`,
  'unplaced-interface': `Add the account and region of that interface to the pollers. ${IT_PASSES}`,
}

/** What to do about a refused poll of a source; the reason may be one that a later version writes. */
export function mendOf(source: string, reason: string): string {
  if (isDoubt(reason))
    return `See with "whohad poll --once --dry-run --source ${source}" what would change. If it is real: "whohad poll accept --source ${source}".`
  const mend = Object.entries(MENDS).find(([name]) => name === reason)
  return mend?.[1] ?? 'Look the reason up in docs/errors.md.'
}

export const isDoubt = (reason: string): reason is DoubtReason => DOUBT_REASONS.some(doubt => doubt === reason)
