import type { Millis } from './clock.ts'

/** By how much another clock is ahead of this one, as far as is known: at least, at most. Negative where it is behind. */
export type ClockDifference = { readonly leastMs: number; readonly mostMs: number }

/** What a reply tells whose sender read its own clock, to `resolutionMs`, at some time between the two. */
export const differenceOf = (
  theirsMs: Millis,
  { sentAtMs, receivedAtMs }: { readonly sentAtMs: Millis; readonly receivedAtMs: Millis },
  resolutionMs: number,
): ClockDifference => ({ leastMs: theirsMs - receivedAtMs, mostMs: theirsMs + resolutionMs - sentAtMs })

/** The same of a Date header, which has whole seconds; undefined where there is none that can be read. */
export function differenceByHeader(
  date: string | null | undefined,
  times: { readonly sentAtMs: Millis; readonly receivedAtMs: Millis },
): ClockDifference | undefined {
  const theirsMs = Date.parse(date ?? '')
  return Number.isNaN(theirsMs) ? undefined : differenceOf(theirsMs, times, 1000)
}

/**
 * What several replies of one clock tell together: no wider than the narrowest. Replies of several hosts behind one name may
 * contradict each other; then the span between them is what is left.
 */
export function narrowed(differences: readonly ClockDifference[]): ClockDifference | undefined {
  if (differences.length === 0) return undefined
  const leastMs = Math.max(...differences.map(difference => difference.leastMs))
  const mostMs = Math.min(...differences.map(difference => difference.mostMs))
  return { leastMs: Math.min(leastMs, mostMs), mostMs: Math.max(leastMs, mostMs) }
}
