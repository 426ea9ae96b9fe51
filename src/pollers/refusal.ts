import { reasonOf, WhohadError } from '../runtime/errors.ts'
import { pollerErrors } from './errors.ts'

/** A closed list, used as a metric's label: why a poll did not count. */
export type RefusalReason =
  | 'unreachable'
  | 'denied'
  | 'throttled'
  | 'failed'
  | 'malformed-reply'
  | 'unplaced-interface'
  | 'empty-snapshot'
  | 'size-drop'
  | 'tags-vanished'

export type Refusal = { readonly reason: RefusalReason; readonly detail: string }

const REASONS: Readonly<Record<string, RefusalReason>> = {
  [pollerErrors.ec2Unreachable.code]: 'unreachable',
  [pollerErrors.ec2Denied.code]: 'denied',
  [pollerErrors.ec2Throttled.code]: 'throttled',
  [pollerErrors.ec2ReplyMalformed.code]: 'malformed-reply',
  [pollerErrors.titusUnreachable.code]: 'unreachable',
  [pollerErrors.titusDenied.code]: 'denied',
  [pollerErrors.titusReplyMalformed.code]: 'malformed-reply',
  [pollerErrors.titusInterfaceUnplaced.code]: 'unplaced-interface',
}

/** What the change stream is told about a listing that threw; whatever is not classified is `failed`. */
export function refusalOf(error: unknown): Refusal {
  const reason = error instanceof WhohadError ? REASONS[error.code] : undefined
  return { reason: reason ?? 'failed', detail: reasonOf(error) }
}
