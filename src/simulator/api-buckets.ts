import type { Millis } from '../ownership/window.ts'
import { ApiRefusal } from './ec2-protocol.ts'
import type { Caller } from './identities.ts'

/** What AWS documents for a Describe action of EC2: a bucket of 100 requests that fills by 20 a second. */
export const AWS_BUCKET = { capacity: 100, perSecond: 20 } as const

type Bucket = { tokens: number; atMs: Millis }

/** The server's side of throttling: a bucket for each account, region and action. */
export class ApiBuckets {
  readonly #limits: { readonly capacity: number; readonly perSecond: number }
  readonly #buckets = new Map<string, Bucket>()

  constructor(limits: { readonly capacity: number; readonly perSecond: number } = AWS_BUCKET) {
    this.#limits = limits
  }

  /** @throws ApiRefusal with RequestLimitExceeded */
  admit({ account, region }: Caller, action: string, nowMs: Millis): void {
    const { capacity, perSecond } = this.#limits
    const key = `${account} ${region} ${action}`
    const { tokens, atMs } = this.#buckets.get(key) ?? { tokens: capacity, atMs: nowMs }
    const filled = Math.min(capacity, tokens + (Math.max(0, nowMs - atMs) / 1000) * perSecond)
    this.#buckets.set(key, { tokens: filled >= 1 ? filled - 1 : filled, atMs: nowMs })
    if (filled < 1) throw new ApiRefusal('RequestLimitExceeded', 'Request limit exceeded.', 503)
  }
}
