import type { Clock } from './clock.ts'

export type RetryPolicy = {
  /** Tries in all, the first included. */
  readonly attempts: number
  readonly firstDelayMs: number
  readonly longestDelayMs: number
}

/**
 * Runs `attempt` again only while `isRetriable` says that a later try can pass. Delays double from `firstDelayMs` up to
 * `longestDelayMs`, each multiplied by a random number in [0, 1) ("full jitter", AWS Architecture Blog, 2015).
 */
export async function retry<T>(
  attempt: () => Promise<T>,
  policy: RetryPolicy,
  isRetriable: (error: unknown) => boolean,
  clock: Clock,
  signal?: AbortSignal,
  random: () => number = Math.random,
): Promise<T> {
  for (let tried = 1; ; tried++) {
    try {
      return await attempt()
    } catch (error) {
      if (tried >= policy.attempts || signal?.aborted || !isRetriable(error)) throw error
      const ceilingMs = Math.min(policy.longestDelayMs, policy.firstDelayMs * 2 ** (tried - 1))
      await clock.sleep(random() * ceilingMs, signal)
    }
  }
}
