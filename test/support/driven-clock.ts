import type { Clock } from '../../src/runtime/clock.ts'

type Sleeper = { readonly wakeMs: number; readonly wake: () => void }

/** Time that several parts share: it moves only when the test drives it, and whoever sleeps wakes in the order of time. */
export class DrivenClock implements Clock {
  private sleepers: Sleeper[] = []
  #nowMs: number

  constructor(startMs: number) {
    this.#nowMs = startMs
  }

  now(): number {
    return this.#nowMs
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const stop = () => {
        this.sleepers = this.sleepers.filter(other => other !== sleeper)
        reject(signal?.reason)
      }
      const wake = () => {
        signal?.removeEventListener('abort', stop)
        resolve()
      }
      const sleeper = { wakeMs: this.#nowMs + Math.max(0, ms), wake }
      signal?.addEventListener('abort', stop, { once: true })
      this.sleepers.push(sleeper)
    })
  }

  /** Lets `ms` pass, with all that happens on the way. */
  async drive(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms
    for (;;) {
      await idle()
      const [next] = this.sleepers.toSorted((a, b) => a.wakeMs - b.wakeMs)
      if (next === undefined || next.wakeMs > untilMs) break
      this.sleepers = this.sleepers.filter(other => other !== next)
      this.#nowMs = Math.max(this.#nowMs, next.wakeMs)
      next.wake()
    }
    this.#nowMs = untilMs
    await idle()
  }
}

/** Until promises that wait for nothing but each other are done. */
async function idle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise(resolve => setImmediate(resolve))
}
