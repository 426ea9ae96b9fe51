import { expect, test } from 'vitest'
import { attribute, windowOf } from '../../src/enricher/attribute.ts'
import { parseHeader } from '../../src/enricher/flowlogs/fields.ts'
import { lineParser } from '../../src/enricher/flowlogs/parse.ts'
import { lookUpsOn } from '../../src/enricher/look-ups.ts'
import type { Claim } from '../../src/ownership/claim.ts'
import type { DomainRule } from '../../src/ownership/domains.ts'
import { indexOf, instanceAt, interfaceAt, NOW_MS, VPC, VPC_2014 } from '../support/flow-log-inventory.ts'

const LIFE = [1_600_000_000, 1_600_010_000] as const
const START = 1_600_005_000
const HEADER =
  'version account-id tgw-id tgw-attachment-id tgw-src-vpc-account-id tgw-dst-vpc-account-id tgw-src-vpc-id tgw-dst-vpc-id tgw-src-eni tgw-dst-eni srcaddr dstaddr srcport dstport protocol start end region'

function answer(claims: readonly Claim[], shown: Readonly<Record<string, string>>, rules: readonly DomainRule[] = []) {
  const fields: Readonly<Record<string, string>> = {
    version: '6',
    'account-id': '999999999999',
    'tgw-attachment-id': 'tgw-attach-1',
    protocol: '6',
    srcport: '40000',
    dstport: '443',
    start: String(START),
    end: String(START + 10),
    region: 'us-east-1',
    srcaddr: '10.0.0.5',
    dstaddr: '10.0.0.5',
    ...shown,
  }
  const format = parseHeader(HEADER)
  const names = HEADER.split(' ')
  const record = format && lineParser(format)(names.map(name => fields[name] ?? '-').join(' '), 1)
  const window = record?.kind === 'flow' ? windowOf(record, 60_000) : undefined
  if (record?.kind !== 'flow' || window === undefined) throw new TypeError(`not a record: ${JSON.stringify(record)}`)
  return attribute(record, window, NOW_MS, lookUpsOn(indexOf(claims), rules))
}

const shop = instanceAt(VPC_2014, '10.0.0.5', 'eni-1', 'i-shop', 'shop', LIFE)
const bank = instanceAt(VPC, '10.0.0.5', 'eni-2', 'i-bank', 'bank', LIFE)
const VPCS = { 'tgw-src-vpc-id': VPC_2014, 'tgw-dst-vpc-id': VPC }

test('the same address in two VPCs is another one at each end', () => {
  const { source, destination } = answer([...shop, ...bank], VPCS)
  expect(source).toMatchObject({ state: 'owned', application: 'shop', domain: VPC_2014, port: 40000 })
  expect(destination).toMatchObject({ state: 'owned', application: 'bank', domain: VPC, port: 443 })
})

test("the domain rules are asked of the account of the end's own VPC, not of the gateway's", () => {
  const rules = [
    { domain: 'wrong', account: '999999999999' },
    { domain: VPC, account: '222222222222' },
  ]
  const shown = { ...VPCS, 'tgw-src-vpc-account-id': '111111111111', 'tgw-dst-vpc-account-id': '222222222222' }
  const { source, destination } = answer([...shop, ...bank], { ...shown, 'tgw-dst-vpc-id': 'vpc-other' }, rules)
  expect(source).toMatchObject({ application: 'shop', domain: VPC_2014 })
  expect(destination).toMatchObject({ application: 'bank', domain: VPC })
})

test('what the claims say of the interface of an attachment counts for more than the rules', () => {
  const attachment = interfaceAt('shared', '10.0.9.9', 'eni-tgw', LIFE)
  const inShared = instanceAt('shared', '10.0.0.5', 'eni-3', 'i-mail', 'mail', LIFE)
  const { source } = answer([attachment, ...inShared, ...shop], { ...VPCS, 'tgw-src-eni': 'eni-tgw' })
  expect(source).toMatchObject({ application: 'mail', domain: 'shared' })
})

test('an end without a VPC may be anywhere, a public address too', () => {
  const { source, destination } = answer([...shop, ...bank], { ...VPCS, 'tgw-src-vpc-id': '-', srcaddr: '52.0.0.1' })
  expect(source).toMatchObject({ state: 'unknown', reason: 'no-such-domain', domain: '' })
  expect(destination).toMatchObject({ application: 'bank' })
})

test('public space behind a VPC that hands it on is public', () => {
  const { destination } = answer([...shop, ...bank], { ...VPCS, dstaddr: '52.0.0.1' })
  expect(destination).toMatchObject({ domain: 'inet.0', ip: '52.0.0.1' })
})
