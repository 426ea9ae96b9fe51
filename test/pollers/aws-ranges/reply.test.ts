import { describe, expect, test } from 'vitest'
import { readRanges } from '../../../src/pollers/aws-ranges/reply.ts'
import { wireRanges } from '../../support/ranges-wire.ts'

const malformed = (what: string) => new Error(what)
const read = (file: unknown) => readRanges(JSON.stringify(file), malformed)
const good = wireRanges('1787411825', [
  ['198.51.100.0/24', 'S3', 'us-east-1', 'us-east-1-bos-1'],
  ['2001:DB8::/32', 'EC2', 'GLOBAL'],
])

describe('a published list', () => {
  test('has a version and a row for each range of a service, canonical', () => {
    expect(good.createDate).toBe('2026-08-22-15-17-05')
    expect(read(good)).toEqual({
      syncToken: '1787411825',
      ranges: [
        { prefix: '198.51.100.0/24', service: 'S3', region: 'us-east-1', borderGroup: 'us-east-1-bos-1' },
        { prefix: '2001:db8::/32', service: 'EC2', region: 'GLOBAL', borderGroup: 'GLOBAL' },
      ],
    })
  })

  test('may have fields and services that nobody knows yet, and rows without a border group', () => {
    const row = { ip_prefix: '198.51.100.0/24', region: 'mars-north-1', service: 'TELEPORT', more: 1 }
    expect(read({ ...good, prefixes: [row], extra: {} }).ranges[0]).toEqual({
      prefix: '198.51.100.0/24',
      service: 'TELEPORT',
      region: 'mars-north-1',
      borderGroup: null,
    })
  })

  const row = { ip_prefix: '198.51.100.0/24', region: 'us-east-1', service: 'S3' }
  test.each([
    ['no object', [], 'it is not an object'],
    ['no version', { ...good, syncToken: undefined }, 'syncToken'],
    ['a version that is no number', { ...good, syncToken: 'soon' }, 'syncToken'],
    ['a version that is no text', { ...good, syncToken: 1787411825 }, 'syncToken'],
    ['one family missing', { ...good, ipv6_prefixes: undefined }, 'ipv6_prefixes is no list'],
    ['nothing in it', { ...good, prefixes: [], ipv6_prefixes: [] }, 'no range at all'],
    ['a row that is null', { ...good, prefixes: [row, null] }, 'prefixes[1] is not an object'],
    [
      'a block that is none',
      { ...good, prefixes: [{ ...row, ip_prefix: '198.51.100.0/33' }] },
      'prefixes[0].ip_prefix',
    ],
    ['an address for a block', { ...good, prefixes: [{ ...row, ip_prefix: '198.51.100.7' }] }, 'prefixes[0].ip_prefix'],
    ['a block of IPv6 among IPv4', { ...good, prefixes: [{ ...row, ip_prefix: '2001:db8::/32' }] }, 'the other family'],
    ['a row without a service', { ...good, prefixes: [{ ...row, service: '' }] }, 'prefixes[0] has no service'],
    ['a row without a region', { ...good, prefixes: [{ ...row, region: null }] }, 'prefixes[0] has no region'],
  ])('with %s is none', (_, file, what) => {
    expect(() => read(file)).toThrow(what)
  })

  test('that breaks off in the middle is none', () => {
    expect(() => readRanges(JSON.stringify(good).slice(0, -9), malformed)).toThrow('it is not JSON')
  })
})
