/** Integer milliseconds since 1970-01-01T00:00:00Z. Minus and plus Infinity stand for "no bound known". */
export type Millis = number

/** A span of time, half-open: `fromMs` belongs to it, `untilMs` does not. */
export type Window = { readonly fromMs: Millis; readonly untilMs: Millis }

/** Within which an instant lies that nobody saw exactly. Both ends belong to it. */
export type Bounds = { readonly earliestMs: Millis; readonly latestMs: Millis }

export const EVER: Bounds = { earliestMs: Number.NEGATIVE_INFINITY, latestMs: Number.POSITIVE_INFINITY }

export const isSameBounds = (a: Bounds, b: Bounds): boolean =>
  a.earliestMs === b.earliestMs && a.latestMs === b.latestMs

export const overlaps = (a: Window, b: Window): boolean => a.fromMs < b.untilMs && b.fromMs < a.untilMs

/** The common part, or undefined where there is none. */
export function intersection(a: Window, b: Window): Window | undefined {
  const fromMs = Math.max(a.fromMs, b.fromMs)
  const untilMs = Math.min(a.untilMs, b.untilMs)
  return fromMs < untilMs ? { fromMs, untilMs } : undefined
}
