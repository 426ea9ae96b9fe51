import { expect, test } from 'vitest'
import { attribute, windowOf } from '../../src/enricher/attribute.ts'
import { parseHeader } from '../../src/enricher/flowlogs/fields.ts'
import { type FlowRecord, lineParser } from '../../src/enricher/flowlogs/parse.ts'
import { lookUpsOn } from '../../src/enricher/look-ups.ts'
import type { Claim } from '../../src/ownership/claim.ts'
import type { DomainRule } from '../../src/ownership/domains.ts'
import { type Reach, reachTable } from '../../src/ownership/reach.ts'
import { open } from '../support/domain-worlds.ts'
import { claimOf, indexOf, instanceAt, interfaceAt, NOW_MS, VPC, VPC_2014 } from '../support/flow-log-inventory.ts'

const ENI = 'eni-1'
const LIFE = [1_600_000_000, 1_600_010_000] as const
const START = 1_600_005_000

type Shown = Readonly<Record<string, string | number>>

/** A record with the given fields and a time in the middle of LIFE. */
function recordOf(shown: Shown): FlowRecord {
  const fields = {
    'interface-id': ENI,
    start: START,
    end: START + 10,
    protocol: 6,
    srcport: 40000,
    dstport: 443,
    ...shown,
  }
  const format = parseHeader(Object.keys(fields).join(' '))
  const line = format && lineParser(format)(Object.values(fields).join(' '), 1)
  if (line?.kind !== 'flow') throw new TypeError(`not a record: ${JSON.stringify(line)}`)
  return line
}

function answer(
  claims: readonly Claim[],
  shown: Shown,
  rules: readonly DomainRule[] = [],
  reaches: readonly Reach[] = [],
) {
  const record = recordOf(shown)
  const window = windowOf(record, 60_000)
  if (window === undefined) throw new TypeError('no time')
  return attribute(record, window, NOW_MS, lookUpsOn(indexOf(claims), rules, { reach: reachTable(reaches) }))
}

const web = instanceAt(VPC, '10.0.0.5', ENI, 'i-web', 'web', LIFE)
const second = interfaceAt(VPC, '10.0.0.6', ENI, LIFE)
const peer = instanceAt(VPC, '10.0.0.9', 'eni-2', 'i-peer', 'peer', LIFE)
const PLAIN = { srcaddr: '10.0.0.5', dstaddr: '10.0.0.9' }
const interfaceLevel = { state: 'ambiguous', reason: 'interface-level', application: '' }

test('a record covers the slack before its start and the whole of its last second', () => {
  expect(windowOf(recordOf(PLAIN), 60_000)).toEqual({ fromMs: (START - 60) * 1000, untilMs: (START + 11) * 1000 })
  expect(windowOf(recordOf({ ...PLAIN, start: '-' }), 60_000)).toBeUndefined()
})

test('both ends are answered in the domain of the interface, with all that the claims say', () => {
  expect(answer([...web, ...peer], PLAIN)).toEqual({
    final: true,
    source: {
      ip: '10.0.0.5',
      port: 40000,
      domain: VPC,
      state: 'owned',
      reason: 'authoritative-time',
      application: 'web',
      resourceId: 'i-web',
      cluster: '',
      account: '123456789010',
      region: 'us-east-1',
      zone: 'use1-az1',
      layer: 'instance',
      claimId: expect.stringContaining('i-web'),
      candidates: [],
      service: '',
    },
    destination: expect.objectContaining({ ip: '10.0.0.9', port: 443, state: 'owned', application: 'peer' }),
  })
})

test('who held the address only during the slack is a candidate', () => {
  const handed = START - 30
  const claims = [
    ...instanceAt(VPC, '10.0.0.5', ENI, 'i-old', 'old', [LIFE[0], handed]),
    ...instanceAt(VPC, '10.0.0.5', ENI, 'i-new', 'new', [handed, LIFE[1]]),
  ]
  const { source } = answer(claims, PLAIN)
  expect(source).toMatchObject({ state: 'ambiguous', application: '', resourceId: '' })
  expect([...source.candidates].sort()).toEqual(['i-new', 'i-old'])
})

test('an interface with several addresses makes its end interface-level, with all holders, and not the other end', () => {
  const { source, destination } = answer([...web, second, ...peer], PLAIN)
  expect(source).toMatchObject({ ...interfaceLevel, domain: VPC, ip: '10.0.0.5' })
  expect([...source.candidates].sort()).toEqual(['eni-1', 'i-web'])
  expect(destination).toMatchObject({ state: 'owned', application: 'peer' })
})

test('an address of the other family is none that could stand behind', () => {
  const ipv6 = interfaceAt(VPC, '2600:1f13:a:b::5', ENI, LIFE)
  expect(answer([...web, ipv6], PLAIN).source).toMatchObject({ state: 'owned', application: 'web' })
})

test('a delegated prefix makes the end interface-level', () => {
  const delegated = interfaceAt(VPC, '10.0.0.0/28', ENI, LIFE)
  expect(answer([delegated], { srcaddr: '10.0.0.5', dstaddr: '10.0.0.9' }).source).toMatchObject(interfaceLevel)
})

test('an interface that forwards is interface-level even with one address', () => {
  const nat = interfaceAt(VPC, '10.0.0.5', ENI, LIFE, { kind: 'nat_gateway', forwards: true })
  expect(answer([nat], PLAIN).source).toMatchObject({ ...interfaceLevel, candidates: [ENI] })
})

test('the candidates of an interface end at 32', () => {
  const many = Array.from({ length: 50 }, (_, i) => instanceAt(VPC, `10.0.1.${i}`, ENI, `i-${i}`, 'a', LIFE)).flat()
  expect(answer([...web, ...many], PLAIN).source.candidates).toHaveLength(32)
})

test('with packet addresses the several addresses of an interface do not matter', () => {
  const pod = claimOf({
    domain: VPC,
    prefix: '10.0.0.6',
    layer: 'container',
    owner: { application: 'pod', resourceId: 'pod-1', kind: 'container', eni: ENI },
    from: LIFE[0],
    until: LIFE[1],
  })
  const packets = { ...PLAIN, 'pkt-srcaddr': '10.0.0.6', 'pkt-dstaddr': '10.0.0.9', 'flow-direction': 'egress' }
  const { source, destination } = answer([...web, second, pod, ...peer], packets)
  expect(source).toMatchObject({ ip: '10.0.0.6', state: 'owned', application: 'pod', layer: 'container' })
  expect(destination).toMatchObject({ state: 'owned', application: 'peer' })
})

test("a packet that only passes through is not the interface's: its ends are asked like remote ones", () => {
  const nat = interfaceAt(VPC, '10.0.0.5', ENI, LIFE, { kind: 'nat_gateway', forwards: true })
  const through = {
    srcaddr: '10.0.0.9',
    dstaddr: '10.0.0.5',
    'pkt-srcaddr': '10.0.0.9',
    'pkt-dstaddr': '203.0.113.5',
    'flow-direction': 'ingress',
  }
  const { source, destination } = answer([nat, ...peer], through)
  expect(source).toMatchObject({ state: 'owned', application: 'peer' })
  expect(destination).toMatchObject({ ip: '203.0.113.5', domain: 'inet.0', state: 'external', reason: 'internet' })
})

test('without a direction, both ends on the interface are interface-level', () => {
  const { source, destination } = answer([...web, second], { srcaddr: '10.0.0.5', dstaddr: '10.0.0.6' })
  expect(source).toMatchObject(interfaceLevel)
  expect(destination).toMatchObject(interfaceLevel)
})

test('a record of an interface that the claims do not know, and without a VPC, has no domain', () => {
  const { source, destination } = answer(web, { ...PLAIN, 'interface-id': 'eni-unknown' })
  const nowhere = { state: 'unknown', reason: 'no-such-domain', domain: '', application: '' }
  expect(source).toMatchObject(nowhere)
  expect(destination).toMatchObject(nowhere)
})

test('public space is asked for the end that is surely remote, domain or not', () => {
  const elastic = claimOf({
    domain: 'inet.0',
    prefix: '52.11.120.97',
    layer: 'instance',
    owner: { application: 'edge', resourceId: 'i-edge' },
    from: LIFE[0],
    until: LIFE[1],
  })
  const { source, destination } = answer([elastic], { srcaddr: '52.11.120.97', dstaddr: '10.0.0.5' })
  expect(source).toMatchObject({ domain: 'inet.0', state: 'owned', application: 'edge' })
  expect(destination).toMatchObject({ reason: 'no-such-domain' })
  // One of the two is the interface's own, and nothing says which: "not ours" would be wrong for one.
  const both = answer([elastic], { srcaddr: '52.11.120.97', dstaddr: '203.0.113.7' })
  expect(both.source).toMatchObject({ reason: 'no-such-domain' })
  const shown = answer([elastic], { srcaddr: '52.11.120.97', dstaddr: '203.0.113.7', 'flow-direction': 'ingress' })
  expect(shown.source).toMatchObject({ state: 'owned', application: 'edge' })
  expect(shown.destination).toMatchObject({ reason: 'no-such-domain' })
})

test("a VPC's own IPv6 space is asked in its domain, other IPv6 space in the public one", () => {
  const ipv6 = interfaceAt(VPC, '2600:1f13:a:b::5', ENI, LIFE)
  const neighbour = interfaceAt(VPC, '2600:1f13:a:b::9', 'eni-2', LIFE)
  const local = { srcaddr: '2600:1f13:a:b::5', dstaddr: '2600:1f13:a:b::9' }
  expect(answer([ipv6, neighbour], local).destination).toMatchObject({ domain: VPC, resourceId: 'eni-2' })
  const remote = { ...local, dstaddr: '2a00:1450::1' }
  expect(answer([ipv6], remote).destination).toMatchObject({ domain: 'inet6.0', state: 'external' })
})

test("an unknown interface's own end is interface-level, even where somebody else's claim would answer", () => {
  const shown = { ...PLAIN, 'interface-id': 'eni-unknown', 'vpc-id': VPC }
  for (const direction of ['egress', '-']) {
    const { source } = answer([...web, ...peer], { ...shown, 'flow-direction': direction })
    expect(source).toMatchObject({ ...interfaceLevel, candidates: ['i-web'] })
  }
  const egress = answer([...web, ...peer], { ...shown, 'flow-direction': 'egress' })
  expect(egress.destination).toMatchObject({ state: 'owned', application: 'peer' })
})

test("of a known interface that is not known to hold either address, neither is said to be nobody's", () => {
  const { source, destination } = answer(web, { srcaddr: '10.0.0.70', dstaddr: '10.0.0.71' })
  expect(source).toMatchObject({ ...interfaceLevel, candidates: ['i-web'] })
  expect(destination).toMatchObject(interfaceLevel)
  const known = answer(web, PLAIN)
  expect(known.destination).toMatchObject({ state: 'unowned', reason: 'absent-in-complete-polls' })
})

test("a claim that has the interface's own address on another interface is a conflict, not an answer", () => {
  const own = interfaceAt(VPC, '10.0.0.5', ENI, LIFE)
  const elsewhere = claimOf({
    domain: VPC,
    prefix: '10.0.0.5',
    layer: 'container',
    owner: { application: 'stray', resourceId: 'task-1', kind: 'container', eni: 'eni-7' },
    from: LIFE[0],
    until: LIFE[1],
  })
  expect(answer([own, elsewhere], PLAIN).source).toMatchObject({
    state: 'ambiguous',
    reason: 'conflicting-sources',
    candidates: ['task-1'],
    application: '',
  })
})

test('a claim on some ports answers for its ports only, and not where the ports are none', () => {
  const shared = claimOf({
    domain: VPC,
    prefix: '10.0.0.9',
    layer: 'container',
    owner: { application: 'task', resourceId: 'task-2', kind: 'container' },
    ports: { first: 8000, last: 8999 },
    from: LIFE[0],
    until: LIFE[1],
  })
  const claims = [...web, ...peer, shared]
  const destination = (shown: Shown) => answer(claims, { ...PLAIN, ...shown }).destination
  expect(destination({ dstport: 8080 })).toMatchObject({ application: 'task', port: 8080 })
  expect(destination({ dstport: 443 })).toMatchObject({ application: 'peer' })
  expect(destination({ dstport: 8080, protocol: 1 })).toMatchObject({ application: 'peer' })
})

test('the domain rules place a record whose interface is unknown, unless they ask for what it does not say', () => {
  const shown = { ...PLAIN, 'interface-id': 'eni-unknown', 'vpc-id': 'vpc-9', 'flow-direction': 'egress' }
  const rules = [{ domain: VPC, account: '111' }]
  const destination = (more: Shown, given: readonly DomainRule[] = rules) =>
    answer([...web, ...peer], { ...shown, ...more }, given).destination
  expect(destination({ 'account-id': '111' })).toMatchObject({ domain: VPC, application: 'peer' })
  expect(destination({ 'account-id': '222' })).toMatchObject({ domain: 'vpc-9', reason: 'no-such-domain' })
  expect(destination({})).toMatchObject({ domain: '', reason: 'no-such-domain' })
  expect(destination({ 'account-id': 'unknown' })).toMatchObject({ domain: '' })
  const china = [{ domain: VPC, partition: 'aws-cn' }]
  expect(destination({ region: 'cn-north-1' }, china)).toMatchObject({ domain: VPC })
  expect(destination({ region: 'us-east-1' }, china)).toMatchObject({ domain: 'vpc-9' })
})

const PEER = '172.31.0.9'
const beyond = instanceAt(VPC_2014, PEER, 'eni-3', 'i-beyond', 'beyond', LIFE)
const peering = [open(VPC, VPC_2014)]
const ownedBeyond = { state: 'owned', application: 'beyond', domain: VPC_2014 }

test('the remote end is looked for in the domains that a reach leads to, and its row names the one that answered', () => {
  const egress = { ...PLAIN, dstaddr: PEER, 'flow-direction': 'egress' }
  const claims = [...web, ...peer, ...beyond]
  expect(answer(claims, egress, [], peering).destination).toMatchObject(ownedBeyond)
  expect(answer(claims, { ...egress, 'flow-direction': '-' }, [], peering).destination).toMatchObject(ownedBeyond)
  expect(answer(claims, PLAIN, [], peering).destination).toMatchObject({ application: 'peer', domain: VPC })
  expect(answer(claims, egress).destination).toMatchObject({ state: 'unknown', domain: VPC })
  const through = { ...egress, dstaddr: '10.0.0.9', 'pkt-dstaddr': PEER }
  expect(answer(claims, through, [], peering).destination).toMatchObject(ownedBeyond)
})

test("the interface's own end, and one that may be its own, are never looked for in another domain", () => {
  const stranger = interfaceAt(VPC, PEER, ENI, LIFE)
  const own = { srcaddr: PEER, dstaddr: '10.0.0.9', 'flow-direction': 'egress' }
  expect(answer([stranger, ...beyond], own, [], peering).source).toMatchObject({ resourceId: ENI, domain: VPC })
  const unknown = { 'interface-id': 'eni-unknown', 'vpc-id': VPC, srcaddr: PEER, dstaddr: '10.0.0.9' }
  expect(answer(beyond, unknown, [], peering).source).toMatchObject({ state: 'unknown', domain: VPC })
  const passing = { ...own, srcaddr: '10.0.0.5', 'pkt-srcaddr': PEER }
  expect(answer([...web, ...beyond], passing, [], peering).source).toMatchObject(ownedBeyond)
})

test('an end that two domains may have names neither, and lists who may have held it', () => {
  const third = instanceAt('vpc-3', PEER, 'eni-4', 'i-third', 'third', LIFE)
  const two = [...peering, open(VPC, 'vpc-3', ['172.31.0.0/16'])]
  const egress = { ...PLAIN, dstaddr: PEER, 'flow-direction': 'egress' }
  expect(answer([...web, ...beyond, ...third], egress, [], two).destination).toMatchObject({
    state: 'ambiguous',
    reason: 'conflicting-sources',
    domain: '',
    application: '',
    candidates: ['i-beyond', 'i-third'],
  })
})

test('a record across a change of the rules has no one domain, but public space is where it was', () => {
  const shown = { 'interface-id': 'eni-unknown', 'vpc-id': 'vpc-9', srcaddr: '10.0.0.5', 'flow-direction': 'egress' }
  const rules = [
    { domain: VPC, vpc: 'vpc-9', untilMs: START * 1000 },
    { domain: 'vpc-9', vpc: 'vpc-9', fromMs: START * 1000 },
  ]
  const { source, destination } = answer([...web, ...peer], { ...shown, dstaddr: '10.0.0.9' }, rules)
  expect(source).toMatchObject({ ...interfaceLevel, domain: '', candidates: ['i-web'] })
  expect(destination).toMatchObject({ state: 'unknown', reason: 'no-such-domain', domain: '', candidates: ['i-peer'] })
  const outside = answer([...web, ...peer], { ...shown, dstaddr: '203.0.113.7' }, rules)
  expect(outside.destination).toMatchObject({ state: 'external', domain: 'inet.0' })
})
