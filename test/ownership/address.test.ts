import { isIP } from 'node:net'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseAddress, toIp } from '../../src/ownership/address.ts'
import { blockKey, covers, isPrivate, toPrefix } from '../../src/ownership/prefix.ts'

describe('addresses', () => {
  test.each([
    ['10.0.0.5', '10.0.0.5'],
    ['255.255.255.255', '255.255.255.255'],
    ['128.0.0.1', '128.0.0.1'],
    ['::ffff:10.0.0.5', '10.0.0.5'],
    ['::FFFF:0A00:0005', '10.0.0.5'],
    ['2001:DB8:0:0::1', '2001:db8::1'],
    ['2001:db8:0:1:0:0:0:1', '2001:db8:0:1::1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['1:0:2:0:3:0:4:0', '1:0:2:0:3:0:4:0'],
    ['::', '::'],
    ['64:ff9b::10.0.0.5', '64:ff9b::a00:5'],
    ['2002:a00:5::', '2002:a00:5::'],
  ])('%s is written %s', (text, canonical) => expect(toIp(text)).toBe(canonical))

  test.each([
    '010.0.0.1',
    '1.2.3',
    '2130706433',
    '1.2.3.256',
    '1.2.3.4.5',
    ' 1.2.3.4',
    '0x7f.0.0.1',
    '',
    'fe80::1%eth0',
    '1::2::3',
    '12345::',
    ':::',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7:8::',
    '1.2.3.4::',
  ])('%s is refused', text => expect(toIp(text)).toBeUndefined())

  test('what is accepted is what Node accepts, and canonical text stays as it is', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), fc.string({ unit: fc.constantFrom(...'0123456789abcf:.') })), text => {
        expect(toIp(text) !== undefined).toBe(isIP(text) !== 0)
        const ip = toIp(text)
        if (ip !== undefined) expect(toIp(ip)).toBe(ip)
      }),
      { numRuns: 2000, seed: 4 },
    )
  })
})

describe('prefixes', () => {
  test.each([
    ['10.0.0.7/24', '10.0.0.0/24'],
    ['10.0.0.7', '10.0.0.7/32'],
    ['255.255.255.255/1', '128.0.0.0/1'],
    ['1.2.3.4/0', '0.0.0.0/0'],
    ['2001:db8::ff/64', '2001:db8::/64'],
    ['2001:db8::1', '2001:db8::1/128'],
    ['::ffff:10.1.0.0/104', '10.0.0.0/8'],
  ])('%s is %s', (text, canonical) => expect(toPrefix(text)).toBe(canonical))

  test.each(['10.0.0.0/33', '10.0.0.0/-1', '10.0.0.0/', '10.0.0.0/08', '2001:db8::/129', 'x/8', '::ffff:10.0.0.0/95'])(
    '%s is refused',
    text => expect(toPrefix(text)).toBeUndefined(),
  )

  test('an address lies in a block exactly where their leading bits agree', () => {
    const bits = (text: string) => {
      const { family, words } = parseAddress(text) ?? { family: 4, words: [0, 0, 0, 0] }
      return words
        .map(word => word.toString(2).padStart(32, '0'))
        .join('')
        .slice(0, family === 4 ? 32 : 128)
    }
    fc.assert(
      fc.property(fc.ipV4(), fc.ipV4(), fc.integer({ min: 0, max: 32 }), (address, block, length) => {
        const prefix = toPrefix(`${block}/${length}`)
        const ip = toIp(address)
        if (!prefix || !ip) throw new Error('not reached')
        expect(covers(prefix, ip)).toBe(bits(address).slice(0, length) === bits(block).slice(0, length))
        const [a, b] = [parseAddress(address), parseAddress(block)]
        if (a && b) expect(blockKey(a, length) === blockKey(b, length)).toBe(covers(prefix, ip))
      }),
      { seed: 5 },
    )
  })

  test('private space is what means nothing outside a named domain', () => {
    const of = (text: string) =>
      isPrivate(
        toIp(text) ??
          (() => {
            throw new Error(text)
          })(),
      )
    expect(['10.1.2.3', '172.31.0.1', '192.168.1.1', '100.64.0.1', 'fd00::1', 'fe80::1'].map(of)).not.toContain(false)
    expect(['172.32.0.1', '52.11.120.97', '100.128.0.1', '2001:db8::1'].map(of)).not.toContain(true)
  })
})
