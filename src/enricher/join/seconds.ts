import type { Millis } from '../../ownership/window.ts'

/** Times of the join are whole seconds in 32 bits, as flow logs have them. What lies beyond goes the long way. */
export const LAST_SECOND = 2 ** 31 - 1

/** The first whole second that does not lie before an instant. */
export const firstSecondIn = (fromMs: Millis): number => Math.ceil(Math.max(fromMs / 1000, -LAST_SECOND))

/** The last whole second that does not lie behind an instant. */
export const lastSecondIn = (untilMs: Millis): number => Math.floor(Math.min(untilMs / 1000, LAST_SECOND))
