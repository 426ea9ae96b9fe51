import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Places } from '../../src/ownership/places.ts'
import type { Prefix } from '../../src/ownership/prefix.ts'

const places = fc.record({
  domain: fc.constantFrom('a', 'b', 'vpc-1'),
  prefix: fc.tuple(fc.nat(3), fc.nat(40)).map(([a, b]) => `10.0.${a}.${b}/32` as Prefix),
})

test('what was filed at a place is found there, the last first, and nothing is found at another', () => {
  fc.assert(
    fc.property(fc.array(places, { maxLength: 300 }), fc.array(places), (filed, asked) => {
      const table = new Places(filed, filed.length)
      for (const number of filed.keys()) table.file(number)
      for (const place of [...filed, ...asked]) {
        const found: number[] = []
        for (let at = table.lastAt(place); at >= 0; at = table.beforeIt(at)) found.push(at)
        const expected = [...filed.keys()].filter(
          number => filed[number]?.domain === place.domain && filed[number]?.prefix === place.prefix,
        )
        expect(found).toEqual(expected.reverse())
      }
    }),
    { numRuns: 100, seed: 20261121 },
  )
})
