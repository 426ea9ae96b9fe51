import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bitsOf, toIp } from '../../../src/ownership/address.ts'
import { coversBits, prefixBits } from '../../../src/ownership/prefix.ts'
import type { ServiceRange } from '../../../src/pollers/aws-ranges/reply.ts'
import { namedRanges } from '../../../src/pollers/aws-ranges/services.ts'
import { prefix } from '../../support/estate.ts'

const range = (cidr: string, service: string, region = 'us-east-1'): ServiceRange => ({
  prefix: prefix(cidr),
  service,
  region,
  borderGroup: region,
})
const named = (...ranges: readonly ServiceRange[]) =>
  namedRanges(ranges).map(({ prefix: block, service, region }) => `${block} ${service} ${region}`)

test.each([
  ['AMAZON alone', [['AMAZON']], 'AMAZON us-east-1'],
  ['AMAZON beside a service', [['S3'], ['AMAZON']], 'S3 us-east-1'],
  ['AMAZON beside EC2', [['AMAZON'], ['EC2']], 'EC2 us-east-1'],
  ['EC2 beside a service', [['AMAZON'], ['EC2'], ['S3']], 'S3 us-east-1'],
  ['two services side by side', [['S3'], ['DYNAMODB'], ['EC2']], 'DYNAMODB+S3 us-east-1'],
  [
    'a service in two regions',
    [
      ['CLOUDFRONT', 'GLOBAL'],
      ['CLOUDFRONT', 'us-east-1'],
    ],
    'CLOUDFRONT null',
  ],
  [
    'another region of the umbrella only',
    [
      ['AMAZON', 'GLOBAL'],
      ['S3', 'eu-west-1'],
    ],
    'S3 eu-west-1',
  ],
  ['the same row twice', [['S3'], ['S3']], 'S3 us-east-1'],
] as const)('on one prefix: %s', (_, rows, expected) => {
  const ranges = rows.map(([service, region]) => range('198.51.100.0/24', service, region))
  expect(named(...ranges)).toEqual([`198.51.100.0/24 ${expected}`])
  expect(namedRanges(ranges)[0]?.listed).toEqual([...new Set(rows.map(([service]) => service))].sort())
  expect(named(...ranges.toReversed())).toEqual(named(...ranges))
})

test('a longer prefix of a service is a name of its own, and one of AMAZON alone hides no name around it', () => {
  expect(
    named(
      range('198.18.0.0/15', 'AMAZON'),
      range('198.18.0.0/16', 'EC2'),
      range('198.18.1.0/24', 'S3'),
      range('198.18.1.128/25', 'AMAZON'),
      range('198.18.2.0/24', 'AMAZON'),
      range('198.19.0.0/24', 'AMAZON'),
      range('2001:db8::/32', 'AMAZON'),
      range('2001:db8:1::/48', 'S3'),
    ),
  ).toEqual([
    '198.18.0.0/15 AMAZON us-east-1',
    '198.18.0.0/16 EC2 us-east-1',
    '198.18.1.0/24 S3 us-east-1',
    '198.19.0.0/24 AMAZON us-east-1',
    '2001:db8::/32 AMAZON us-east-1',
    '2001:db8:1::/48 S3 us-east-1',
  ])
})

/** Written down as it is said: the rows around an address, AMAZON put aside where another is among them. */
function plainName(ranges: readonly ServiceRange[], address: string): string | undefined {
  const ip = toIp(address)
  if (ip === undefined) throw new Error(address)
  const around = ranges.filter(row => coversBits(prefixBits(row.prefix), bitsOf(ip)))
  const telling = around.some(row => row.service !== 'AMAZON') ? around.filter(row => row.service !== 'AMAZON') : around
  const longest = Math.max(...telling.map(row => prefixBits(row.prefix).length))
  const names = new Set(telling.filter(row => prefixBits(row.prefix).length === longest).map(({ service }) => service))
  if (names.size > 1) names.delete('EC2')
  return names.size === 0 ? undefined : [...names].sort().join('+')
}

test('the longest named range at an address says what the rows around it say', () => {
  const row = fc
    .tuple(fc.nat(15), fc.integer({ min: 26, max: 32 }), fc.constantFrom('AMAZON', 'EC2', 'S3', 'DYNAMODB'))
    .map(([host, length, service]) => range(`198.51.100.${host * 4}/${length}`, service))
  fc.assert(
    fc.property(fc.array(row, { maxLength: 12 }), fc.nat(63), (ranges, host) => {
      const address = `198.51.100.${host}`
      const block = prefix(address)
      const longest = namedRanges(ranges)
        .filter(one => coversBits(prefixBits(one.prefix), prefixBits(block)))
        .sort((a, b) => prefixBits(b.prefix).length - prefixBits(a.prefix).length)[0]
      expect(longest?.service).toBe(plainName(ranges, address))
    }),
  )
})
