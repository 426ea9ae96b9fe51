import type { Window } from '../../ownership/window.ts'

/** Times of the join are whole seconds in 32 bits, as flow logs have them. What lies beyond goes the long way. */
export const LAST_SECOND = 2 ** 31 - 1

/** The first and last second edge within a stretch; both 0 where there is no whole second in it. */
export function secondsWithin({ fromMs, untilMs }: Window): readonly [from: number, until: number] {
  const from = Math.ceil(Math.max(fromMs / 1000, -LAST_SECOND))
  const until = Math.floor(Math.min(untilMs / 1000, LAST_SECOND))
  return from < until ? [from, until] : [0, 0]
}
