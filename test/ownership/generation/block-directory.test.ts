import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Words } from '../../../src/ownership/address.ts'
import { type Block, type BlockDirectory, blockDirectory } from '../../../src/ownership/generation/block-directory.ts'
import { coversBits, maskWords, type PrefixBits, prefixBits, widthOf } from '../../../src/ownership/prefix.ts'
import { prefix } from '../../support/estate.ts'
import { propertyRuns } from '../../support/property-runs.ts'

const block = (domain: number, bits: PrefixBits): Block => ({ ...bits, domain, firstRow: 0, count: 0, lookBack: 0 })

const signed = (words: Words): [number, number, number, number] => [
  words[0] | 0,
  words[1] | 0,
  words[2] | 0,
  words[3] | 0,
]

/** Lengths of the blocks around an address, the narrowest first, as the directory tells them. */
function around(directory: BlockDirectory, domain: number, family: 4 | 6, words: Words): readonly number[] {
  const lengths: number[] = []
  for (let i = directory.narrowestAround(domain, family, ...signed(words)); i >= 0; i = directory.widerThan(i)) {
    lengths.push(directory.length(i))
  }
  return lengths
}

describe('the blocks around an address', () => {
  const directory = blockDirectory(
    ['0.0.0.0/0', '10.0.0.0/8', '10.0.0.0/24', '10.0.1.0/24', '255.255.255.254/31', '128.0.0.0/1'].map(text =>
      block(1, prefixBits(prefix(text))),
    ),
  )
  const lengthsAt = (address: string) => around(directory, 1, 4, prefixBits(prefix(address)).words)

  test('are found from the narrowest to the widest', () => {
    expect(lengthsAt('10.0.0.7')).toEqual([24, 8, 0])
    expect(lengthsAt('10.0.2.0')).toEqual([8, 0])
    expect(lengthsAt('9.255.255.255')).toEqual([0])
  })

  test('end with their last address, high ones and the very last included', () => {
    expect(lengthsAt('10.0.0.255')).toEqual([24, 8, 0])
    expect(lengthsAt('10.255.255.255')).toEqual([8, 0])
    expect(lengthsAt('11.0.0.0')).toEqual([0])
    expect(lengthsAt('127.255.255.255')).toEqual([0])
    expect(lengthsAt('128.0.0.0')).toEqual([1, 0])
    expect(lengthsAt('255.255.255.253')).toEqual([1, 0])
    expect(lengthsAt('255.255.255.255')).toEqual([31, 1, 0])
  })

  test('of another domain or family are none', () => {
    expect(around(directory, 2, 4, [0x0a000007, 0, 0, 0])).toEqual([])
    expect(around(directory, 1, 6, [0x0a000007, 0, 0, 0])).toEqual([])
  })
})

/** Few distinct bits, so that blocks nest and touch, and addresses meet their edges. */
const word = fc.constantFrom(0, 1, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff, 0x0a000000, 0x0a0000ff)
const words = fc.tuple(word, word, word, word)
const bits = fc
  .record({ family: fc.constantFrom(4 as const, 6 as const), words, length: fc.integer({ min: 0, max: 127 }) })
  .map(({ family, words: given, length }): PrefixBits => {
    const shorter = length % widthOf(family)
    const all: Words = family === 4 ? [given[0], 0, 0, 0] : given
    return { family, length: shorter, words: maskWords(all, shorter) }
  })

test('whatever the blocks, exactly those that cover an address are found, the narrowest first', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 1, max: 2 }), bits), { maxLength: 30 }),
      fc.array(words),
      (given, asked) => {
        const nameOf = ([domain, { family, words: start, length }]: (typeof given)[number]) =>
          [domain, family, length, ...start].join()
        const distinct = [...new Map(given.map(one => [nameOf(one), one])).values()]
        const directory = blockDirectory(distinct.map(([domain, one]) => block(domain, one)))
        for (const at of [...asked, ...distinct.map(([, one]) => one.words)]) {
          for (const family of [4, 6] as const) {
            const address = { family, words: family === 4 ? ([at[0], 0, 0, 0] as const) : at }
            const expected = distinct
              .filter(([domain, one]) => domain === 1 && coversBits(one, address))
              .map(([, one]) => one.length)
            expect(around(directory, 1, family, address.words)).toEqual(expected.sort((a, b) => b - a))
          }
        }
      },
    ),
    propertyRuns(150),
  )
})
