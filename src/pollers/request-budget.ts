import type { Clock } from '../runtime/clock.ts'
import { type BucketLimits, TokenBucket } from './token-bucket.ts'

/** The one way to send a request of a kind: first tries, further tries and second copies all ask here. */
export type RequestBudget = {
  /** Resolves when a request may be sent, in the order of asking, with the time that it waited; rejects when aborted. */
  admit(signal: AbortSignal): Promise<number>
  /**
   * Whether one that may be left undone may be sent at once: nobody waits, and more than half of the burst is left for those
   * to come. Where it may, it counts as sent.
   */
  admitNow(): boolean
  /** The other side refused a request for its rate. */
  throttled(): void
}

export function requestBudget(limits: BucketLimits, clock: Clock): RequestBudget {
  const bucket = new TokenBucket(limits, clock.now())
  let waiting = 0
  let last: Promise<unknown> = Promise.resolve()

  async function takeTurn(askedAtMs: number, signal: AbortSignal): Promise<number> {
    // Looked at again after each sleep: the rate may have fallen meanwhile.
    for (;;) {
      signal.throwIfAborted()
      const nowMs = clock.now()
      if (bucket.take(nowMs)) return Math.max(0, nowMs - askedAtMs)
      await clock.sleep(bucket.waitMs(nowMs), signal)
    }
  }
  return {
    async admit(signal) {
      const askedAtMs = clock.now()
      waiting++
      const turn = last.then(() => takeTurn(askedAtMs, signal))
      last = turn.catch(() => undefined)
      try {
        return await turn
      } finally {
        waiting--
      }
    },
    admitNow: () => waiting === 0 && bucket.takeSpare(clock.now()),
    throttled: () => bucket.throttled(clock.now()),
  }
}
