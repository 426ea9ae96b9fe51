import fc from 'fast-check'
import { expect, test } from 'vitest'
import { baseOf, isOutside, millisOf, SEGMENT_MS, slotOf, ticksOf } from '../../../src/ownership/generation/ticks.ts'
import { propertyRuns } from '../../support/property-runs.ts'

const base = baseOf(690)
const edges = [
  Number.NEGATIVE_INFINITY,
  0,
  base - 1,
  base,
  base + 1,
  base + SEGMENT_MS - 1,
  base + SEGMENT_MS,
  base + SEGMENT_MS + 1,
  Number.POSITIVE_INFINITY,
]
const time = fc.oneof(fc.constantFrom(...edges), fc.integer({ min: base - SEGMENT_MS, max: base + 2 * SEGMENT_MS }))

test('ticks compare as the times do, whichever side of the segment they lie on', () => {
  fc.assert(
    fc.property(time, time, (a, b) => {
      const [x, y] = [ticksOf(a, base), ticksOf(b, base)]
      // Two times on one and the same outer side have the same tick.
      if (x === y) expect(a === b || (isOutside(x) && a < base === b < base)).toBe(true)
      else expect(x < y).toBe(a < b)
    }),
    propertyRuns(500),
  )
})

test('within a segment no millisecond is lost, both edges included', () => {
  for (const at of [base, base + 1, base + SEGMENT_MS - 1, base + SEGMENT_MS])
    expect(millisOf(ticksOf(at, base), base)).toBe(at)
  expect(millisOf(ticksOf(Number.NEGATIVE_INFINITY, base), base)).toBe(Number.NEGATIVE_INFINITY)
  expect(millisOf(ticksOf(Number.POSITIVE_INFINITY, base), base)).toBe(Number.POSITIVE_INFINITY)
})

test('a finite time outside of the segment is told to be outside, and not made up', () => {
  expect(millisOf(ticksOf(base - 1, base), base)).toBeUndefined()
  expect(millisOf(ticksOf(base + SEGMENT_MS + 1, base), base)).toBeUndefined()
})

test('all ticks are signed 32-bit numbers: 30 days fit, which 49.7 days would not', () => {
  for (const at of edges) expect(ticksOf(at, base) | 0).toBe(ticksOf(at, base))
})

test('the last millisecond of a segment and the first of the next lie in neighbouring slots', () => {
  expect(slotOf(base + SEGMENT_MS - 1)).toBe(690)
  expect(slotOf(base + SEGMENT_MS)).toBe(691)
  expect(slotOf(-1)).toBe(-1)
})
