import type { Millis } from '../ownership/window.ts'

export type BucketLimits = {
  /** Tokens that come back in a second. */
  readonly perSecond: number
  /** As many as can be saved up, and as there are at first. At least 1. */
  readonly burst: number
}

/** What is left of the rate at least, however often the other side says that it is too much. */
const LEAST_SHARE = 0.1
/** What adding up tenths of a token leaves out. */
const ROUNDING = 1e-6
/** Several requests under way are told of the same shortage; together they count once. */
const ONE_SHORTAGE_MS = 1_000
/** From the least share back to the whole rate. */
const RECOVERY_MS = 60_000

/**
 * A request rate with a burst, that halves when it is told of throttling and grows back over a minute. Pure: time is an
 * argument, and one that runs backwards changes nothing.
 */
export class TokenBucket {
  readonly #limits: BucketLimits
  #tokens: number
  #atMs: Millis
  #share = 1
  #shortAtMs = Number.NEGATIVE_INFINITY

  constructor(limits: BucketLimits, nowMs: Millis) {
    this.#limits = limits
    this.#tokens = limits.burst
    this.#atMs = nowMs
  }

  /** The rate that holds now, in tokens a second. */
  perSecond(nowMs: Millis): number {
    this.#advance(nowMs)
    return this.#limits.perSecond * this.#share
  }

  /** How long until a token can be taken; 0 where one can now. */
  waitMs(nowMs: Millis): number {
    this.#advance(nowMs)
    return this.#tokens >= 1 - ROUNDING
      ? 0
      : Math.ceil(((1 - this.#tokens) / (this.#limits.perSecond * this.#share)) * 1000)
  }

  /** Takes a token where there is one. */
  take(nowMs: Millis): boolean {
    if (this.waitMs(nowMs) > 0) return false
    this.#tokens -= 1
    return true
  }

  /** Takes a token where more than half of the burst is left: for what may be left undone. */
  takeSpare(nowMs: Millis): boolean {
    this.#advance(nowMs)
    return this.#tokens - 1 >= this.#limits.burst / 2 && this.take(nowMs)
  }

  /** The other side has no tokens left: neither have we, and we come back at half the rate. */
  throttled(nowMs: Millis): void {
    this.#advance(nowMs)
    this.#tokens = 0
    if (nowMs - this.#shortAtMs < ONE_SHORTAGE_MS) return
    this.#share = Math.max(LEAST_SHARE, this.#share / 2)
    this.#shortAtMs = nowMs
  }

  /** In steps of at most a second, because the rate grows while the tokens come. */
  #advance(nowMs: Millis): void {
    const { perSecond, burst } = this.#limits
    while (this.#atMs < nowMs && (this.#tokens < burst || this.#share < 1)) {
      const stepMs = Math.min(1_000, nowMs - this.#atMs)
      this.#tokens = Math.min(burst, this.#tokens + (stepMs / 1000) * perSecond * this.#share)
      this.#share = Math.min(1, this.#share + (stepMs / RECOVERY_MS) * (1 - LEAST_SHARE))
      this.#atMs += stepMs
    }
    this.#atMs = Math.max(this.#atMs, nowMs)
  }
}
