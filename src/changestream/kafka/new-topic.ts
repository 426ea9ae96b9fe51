import { systemClock } from '../../runtime/clock.ts'
import { type RetryPolicy, retry } from '../../runtime/retry.ts'
import { causesOf } from './failure.ts'

const POLICY: RetryPolicy = { attempts: 8, firstDelayMs: 200, longestDelayMs: 2_000 }
const TOO_EARLY = new Set(['UNKNOWN_TOPIC_OR_PARTITION', 'LEADER_NOT_AVAILABLE', 'NOT_LEADER_FOR_PARTITION'])

/** A topic that was made a moment ago, here or by another process, is not known to every broker yet: then `ask` is tried again. */
export const askedOfNewTopic = <T>(ask: () => Promise<T>): Promise<T> =>
  retry(ask, POLICY, error => causesOf(error).some(isTooEarly), systemClock)

const isTooEarly = (cause: Error): boolean => 'type' in cause && TOO_EARLY.has(String(cause.type))
