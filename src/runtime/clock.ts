/** Integer milliseconds since 1970-01-01T00:00:00Z. */
export type Millis = number

/**
 * The only source of "now". Production has one; the simulated cloud brings its own, so that an hour can pass in seconds
 * and a run can be repeated.
 */
export type Clock = {
  now(): Millis
  /** Resolves after `ms` on this clock, or rejects with the signal's reason. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const stop = () => {
        clearTimeout(timer)
        reject(signal?.reason)
      }
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', stop)
        resolve()
      }, ms)
      signal?.addEventListener('abort', stop, { once: true })
    }),
}
