import type { Millis } from '../window.ts'

/**
 * A segment keeps times as 32-bit ticks: milliseconds since its base, so that nothing is rounded. What lies outside of the
 * segment has a tick of its own at either end; all ticks compare as the times do. They are signed, because V8 keeps signed
 * 32-bit numbers in registers and puts greater ones on the heap.
 */
export const SEGMENT_MS = 30 * 86_400_000

export const BEFORE_ALL_TIME = -(2 ** 31)
const BEFORE_THE_SEGMENT = BEFORE_ALL_TIME + 1
/** Tick of the segment's base. */
const FIRST = BEFORE_ALL_TIME + 2
export const AFTER_ALL_TIME = 2 ** 31 - 1
const AFTER_THE_SEGMENT = AFTER_ALL_TIME - 1

/** Number of the segment that a time lies in; segments follow one another without gaps since 1970. */
export const slotOf = (atMs: Millis): number => Math.floor(atMs / SEGMENT_MS)

export const baseOf = (slot: number): Millis => slot * SEGMENT_MS

export function ticksOf(atMs: Millis, baseMs: Millis): number {
  if (atMs < baseMs) return atMs === Number.NEGATIVE_INFINITY ? BEFORE_ALL_TIME : BEFORE_THE_SEGMENT
  if (atMs > baseMs + SEGMENT_MS) return atMs === Number.POSITIVE_INFINITY ? AFTER_ALL_TIME : AFTER_THE_SEGMENT
  return atMs - baseMs + FIRST
}

/** As `ticksOf`, for a time that is known to lie in the segment or at its end. */
export const ticksInside = (atMs: Millis, baseMs: Millis): number => (atMs - baseMs + FIRST) | 0

/** The time itself, or undefined where the tick says only on which side of the segment it lies. */
export function millisOf(ticks: number, baseMs: Millis): Millis | undefined {
  if (ticks === BEFORE_ALL_TIME) return Number.NEGATIVE_INFINITY
  if (ticks === AFTER_ALL_TIME) return Number.POSITIVE_INFINITY
  return isOutside(ticks) ? undefined : ticks - FIRST + baseMs
}

/** Whether the time is finite and lies outside of the segment, so that its tick does not tell it. */
export const isOutside = (ticks: number): boolean => ticks === BEFORE_THE_SEGMENT || ticks === AFTER_THE_SEGMENT

/** The time itself; of one outside of the segment, the edge that it lies beyond. */
export const millisWithin = (ticks: number, baseMs: Millis): Millis =>
  baseMs + Math.min(Math.max(ticks - FIRST, 0), SEGMENT_MS)
