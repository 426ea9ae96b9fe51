import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { overlapsWithinDomains, type VpcBlock } from '../../src/ownership/domain-overlaps.ts'
import { coversBits, prefixBits } from '../../src/ownership/prefix.ts'
import { prefix } from '../support/estate.ts'
import { propertyRuns } from '../support/property-runs.ts'

const blockOf = (vpc: string, cidr: string, domain = 'prod', account = '111'): VpcBlock => ({
  domain,
  prefix: prefix(cidr),
  vpc,
  account,
  region: 'us-east-1',
})

const pairs = (...blocks: readonly VpcBlock[]) =>
  overlapsWithinDomains(blocks).map(({ outer, inner }) => `${outer.vpc} ${outer.prefix} > ${inner.vpc} ${inner.prefix}`)

describe('overlapping blocks', () => {
  test('are reported with both sides, VPC, account and region', () => {
    const a = blockOf('vpc-a', '10.0.0.0/16')
    const b = { ...blockOf('vpc-b', '10.0.7.0/24', 'prod', '222'), region: 'eu-west-1' }
    expect(overlapsWithinDomains([b, a])).toEqual([{ outer: a, inner: b }])
  })

  test('are none in two domains, beside each other, of two families, or of one VPC', () => {
    const a = blockOf('vpc-a', '10.0.0.0/16')
    expect(pairs(a, blockOf('vpc-b', '10.0.0.0/16', 'lab'))).toEqual([])
    expect(pairs(a, blockOf('vpc-b', '10.1.0.0/16'))).toEqual([])
    expect(pairs(blockOf('vpc-a', '0.0.0.0/0'), blockOf('vpc-b', '::/0'))).toEqual([])
    expect(pairs(a, blockOf('vpc-a', '10.0.7.0/24'))).toEqual([])
  })

  test('of a shared VPC that two accounts list are one', () => {
    const shared = blockOf('vpc-a', '10.0.0.0/16')
    expect(pairs(shared, { ...shared, account: '222' })).toEqual([])
    expect(pairs(blockOf('vpc-b', '10.0.0.0/8'), shared, { ...shared, account: '222' })).toHaveLength(1)
  })

  test('are paired with the nearest one of another VPC around them', () => {
    const nest = [
      blockOf('vpc-a', '10.0.0.0/8'),
      blockOf('vpc-b', '10.0.0.0/16'),
      blockOf('vpc-b', '10.0.7.0/24'),
      blockOf('vpc-a', '10.0.7.0/25'),
      blockOf('vpc-c', '10.9.0.0/16'),
    ]
    expect(pairs(...nest).sort()).toEqual([
      'vpc-a 10.0.0.0/8 > vpc-b 10.0.0.0/16',
      'vpc-a 10.0.0.0/8 > vpc-b 10.0.7.0/24',
      'vpc-a 10.0.0.0/8 > vpc-c 10.9.0.0/16',
      'vpc-b 10.0.7.0/24 > vpc-a 10.0.7.0/25',
    ])
  })

  test('of public space are not looked at: one address there belongs to one place', () => {
    expect(pairs(blockOf('a', '2600::/56', 'inet6.0'), blockOf('b', '2600::/56', 'inet6.0'))).toEqual([])
  })

  test('the same default block in a thousand VPCs makes fewer pairs than VPCs', () => {
    const many = Array.from({ length: 1000 }, (_, i) => blockOf(`vpc-${i}`, '172.31.0.0/16'))
    expect(overlapsWithinDomains(many)).toHaveLength(999)
  })
})

const anyBlock = fc
  .record({
    vpc: fc.constantFrom('a', 'b', 'c', 'd'),
    domain: fc.constantFrom('prod', 'lab'),
    octet: fc.integer({ min: 0, max: 3 }),
    length: fc.constantFrom(14, 15, 16, 17, 24),
  })
  .map(({ vpc, domain, octet, length }) => blockOf(vpc, `10.${octet}.0.0/${length}`, domain))

test('each block is told of that another VPC’s contains, with the nearest such, whatever the order', () => {
  const contains = (a: VpcBlock, b: VpcBlock) => {
    const [x, y] = [prefixBits(a.prefix), prefixBits(b.prefix)]
    const isFirst = x.length < y.length || (x.length === y.length && a.vpc < b.vpc)
    return a.domain === b.domain && a.vpc !== b.vpc && isFirst && coversBits(x, y)
  }
  const lengthOf = (block: VpcBlock | undefined) => block && prefixBits(block.prefix).length
  const named = ({ domain, vpc, prefix: cidr }: VpcBlock) => `${domain} ${vpc} ${cidr}`
  fc.assert(
    fc.property(fc.array(anyBlock, { maxLength: 20 }), blocks => {
      const found = overlapsWithinDomains(blocks)
      const outerOf = new Map(found.map(({ outer, inner }) => [named(inner), outer]))
      for (const block of blocks) {
        const around = blocks.filter(other => contains(other, block))
        const nearest = Math.max(...around.map(other => lengthOf(other) ?? 0))
        expect(lengthOf(outerOf.get(named(block)))).toBe(around.length > 0 ? nearest : undefined)
      }
      for (const { outer, inner } of found) expect(contains(outer, inner)).toBe(true)
      expect(outerOf.size).toBe(found.length)
      expect(overlapsWithinDomains([...blocks].reverse())).toEqual(found)
    }),
    propertyRuns(300),
  )
})
