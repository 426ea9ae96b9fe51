import type { Clock } from '../runtime/clock.ts'

export type HedgeLimits = {
  /** A reply that takes longer than this quantile of those before it is slow: 0.95 is one in twenty. */
  readonly quantile: number
  /** Fewer replies than this tell nothing. */
  readonly fewestReplies: number
  /** No reply is slow before this. */
  readonly leastMs: number
}

export const DEFAULT_HEDGE: HedgeLimits = { quantile: 0.95, fewestReplies: 10, leastMs: 500 }

const REMEMBERED_REPLIES = 100

/** How long the latest replies of one kind took, in order to say from when on the next one is slow. */
export class ReplyTimes {
  readonly #limits: HedgeLimits
  readonly #tookMs: number[] = []
  #next = 0

  constructor(limits: HedgeLimits) {
    this.#limits = limits
  }

  add(tookMs: number): void {
    this.#tookMs[this.#next] = tookMs
    this.#next = (this.#next + 1) % REMEMBERED_REPLIES
  }

  /** Undefined where too few replies are known. */
  slowMs(): number | undefined {
    const { quantile, fewestReplies, leastMs } = this.#limits
    const count = this.#tookMs.length
    if (count < fewestReplies) return undefined
    const sorted = this.#tookMs.toSorted((a, b) => a - b)
    return Math.max(leastMs, sorted[Math.min(count - 1, Math.floor(quantile * count))] ?? leastMs)
  }
}

export type HedgeWinner = 'first' | 'second' | 'neither'

/**
 * Asks once, and a second time where no reply has come after `slowMs` and `mayRepeat` says that there is room for it. The
 * first whole reply is the result and the other attempt is aborted. Both failed: the first one's failure. An attempt that
 * fails before it is slow is not repeated here.
 */
export async function hedged<T>(
  attempt: (signal: AbortSignal) => Promise<T>,
  slowMs: number,
  parts: {
    readonly clock: Clock
    readonly mayRepeat: () => boolean
    readonly ended: (winner: HedgeWinner) => void
  },
  outer: AbortSignal,
): Promise<T> {
  const over = new AbortController()
  const signal = AbortSignal.any([outer, over.signal])
  try {
    const first = attempt(signal)
    const isSlow = await Promise.race([
      first.then(
        () => false,
        () => false,
      ),
      parts.clock.sleep(slowMs, signal).then(
        () => true,
        () => false,
      ),
    ])
    if (!isSlow || !parts.mayRepeat()) return await first
    return await firstReply(first, attempt(signal), parts.ended)
  } finally {
    over.abort()
  }
}

async function firstReply<T>(first: Promise<T>, second: Promise<T>, ended: (winner: HedgeWinner) => void): Promise<T> {
  const named = (winner: HedgeWinner) => (reply: T) => ({ winner, reply })
  try {
    const { winner, reply } = await Promise.any([first.then(named('first')), second.then(named('second'))])
    ended(winner)
    return reply
  } catch {
    ended('neither')
    return await first
  }
}
