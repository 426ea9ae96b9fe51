import { describe, expect, test } from 'vitest'
import { attribute } from '../../src/enricher/attribute.ts'
import { lookUpsOn } from '../../src/enricher/look-ups.ts'
import type { Change } from '../../src/ownership/claim.ts'
import type { DomainRule } from '../../src/ownership/domains.ts'
import { type Reach, reachTable } from '../../src/ownership/reach.ts'
import type { Window } from '../../src/ownership/window.ts'
import { asker, block, changesOf, held, inWords, open, type Told } from '../support/domain-worlds.ts'
import { indexOf, question } from '../support/estate.ts'
import { recordOf } from '../support/flow-records.ts'

const PEERED = '10.2.0.5'
const during = (fromMs: number, untilMs: number): Window => ({ fromMs, untilMs })
const scopes = { d1: ['10.1.0.0/16'], d2: ['10.2.0.0/16'], d3: ['10.2.0.0/16'] }
const blocks = [block('d1', '10.1.0.0/16'), block('d2', '10.2.0.0/16')]
const b = held('d2', PEERED, 'b', 0, 1000)
const c = held('d3', PEERED, 'c', 0, 1000)

const seen = (told: readonly Told[], reaches: readonly Reach[], window: Window, from = 'd1', address = PEERED) =>
  inWords(asker(changesOf(scopes, told), reaches)(from, address, window))

/** A flow of eni-1 from 10.0.0.5 to another address, as the enricher answers it. */
function flowOf(
  changes: readonly Change[],
  start: number,
  end: number,
  shown: Readonly<Record<string, string>> = {},
  { rules = [], reaches = [] }: { rules?: readonly DomainRule[]; reaches?: readonly Reach[] } = {},
) {
  const fields = { 'interface-id': 'eni-1', srcaddr: '10.0.0.5', dstaddr: '10.0.0.9', 'flow-direction': 'egress' }
  const record = recordOf({ ...fields, start, end, ...shown })
  const window = during(start * 1000, (end + 1) * 1000)
  return attribute(record, window, 1e9, lookUpsOn(indexOf(changes), rules, { reach: reachTable(reaches) }))
}

describe('cases of the adversarial list', () => {
  test('case 38: of the same address in two VPCs, a flow in the second is never given to the holder in the first', () => {
    const both = { d1: ['10.2.0.0/16'], d2: ['10.2.0.0/16'] }
    const twice = [block('d1', '10.2.0.0/16'), block('d2', '10.2.0.0/16'), held('d1', PEERED, 'a', 0, 1000), b]
    const ask = asker(changesOf(both, twice), [open('d1', 'd2'), open('d2', 'd1')])
    expect(inWords(ask('d2', PEERED, during(10, 20)))).toBe('d2: owned sighted b')
    const onlyA = asker(changesOf(both, twice.slice(0, 3)), [open('d1', 'd2'), open('d2', 'd1')])
    expect(inWords(onlyA('d2', PEERED, during(10, 20)))).toBe('d2: unowned absent-in-complete-polls')
  })

  test('case 39: a flow of an interface with no known VPC has no domain, though only one domain has the address', () => {
    const changes = changesOf({ d1: ['10.0.0.0/16'] }, [held('d1', '10.0.0.9', 'a', 0, 1e6)])
    const nowhere = { state: 'unknown', reason: 'no-such-domain', domain: '' }
    expect(flowOf(changes, 10, 20).destination).toMatchObject(nowhere)
    expect(flowOf(changes, 10, 20, { 'vpc-id': 'd1' }).destination).toMatchObject({ state: 'owned', domain: 'd1' })
  })

  test('case 40: an address of a peered VPC is answered in its domain; where two peers have it, neither is taken', () => {
    const window = during(10, 20)
    expect(seen([...blocks, b], [open('d1', 'd2')], window)).toBe('d2: owned sighted b')
    expect(seen([...blocks, b], [], window)).toBe('d1: unknown unmanaged-prefix')
    const two = [...blocks, block('d3', '10.2.0.0/16'), b, c]
    const conflict = '?: ambiguous conflicting-sources d2 b|d3 c'
    expect(seen(two, [open('d1', 'd2'), open('d1', 'd3')], window)).toBe(conflict)
    expect(seen(two, [open('d1', 'd3'), open('d1', 'd2')], window)).toBe(conflict)
  })

  test('case 41: an interface whose VPC changes its domain is asked about in the domain of the time', () => {
    const eni = (domain: string, fromMs: number, untilMs: number): Told => ({
      ...held(domain, '10.0.0.5', 'eni-1', fromMs, untilMs),
      layer: 'interface',
      owner: { eni: 'eni-1' },
    })
    const changes = changesOf({ d1: ['10.0.0.0/16'], d2: ['10.0.0.0/16'] }, [
      eni('d2', 50_000, 1e6),
      eni('d1', 0, 50_000),
      held('d1', '10.0.0.9', 'before', 0, 1e6),
      held('d2', '10.0.0.9', 'after', 0, 1e6),
    ])
    const destination = (start: number, end: number) => flowOf(changes, start, end).destination
    expect(destination(60, 70)).toMatchObject({ state: 'owned', application: 'after', domain: 'd2' })
    expect(destination(30, 40)).toMatchObject({ state: 'owned', application: 'before', domain: 'd1' })
    const { source, destination: across } = flowOf(changes, 40, 60)
    expect(across).toMatchObject({ state: 'ambiguous', reason: 'conflicting-sources', application: '', domain: '' })
    expect(across.candidates).toEqual(['d1/before', 'd2/after'])
    expect(source).toMatchObject({ state: 'ambiguous', application: '', domain: '' })
  })

  test('case 73: a host and its subnet that two sources tell of fall back to each other, in any order of arrival', () => {
    const subnet: Told = { ...held('d2', '10.2.0.0/24', 'subnet', 0, 1000), layer: 'network', whole: true }
    const host = changesOf(scopes, [block('d2', '10.2.0.0/16'), held('d2', PEERED, 'b', 0, 500)])
    const other = changesOf({ d3: [] }, [{ ...subnet, domain: 'd3' }]).map(change =>
      change.record === 'claim' ? { ...change, domain: 'd2', source: 'ec2/d3' } : change,
    )
    for (const changes of [[...host, ...other], [...other, ...host], [...other, ...host].reverse()]) {
      const ask = asker(changes, [open('d1', 'd2')])
      expect(inWords(ask('d1', PEERED, during(10, 20)))).toBe('d2: owned sighted b')
      expect(inWords(ask('d1', PEERED, during(600, 620)))).toBe('d2: owned sighted subnet')
      expect(inWords(ask('d1', '10.2.0.6', during(10, 20)))).toBe('d2: owned sighted subnet')
    }
  })
})

describe('the own domain', () => {
  test('wins where it surely has the address, whoever else may be reached', () => {
    const both = { d1: ['10.2.0.0/16'], d2: ['10.2.0.0/16'] }
    const told = [block('d1', '10.2.0.0/16'), block('d2', '10.2.0.0/16'), b]
    const ask = asker(changesOf(both, told), [open('d1', 'd2')])
    expect(inWords(ask('d1', PEERED, during(10, 20)))).toBe('d1: unowned absent-in-complete-polls')
  })

  test('is out of the question once complete polls show its block gone: the VPC is in a domain of its own by then', () => {
    const both = { d1: ['10.1.0.0/16', '10.2.0.0/16'], d2: ['10.2.0.0/16'] }
    const told = [block('d1', '10.2.0.0/16', 0, 50), block('d2', '10.2.0.0/16', 50), held('d1', PEERED, 'a', 0, 50)]
    const ask = asker(changesOf(both, [...told, held('d2', PEERED, 'b', 50, 1000)]), [open('d1', 'd2')])
    expect(inWords(ask('d1', PEERED, during(60, 70)))).toBe('d2: owned sighted b')
    expect(inWords(ask('d1', PEERED, during(30, 40)))).toBe('d1: owned sighted a')
    expect(inWords(ask('d1', PEERED, during(40, 60)))).toMatch(/^\?: ambiguous conflicting-sources d1 a\|/)
  })

  test('stays in question while its source has not looked', () => {
    const both = { d1: ['10.2.0.0/16'], d2: ['10.2.0.0/16'] }
    const known = changesOf(both, [block('d1', '10.2.0.0/16', 0, 50), block('d2', '10.2.0.0/16'), b])
    const stale = known.filter(change => change.record !== 'progress' || change.source !== 'ec2/d1')
    const ask = asker(stale, [open('d1', 'd2')])
    expect(inWords(ask('d1', PEERED, during(60, 70)))).toBe('?: unknown before-coverage d2 b')
  })
})

describe('a reach', () => {
  test('of some blocks leads nowhere else', () => {
    const one = [open('d1', 'd2', ['10.2.7.0/24'])]
    expect(seen([...blocks, b], one, during(10, 20))).toBe('d1: unknown unmanaged-prefix')
    expect(seen([...blocks, b], [open('d1', 'd2', ['10.2.0.0/24'])], during(10, 20))).toBe('d2: owned sighted b')
    expect(seen([...blocks, b], one, during(10, 20), 'd2', '10.2.7.9')).toBe('d2: unowned absent-in-complete-polls')
  })

  test('that begins or ends within the window makes its owner a candidate, with nobody beside it', () => {
    const open50 = [open('d1', 'd2', undefined, { fromMs: 50 })]
    const until50 = [open('d1', 'd2', undefined, { untilMs: 50 })]
    const brief = [open('d1', 'd2', undefined, { fromMs: 45, untilMs: 55 })]
    expect(seen([...blocks, b], open50, during(40, 60))).toBe('d2: ambiguous head nowhere nobody|d2 b')
    expect(seen([...blocks, b], until50, during(40, 60))).toBe('d2: ambiguous tail d2 b|nowhere nobody')
    expect(seen([...blocks, b], brief, during(40, 60))).toBe('d2: ambiguous handoff nowhere nobody|d2 b|nowhere nobody')
    expect(seen([...blocks, b], open50, during(50, 60))).toBe('d2: owned sighted b')
    expect(seen([...blocks, b], open50, during(40, 50))).toBe('d1: unknown unmanaged-prefix')
  })

  test('that another takes over without a gap is one reach', () => {
    const twoWays = [open('d1', 'd2', undefined, { fromMs: 50 }), open('d1', 'd2', undefined, { untilMs: 50 })]
    expect(seen([...blocks, b], twoWays, during(40, 60))).toBe('d2: owned sighted b')
  })

  test('that gives way to one of another domain spans a handoff', () => {
    const moved = [open('d1', 'd2', undefined, { untilMs: 50 }), open('d1', 'd3', undefined, { fromMs: 50 })]
    const told = [...blocks, block('d3', '10.2.0.0/16'), b, c]
    expect(seen(told, moved, during(40, 60))).toBe('?: ambiguous spans-handoff d2 b|d3 c')
  })

  test('to an address that nobody holds does not make the holder in another domain sure', () => {
    const told = [...blocks, block('d3', '10.2.0.0/16'), b]
    const both = [open('d1', 'd2'), open('d1', 'd3')]
    expect(seen(told, both, during(10, 20))).toBe('?: ambiguous conflicting-sources d2 b|d3 nobody')
    expect(seen(told.slice(0, 3), both, during(10, 20))).toBe('?: unowned absent-in-complete-polls d2 nobody|d3 nobody')
  })

  test('to a domain that surely has no such block is no candidate', () => {
    expect(seen([...blocks, b], [open('d1', 'd2'), open('d1', 'd3')], during(10, 20))).toBe('d2: owned sighted b')
  })

  test('to declared blocks that no source watches leaves us blind, with the other owners as candidates', () => {
    const both = [open('d1', 'corp', ['10.0.0.0/8']), open('d1', 'd2')]
    expect(seen([...blocks, b], both, during(10, 20))).toBe('?: unknown no-such-domain d2 b')
    const corp = [open('d1', 'corp', ['10.0.0.0/8'])]
    expect(seen([...blocks, b], corp, during(10, 20))).toBe('corp: unknown no-such-domain')
    expect(seen([...blocks, b], corp, during(10, 20), 'd1', '10.1.0.9')).toBe('d1: unowned absent-in-complete-polls')
  })

  test('leads no further than its own end', () => {
    const chain = [open('d1', 'd3'), open('d3', 'd2')]
    expect(seen([...blocks, b], chain, during(10, 20))).toBe('d1: unknown unmanaged-prefix')
  })

  test('is final and has a watermark only as far as all that were asked', () => {
    const changes = changesOf(scopes, [...blocks, block('d3', '10.2.0.0/16'), b, c])
    const early = changes.map(change =>
      change.record === 'progress' && change.source === 'ec2/d3' && change.completeUpToMs > 0
        ? { ...change, completeUpToMs: 15 }
        : change,
    )
    const { answer } = asker(early, [open('d1', 'd2'), open('d1', 'd3')])('d1', PEERED, during(10, 20))
    expect([answer.watermarkMs, answer.final]).toEqual([15, false])
    const { answer: alone } = asker(early, [open('d1', 'd2')])('d1', PEERED, during(10, 20))
    expect([alone.watermarkMs, alone.final]).toEqual([1e7, true])
  })
})

describe('a record', () => {
  const own: Told = { ...held('d1', '10.0.0.5', 'eni-1', 0, 1e6), layer: 'interface', owner: { eni: 'eni-1' } }

  test('that shows neither end to be remote, across a change of the rules, says of neither that nobody held it', () => {
    const changes = changesOf({ d1: ['10.0.0.0/16'], d2: ['10.0.0.0/16'] }, [])
    const rules = [{ domain: 'd1', untilMs: 50_000 }, { domain: 'd2' }]
    const shown = { 'interface-id': 'eni-9', 'vpc-id': 'vpc-9', 'flow-direction': '-' }
    const mayBeOwn = { state: 'ambiguous', reason: 'interface-level', domain: '' }
    const { source, destination } = flowOf(changes, 40, 60, shown, { rules })
    expect([source, destination]).toEqual([expect.objectContaining(mayBeOwn), expect.objectContaining(mayBeOwn)])
    const remote = flowOf(changes, 40, 60, { ...shown, 'flow-direction': 'egress' }, { rules }).destination
    expect(remote).toMatchObject({ state: 'unowned', domain: '' })
  })

  test('of an interface that was not watched throughout may show an address of its own: it is not looked for elsewhere', () => {
    const changes = changesOf({ d1: ['10.0.0.0/16'], d2: ['10.2.0.0/16'] }, [
      own,
      block('d2', '10.2.0.0/16'),
      held('d2', PEERED, 'b', 0, 1e6),
    ])
    const blind = changes.filter(change => change.record !== 'progress' || change.source !== 'ec2/d1')
    const packet = { 'pkt-srcaddr': PEERED, 'pkt-dstaddr': '10.0.0.9' }
    const source = (known: readonly Change[]) => flowOf(known, 10, 20, packet, { reaches: [open('d1', 'd2')] }).source
    expect(source(changes)).toMatchObject({ state: 'owned', application: 'b', domain: 'd2' })
    expect(source(blind)).toMatchObject({ state: 'unknown', domain: 'd1' })
  })
})

test('a table of no reaches leads nowhere', () => {
  const table = reachTable([open('d1', 'd1')])
  expect(table.beyond('d1', question(PEERED, 0).ip, during(0, 1), () => true)).toEqual([])
  expect(table.beyond('d2', question(PEERED, 0).ip, during(0, 1), () => true)).toEqual([])
})

test('the stretches in which a domain may have an address are joined, in order of time', () => {
  const reaches = [
    open('d1', 'd2', undefined, { fromMs: 70, untilMs: 80 }),
    open('d1', 'd2', undefined, { fromMs: 0, untilMs: 20 }),
    open('d1', 'd2', undefined, { fromMs: 20, untilMs: 50 }),
    open('d1', 'a', ['10.2.0.0/16']),
  ]
  const found = reachTable(reaches).beyond('d1', question(PEERED, 0).ip, during(10, 75), domain => domain === 'd2')
  expect(found).toEqual([
    { domain: 'a', during: [during(10, 75)] },
    { domain: 'd2', during: [during(10, 50), during(70, 75)] },
  ])
})
