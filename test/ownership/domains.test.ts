import { describe, expect, test } from 'vitest'
import {
  type DomainRule,
  domainOf,
  domainSince,
  domainsDuring,
  expectedLayers,
  type Place,
} from '../../src/ownership/domains.ts'

const place: Place = { partition: 'aws', account: '111', region: 'us-east-1', vpc: 'vpc-1' }
const during = (fromMs: number, untilMs: number) => ({ fromMs, untilMs })
const early: DomainRule = { domain: 'early', vpc: 'vpc-1', untilMs: 50 }
const late: DomainRule = { domain: 'late', vpc: 'vpc-1', fromMs: 50, untilMs: 90 }

describe('a rule', () => {
  test('matches where all of its conditions do, and the first match counts', () => {
    const rules = [
      { domain: 'china', partition: 'aws-cn' },
      { domain: 'other', account: '222' },
      { domain: 'here', account: '111', region: 'us-east-1' },
      { domain: 'everywhere' },
    ]
    expect(domainOf(rules, place, 0)).toBe('here')
    expect(domainOf(rules, { ...place, region: 'eu-west-1' }, 0)).toBe('everywhere')
    expect(domainOf(rules.slice(0, 3), { ...place, region: 'eu-west-1' }, 0)).toBe('vpc-1')
  })

  test('is in force from its first instant until before its end, and for ever where it has no bounds', () => {
    const at = (atMs: number) => domainOf([early, late, { domain: 'rest', vpc: 'vpc-1' }], place, atMs)
    expect([-1e12, 49, 50, 89, 90, 1e12].map(at)).toEqual(['early', 'early', 'late', 'late', 'rest', 'rest'])
    expect(domainOf([early, late], place, 90)).toBe('vpc-1')
  })

  test('says which layers to expect only while it is in force', () => {
    const pods: DomainRule = { domain: 'eks', fromMs: 50, expects: { interface: ['instance', 'container'] } }
    expect(expectedLayers([pods], place, 'interface', 49)).toEqual(['instance'])
    expect(expectedLayers([pods], place, 'interface', 50)).toEqual(['instance', 'container'])
    expect(expectedLayers([pods], place, 'branch', 50)).toEqual(['container'])
  })
})

test('a domain is told since when a place has been in it without a break', () => {
  const back: DomainRule = { domain: 'early', vpc: 'vpc-1', fromMs: 90 }
  const since = (atMs: number, ...rules: readonly DomainRule[]) => domainSince(rules, place, atMs)
  expect([49, 50, 89].map(atMs => since(atMs, early, late))).toEqual([Number.NEGATIVE_INFINITY, 50, 50])
  expect([90, 500].map(atMs => since(atMs, early, late, back))).toEqual([90, 90])
  expect(since(60, { ...early, domain: 'late' }, late)).toBe(Number.NEGATIVE_INFINITY)
  expect(since(60, { ...early, vpc: 'vpc-2' })).toBe(Number.NEGATIVE_INFINITY)
})

describe('over a window', () => {
  test('a VPC has one domain where no rule changes, and all of them in order of time where rules do', () => {
    const rules = [early, late]
    expect(domainsDuring(rules, place, during(10, 50))).toEqual(['early'])
    expect(domainsDuring(rules, place, during(50, 90))).toEqual(['late'])
    expect(domainsDuring(rules, place, during(49, 51))).toEqual(['early', 'late'])
    expect(domainsDuring([...rules].reverse(), place, during(0, 100))).toEqual(['early', 'late', 'vpc-1'])
  })

  test('a change of rules for another VPC is none of this one', () => {
    const elsewhere: DomainRule = { domain: 'elsewhere', vpc: 'vpc-2', fromMs: 50 }
    expect(domainsDuring([elsewhere, { domain: 'here' }], place, during(0, 100))).toEqual(['here'])
  })

  test('a rule that renews itself is no change', () => {
    const renewed = [early, { ...early, fromMs: 50, untilMs: 90 }]
    expect(domainsDuring(renewed, place, during(0, 90))).toEqual(['early'])
  })

  test('what a rule asks and the record does not say leaves no domain, for the time that the rule is in force', () => {
    const unsaid = { ...place, account: undefined }
    const rules: DomainRule[] = [{ domain: 'theirs', account: '222', fromMs: 50 }, { domain: 'all' }]
    expect(domainsDuring(rules, unsaid, during(0, 50))).toEqual(['all'])
    expect(domainsDuring(rules, unsaid, during(40, 60))).toEqual([])
    expect(domainsDuring(rules, { ...unsaid, region: undefined }, during(60, 70))).toEqual([])
    expect(domainsDuring(rules, place, during(40, 60))).toEqual(['all'])
  })
})
