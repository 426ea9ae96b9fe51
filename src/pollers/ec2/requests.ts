import type { EC2Client } from '@aws-sdk/client-ec2'
import type { Sighted, Sighting } from '../../ownership/snapshot.ts'
import type { Clock, Millis } from '../../runtime/clock.ts'
import { type RetryPolicy, retry } from '../../runtime/retry.ts'
import { type HedgeLimits, hedged, ReplyTimes } from '../hedge.ts'
import { type RequestBudget, requestBudget } from '../request-budget.ts'
import type { BucketLimits } from '../token-bucket.ts'
import type { Call, Paging } from './calls.ts'
import { isExpiry, isThrottling, mayPass } from './failure.ts'
import type { AttemptResult, Ec2Action, Ec2Report } from './report.ts'

/** Asks one account and region, within the request budget of each action. */
export type Ec2Requests = {
  /** One page, with the sighting of the attempt that brought it. Throws what the last attempt threw. */
  ask<Reply extends object, Item>(
    call: Call<Reply, Item>,
    pageSize: number,
    token: string | undefined,
    signal: AbortSignal,
  ): Promise<Sighted<Reply>>
}

export type Ec2RequestParts = {
  readonly client: EC2Client
  readonly sightingOf: (reply: object) => Sighting
  readonly source: string
  readonly clock: Clock
  readonly report: Ec2Report
  /** Of each action. EC2 counts by account, region and action, and so do we. */
  readonly budget: BucketLimits
  /** Null: no page is asked for twice. */
  readonly hedge: HedgeLimits | null
  readonly retry: RetryPolicy
  /** Credentials were refused as expired, in a request begun then; false where there is no hope of others. */
  readonly renewCredentials: (usedAtMs: Millis) => boolean
  readonly random?: (() => number) | undefined
}

/** EC2 has one bucket for an action, however much it asks for; how long a reply takes depends on that. */
type Lane = { readonly budget: RequestBudget; readonly ofPages: ReplyTimes | null; readonly ofFew: ReplyTimes | null }

/**
 * This is the only place that tries again: the SDK's own attempts would go past the budget. Whatever is sent, further
 * tries and second copies of slow pages included, takes a token of its action first.
 */
export function ec2Requests(parts: Ec2RequestParts): Ec2Requests {
  const { clock, source, report, random } = parts
  const lanes = new Map<Ec2Action, Lane>()
  const laneOf = (action: Ec2Action): Lane => {
    const known = lanes.get(action)
    if (known) return known
    const lane = {
      budget: requestBudget(parts.budget, clock),
      ofPages: parts.hedge && new ReplyTimes(parts.hedge),
      ofFew: parts.hedge && new ReplyTimes(parts.hedge),
    }
    lanes.set(action, lane)
    return lane
  }

  /** One attempt, whose token is taken already. */
  async function attempt<Reply extends object>(
    call: Pick<Call<Reply, unknown>, 'action' | 'send'>,
    paging: Paging,
    waitedMs: number,
    signal: AbortSignal,
  ): Promise<Reply> {
    const { action } = call
    const over = (result: AttemptResult) => report.ec2Attempted({ source, action, result, waitedMs })
    try {
      const reply = await call.send(parts.client, { ...paging }, signal)
      over('answered')
      return reply
    } catch (error) {
      const isThrottled = isThrottling(error)
      if (isThrottled) laneOf(action).budget.throttled()
      over(signal.aborted ? 'abandoned' : isThrottled ? 'throttled' : 'failed')
      throw error
    }
  }

  async function askOnce<Reply extends object, Item>(call: Call<Reply, Item>, paging: Paging, signal: AbortSignal) {
    const { budget, ofPages, ofFew } = laneOf(call.action)
    const times = call.few ? ofFew : ofPages
    const waitedMs = await budget.admit(signal)
    const sentAtMs = clock.now()
    const slowMs = times?.slowMs()
    // Only the first copy has waited.
    let waitedBefore = waitedMs
    const send = (inner: AbortSignal) => {
      const waited = waitedBefore
      waitedBefore = 0
      return attempt(call, paging, waited, inner)
    }
    const reply =
      slowMs === undefined
        ? await send(signal)
        : await hedged(
            send,
            slowMs,
            {
              clock,
              mayRepeat: () => budget.admitNow(),
              ended: winner => report.ec2Hedged({ source, action: call.action, winner }),
            },
            signal,
          )
    // From the first copy on, so that hedging does not make the next page seem slow sooner.
    times?.add(clock.now() - sentAtMs)
    return reply
  }

  return {
    async ask(call, pageSize, token, signal) {
      const paging = { MaxResults: pageSize, ...(token === undefined ? {} : { NextToken: token }) }
      let begunAtMs = clock.now()
      const reply = await retry(
        () => {
          begunAtMs = clock.now()
          return askOnce(call, paging, signal)
        },
        parts.retry,
        error => mayPass(error) || (isExpiry(error) && parts.renewCredentials(begunAtMs)),
        clock,
        signal,
        random,
      )
      return { value: reply, sighting: parts.sightingOf(reply) }
    },
  }
}
