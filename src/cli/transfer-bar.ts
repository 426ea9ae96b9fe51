import type { Clock } from '../runtime/clock.ts'
import { progressBar } from './terminal.ts'

const REDRAW_MS = 100

/** Shows how a transfer goes: how much of it is done, records a second, and the time that is left. */
export function transferBar(label: string, clock: Clock) {
  const bar = progressBar(label)
  const startMs = clock.now()
  let shownMs = Number.NEGATIVE_INFINITY
  return {
    /** `all` in the unit of `done`, or undefined where nobody knows. */
    took(records: number, done: number, all: number | undefined): void {
      const nowMs = clock.now()
      if (nowMs - shownMs < REDRAW_MS) return
      shownMs = nowMs
      const seconds = (nowMs - startMs) / 1000
      bar.show(all === undefined ? 0 : done, all ?? 1, noteOf(records, done, all, seconds))
    },
    /** Since the beginning. */
    seconds: () => (clock.now() - startMs) / 1000,
    end: () => bar.end(),
  }
}

export function noteOf(records: number, done: number, all: number | undefined, seconds: number): string {
  const note = `${records.toLocaleString('en-US')} records, ${rateOf(records, seconds).toLocaleString('en-US')}/s`
  if (all === undefined || done <= 0) return note
  return `${note}, ${durationOf((seconds * Math.max(0, all - done)) / done)} left`
}

export const rateOf = (records: number, seconds: number): number => Math.round(records / Math.max(seconds, 0.001))

export function durationOf(seconds: number): string {
  const whole = Math.ceil(seconds)
  if (whole < 60) return `${whole} s`
  const minutes = Math.floor(whole / 60)
  return minutes < 60 ? `${minutes} min ${whole % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}
