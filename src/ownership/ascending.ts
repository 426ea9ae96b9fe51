import type { Millis } from './window.ts'

/** How many of the first `count` values, which ascend, are `atMs` or less: also the place of the first later one. */
export function countUpTo(values: Float64Array, atMs: Millis, count = values.length): number {
  let low = 0
  let high = count
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((values[middle] as Millis) <= atMs) low = middle + 1
    else high = middle
  }
  return low
}

/** How many of the first `count` values, which ascend, are less than `atMs`. */
export function countBelow(values: Float64Array, atMs: Millis, count = values.length): number {
  let low = 0
  let high = count
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((values[middle] as Millis) < atMs) low = middle + 1
    else high = middle
  }
  return low
}
