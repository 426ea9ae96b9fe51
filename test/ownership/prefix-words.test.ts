import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodePrefix, readPrefix } from '../../src/ownership/ledger/prefix-words.ts'
import { type Prefix, prefixBits, toPrefix } from '../../src/ownership/prefix.ts'
import { propertyRuns } from '../support/property-runs.ts'

const words = new Uint32Array(4)
function read(prefix: Prefix) {
  words.fill(7)
  const { family, length } = decodePrefix(readPrefix(prefix, words))
  return { family, length, words: [...words] }
}

/** Many zeros, so that the groups left out by "::" stand in every place. */
const group = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff }))
const ipv6 = fc
  .tuple(fc.array(group, { minLength: 8, maxLength: 8 }), fc.integer({ min: 0, max: 128 }))
  .map(([groups, length]) => `${groups.map(word => word.toString(16)).join(':')}/${length}`)
const ipv4 = fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 })).map(([ip, length]) => `${ip}/${length}`)

test('a canonical prefix is read in one pass as it is read with care', () => {
  fc.assert(
    fc.property(fc.oneof(ipv4, ipv6), text => {
      const prefix = toPrefix(text) as Prefix
      expect(read(prefix)).toEqual(prefixBits(prefix))
    }),
    propertyRuns(3000),
  )
  for (const text of ['0.0.0.0/0', '255.255.255.255/32', '::/0', '::1/128', '1::/16', '64:ff9b::/96']) {
    expect([text, read(text as Prefix)]).toEqual([text, prefixBits(text as Prefix)])
  }
})

test('what is no canonical prefix is refused, not read as another', () => {
  for (const text of [
    '',
    '10.0.0/8',
    '10.0.0.256/32',
    '010.0.0.1/32',
    '1:2:3/48',
    '1::2::3/64',
    '1:2:3:4:5:6:7:8:9/64',
  ]) {
    expect(() => readPrefix(text as Prefix, words), text).toThrow(TypeError)
  }
})
