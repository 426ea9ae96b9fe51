import { systemClock } from '../../runtime/clock.ts'
import { type RetryPolicy, retry } from '../../runtime/retry.ts'
import { causesOf } from './failure.ts'

const POLICY: RetryPolicy = { attempts: 8, firstDelayMs: 200, longestDelayMs: 2_000 }
const NO_LEADER = new Set(['LEADER_NOT_AVAILABLE', 'NOT_LEADER_FOR_PARTITION'])
const TOO_EARLY = new Set(['UNKNOWN_TOPIC_OR_PARTITION', ...NO_LEADER])

/** A topic that was made a moment ago, here or by another process, is not known to every broker yet: then `ask` is tried again. */
export const askedOfNewTopic = <T>(ask: () => Promise<T>): Promise<T> => triedAgainFor(TOO_EARLY, ask)

/** Until a partition of a new topic has a leader, or another broker has taken it over, `ask` is tried again. */
export const askedOfLeaders = <T>(ask: () => Promise<T>): Promise<T> => triedAgainFor(NO_LEADER, ask)

const triedAgainFor = <T>(types: ReadonlySet<string>, ask: () => Promise<T>): Promise<T> =>
  retry(ask, POLICY, error => causesOf(error).some(cause => isOneOf(types, cause)), systemClock)

const isOneOf = (types: ReadonlySet<string>, cause: Error): boolean => 'type' in cause && types.has(String(cause.type))
