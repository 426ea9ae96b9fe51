import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hybridBytes, writeHybrid, writeRun } from '../../../src/changestream/parquet/hybrid-out.ts'
import { isRunOfOnes, readHybrid } from '../../../src/enricher/flowlogs/parquet/hybrid.ts'
import { propertyRuns } from '../../support/property-runs.ts'

/** Runs and values that differ, of all lengths about those of groups and slices. */
const columns = fc.integer({ min: 0, max: 24 }).chain(width => {
  const value = fc.nat({ max: 2 ** width - 1 })
  const run = fc.tuple(value, fc.nat({ max: 600 })).map(([of, times]) => Array<number>(times).fill(of))
  const parts = fc.array(
    fc.oneof(run, fc.array(value, { maxLength: 40 }), fc.array(value, { minLength: 250, maxLength: 520 })),
    {
      maxLength: 6,
    },
  )
  return fc.record({ width: fc.constant(width), values: parts.map(some => some.flat()) })
})

test('what is written as runs and groups is read again, over what was there before', () => {
  fc.assert(
    fc.property(columns, fc.nat({ max: 5 }), ({ width, values }, from) => {
      const bytes = new Uint8Array(hybridBytes(values.length) + from).fill(0xff)
      const end = writeHybrid(Int32Array.from(values), values.length, width, new DataView(bytes.buffer), from)
      const found = new Int32Array(values.length)
      expect(end).toBeLessThanOrEqual(bytes.length)
      const until = readHybrid(bytes, from, end, width, found, values.length)
      // Where no bit tells anything, nothing is read.
      expect(until).toBe(width === 0 || values.length === 0 ? from : end)
      expect([...found]).toEqual(values)
    }),
    propertyRuns(300),
  )
})

test('one run is known from its header, and no other column is taken for one', () => {
  const bytes = new Uint8Array(16)
  const view = new DataView(bytes.buffer)
  for (const rows of [1, 7, 8, 63, 64, 100_000]) {
    const end = writeRun(1, rows, 1, view, 0)
    expect(isRunOfOnes(bytes, 0, end, rows)).toBe(true)
    expect(isRunOfOnes(bytes, 0, end, rows + 1)).toBe(false)
    expect(isRunOfOnes(bytes, 0, end - 1, rows)).toBe(false)
    expect(isRunOfOnes(bytes, 0, writeRun(0, rows, 1, view, 0), rows)).toBe(false)
  }
  const mixed = Int32Array.from({ length: 64 }, (_, i) => (i === 60 ? 0 : 1))
  expect(isRunOfOnes(bytes, 0, writeHybrid(mixed, 64, 1, view, 0), 64)).toBe(false)
})
