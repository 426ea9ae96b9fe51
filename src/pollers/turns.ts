import type { Millis } from '../ownership/window.ts'
import type { Clock } from '../runtime/clock.ts'
import type { LookReport, PollReport } from './report.ts'
import { afterPoll, afterRefusal, type Pace, type PaceLimits, unhurried } from './schedule.ts'

/** What a poller does next: list everything, or look at a few addresses between two listings. */
export type Turn = 'poll' | 'look'

export type TurnParts = {
  readonly clock: Clock
  readonly limits: PaceLimits
  /** How long the first poll waits, so that many sources do not begin together. */
  readonly firstAfterMs?: Millis
  /** Looks between polls: how far apart, and whether there is anything to look at. */
  readonly looks?: { readonly everyMs: Millis; readonly wanted: () => boolean }
  readonly random?: () => number
}

/** Each interval is shorter by up to this share, so that sources which meet once part again. */
const JITTER = 0.1

/**
 * When one source is polled. A turn is given out when it is due and asked for, so polls never run side by side: a poll that
 * overruns its interval is followed by one, however many intervals it took, and any number of wake-ups while it runs are
 * one poll more.
 */
export class Turns {
  private pace: Pace
  private isWoken = false
  /** Claims that looks have changed since the last complete poll, which it does not see change. */
  private foundByLooks = 0
  private sleeping: AbortController | undefined
  private readonly parts: TurnParts

  constructor(parts: TurnParts) {
    this.parts = parts
    this.pace = unhurried(parts.limits)
  }

  /** How far apart polls stand now, before jitter. */
  get intervalMs(): Millis {
    return this.pace.intervalMs
  }

  /** The next poll comes as soon as the fastest interval allows. */
  wake(): void {
    this.isWoken = true
    this.sleeping?.abort()
  }

  /** The same report, from which the pace is learnt. */
  learning(report: PollReport & LookReport): PollReport & LookReport {
    return {
      ...report,
      pollCompleted: d => {
        this.pace = afterPoll(this.pace, { ...d, changed: d.changed + this.foundByLooks }, this.parts.limits)
        this.foundByLooks = 0
        report.pollCompleted(d)
      },
      lookDone: d => {
        this.foundByLooks += d.changed
        report.lookDone(d)
      },
      pollRefused: d => {
        this.pace = afterRefusal(this.pace, this.parts.limits)
        report.pollRefused(d)
      },
    }
  }

  /** Turns until the signal aborts, each when the one before it is done. */
  async *until(signal: AbortSignal): AsyncGenerator<Turn> {
    const { clock, limits, firstAfterMs = 0, looks, random = Math.random } = this.parts
    let dueMs = clock.now() + firstAfterMs
    let polledMs = Number.NEGATIVE_INFINITY
    while (!signal.aborted) {
      if (this.isWoken) dueMs = Math.min(dueMs, Math.max(clock.now(), polledMs + limits.fastestMs))
      const lookMs = looks?.wanted() ? clock.now() + looks.everyMs : Number.POSITIVE_INFINITY
      const turn = lookMs < dueMs && Number.isFinite(polledMs) ? 'look' : 'poll'
      const isOver = await this.sleepUntil(turn === 'look' ? lookMs : dueMs, signal)
      if (signal.aborted) return
      if (!isOver) continue
      if (turn === 'poll') {
        this.isWoken = false
        polledMs = clock.now()
      }
      yield turn
      if (turn === 'poll') dueMs = polledMs + this.pace.intervalMs * (1 - JITTER * random())
    }
  }

  /** False where it was woken before, or stopped. */
  private async sleepUntil(atMs: Millis, signal: AbortSignal): Promise<boolean> {
    const { clock } = this.parts
    const waitMs = atMs - clock.now()
    if (waitMs <= 0) return true
    const sleeping = new AbortController()
    const stop = () => sleeping.abort()
    this.sleeping = sleeping
    signal.addEventListener('abort', stop, { once: true })
    try {
      await clock.sleep(waitMs, sleeping.signal)
      return true
    } catch (error) {
      if (sleeping.signal.aborted) return false
      throw error
    } finally {
      this.sleeping = undefined
      signal.removeEventListener('abort', stop)
    }
  }
}

/** When the source at `place` of `count` polls first: the first at once, none with another, all within one interval. */
export function firstPollAfterMs(place: number, count: number, longestMs: Millis): Millis {
  const APART_MS = 250
  return place * Math.min(APART_MS, longestMs / count)
}
