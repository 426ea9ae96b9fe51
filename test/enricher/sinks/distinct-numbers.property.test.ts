import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DistinctNumbers, NO_NUMBER } from '../../../src/enricher/sinks/distinct-numbers.ts'
import { propertyRuns } from '../../support/property-runs.ts'

const ROWS = 300
/** One after another with the same memory. */
const distinct = new DistinctNumbers(ROWS)

const key = fc.oneof(
  fc.constant(NO_NUMBER),
  fc.nat({ max: 20 }),
  fc.nat({ max: 2 ** 31 - 1 }),
  fc.constantFrom(2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 33, 2 ** 40, Number.MAX_SAFE_INTEGER),
  fc.maxSafeNat(),
)

test('each number is there once in the order of the rows, and each row has its own', () => {
  fc.assert(
    fc.property(fc.array(key, { maxLength: ROWS }), fc.nat({ max: 3 }), (keys, times) => {
      const repeated = [...keys, ...keys.slice(0, 100 * times)].slice(0, ROWS)
      const { values, chosen } = distinct.of(Float64Array.from(repeated), repeated.length)
      expect([...values]).toEqual([...new Set(repeated.filter(number => number >= 0))])
      const rows = repeated.map((_, row) => values[chosen ? (chosen[row] as number) : 0] ?? NO_NUMBER)
      expect(rows).toEqual(repeated)
    }),
    propertyRuns(300),
  )
})
