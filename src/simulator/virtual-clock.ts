import type { Millis } from '../ownership/window.ts'
import { type Clock, systemClock } from '../runtime/clock.ts'

type Sleeper = { readonly wakeMs: Millis; readonly resolve: () => void }

/**
 * The time of the simulated cloud. Stepped at first: a sleep costs one turn of the event loop and moves time to its end,
 * the earliest sleeper first; a request moves time by its latency. After `followWallClock` it runs like the wall clock.
 */
export class VirtualClock implements Clock {
  readonly #advanced: (nowMs: Millis) => void
  #nowMs: Millis
  #sleepers: Sleeper[] = []
  #pumping = false
  #requestsInFlight = 0
  #live: { readonly wall: Clock; readonly offsetMs: number } | null = null

  /** `advanced` is told of each new time, before anybody can read it. */
  constructor(startMs: Millis, advanced: (nowMs: Millis) => void) {
    this.#nowMs = startMs
    this.#advanced = advanced
  }

  now(): Millis {
    if (this.#live) this.#moveTo(this.#live.wall.now() + this.#live.offsetMs)
    return this.#nowMs
  }

  get isLive(): boolean {
    return this.#live !== null
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (this.#live) return this.#live.wall.sleep(ms, signal)
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const stop = () => {
        this.#sleepers = this.#sleepers.filter(other => other !== sleeper)
        reject(signal?.reason)
      }
      const sleeper: Sleeper = {
        wakeMs: this.#nowMs + Math.max(0, Math.ceil(ms)),
        resolve: () => {
          signal?.removeEventListener('abort', stop)
          resolve()
        },
      }
      signal?.addEventListener('abort', stop, { once: true })
      this.#sleepers.push(sleeper)
      this.#pump()
    })
  }

  /** Moves stepped time forward, never back; live time goes its own way. */
  advanceTo(ms: Millis): void {
    if (this.#live) this.now()
    else this.#moveTo(Math.ceil(ms))
  }

  /** From here on, time passes as on the wall clock, starting from the present virtual time. */
  followWallClock(wall: Clock = systemClock): void {
    if (this.#live) return
    this.#live = { wall, offsetMs: this.#nowMs - wall.now() }
    const waiting = this.#sleepers
    this.#sleepers = []
    for (const { wakeMs, resolve } of waiting) wall.sleep(Math.max(0, wakeMs - this.#nowMs)).then(resolve)
  }

  /** While a request is under way no sleeper moves time, or its reply would seem to have taken a minute. */
  requestStarted(): () => void {
    this.#requestsInFlight++
    let ended = false
    return () => {
      if (!ended) this.#requestsInFlight--
      ended = true
    }
  }

  #pump(): void {
    if (this.#pumping) return
    this.#pumping = true
    setImmediate(() => {
      this.#pumping = false
      if (this.#requestsInFlight === 0) this.#wakeEarliest()
      if (this.#sleepers.length > 0) this.#pump()
    })
  }

  #wakeEarliest(): void {
    const [first, ...rest] = this.#sleepers.toSorted((a, b) => a.wakeMs - b.wakeMs)
    if (first === undefined) return
    this.#sleepers = rest
    this.#moveTo(first.wakeMs)
    first.resolve()
  }

  #moveTo(ms: Millis): void {
    if (ms <= this.#nowMs) return
    this.#nowMs = ms
    this.#advanced(ms)
  }
}
