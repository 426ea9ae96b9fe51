import { expect, test } from 'vitest'
import { placeOfInterface } from '../../src/cli/interface-place.ts'
import type { DomainRule } from '../../src/ownership/domains.ts'
import { changesOf, held } from '../support/domain-worlds.ts'
import { indexOf } from '../support/estate.ts'

const ON_ENI = {
  layer: 'interface',
  owner: { eni: 'eni-1', vpc: 'vpc-1', account: '111', region: 'us-east-1' },
} as const
const place = {
  vpc: 'vpc-1',
  account: '111',
  region: 'us-east-1',
  subnet: null,
  domainSinceMs: Number.NEGATIVE_INFINITY,
}

/** An index in which eni-1 is in d1 until 50 and in d2 afterwards, by polls up to `polledMs`. */
function placeAt(sentAtMs: number, polledMs: number, domainRules: readonly DomainRule[] = []) {
  const told = [
    { ...held('d1', '10.0.0.5', 'eni-1', 0, 50), ...ON_ENI },
    { ...held('d2', '10.0.0.5', 'eni-1', 50, 1e6), ...ON_ENI },
  ]
  const changes = changesOf({ d1: ['10.0.0.0/16'], d2: ['10.0.0.0/16'] }, told).map(change =>
    change.record === 'progress' && change.completeUpToMs > 0 ? { ...change, completeUpToMs: polledMs } : change,
  )
  return placeOfInterface('eni-1', indexOf(changes), { nowMs: sentAtMs + 1, sentAtMs, domainRules })
}

test('an interface is where the claims have it now', () => {
  expect(placeAt(30, 100)).toEqual({ ...place, domain: 'd1' })
  expect(placeAt(60, 100)).toEqual({ ...place, domain: 'd2' })
})

test('while a rule has given its VPC another domain and no poll has shown that yet, it has no place', () => {
  const rules = [
    { domain: 'd1', vpc: 'vpc-1', untilMs: 40 },
    { domain: 'd2', vpc: 'vpc-1' },
  ]
  expect(placeAt(39, 30, rules)).toMatchObject({ domain: 'd1', domainSinceMs: Number.NEGATIVE_INFINITY })
  expect(placeAt(45, 30, rules)).toBeUndefined()
  expect(placeAt(60, 55, rules)).toMatchObject({ domain: 'd2', domainSinceMs: 40 })
  const others = rules.map(rule => ({ ...rule, domain: `another ${rule.domain}` }))
  expect(placeAt(60, 55, others)).toMatchObject({ domain: 'd2', domainSinceMs: Number.NEGATIVE_INFINITY })
  const elsewhere = rules.map(rule => ({ ...rule, vpc: 'vpc-2' }))
  expect(placeAt(45, 30, elsewhere)).toMatchObject({ domain: 'd1' })
})

test('an interface that no claim names has no place', () => {
  expect(placeOfInterface('eni-9', indexOf([]), { nowMs: 1, sentAtMs: 0, domainRules: [] })).toBeUndefined()
})
