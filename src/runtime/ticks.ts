import type { Clock, Millis } from './clock.ts'

/**
 * One tick every `intervalMs` of the clock, the first at once. A consumer that is slower than the interval gets the next
 * tick right after it asks, and never a burst of those it missed: queued polls coalesce.
 */
export async function* ticks(clock: Clock, intervalMs: number, signal: AbortSignal): AsyncGenerator<Millis> {
  let next = clock.now()
  while (!signal.aborted) {
    const now = clock.now()
    if (next > now) {
      try {
        await clock.sleep(next - now, signal)
      } catch {
        return
      }
    }
    yield clock.now()
    next = Math.max(next + intervalMs, clock.now() - intervalMs + 1)
  }
}
