import { describe, expect, test } from 'vitest'
import { attribute, windowOf } from '../../../src/enricher/attribute.ts'
import { lookUpsOn } from '../../../src/enricher/look-ups.ts'
import { askFrom } from '../../../src/ownership/across-domains.ts'
import type { Question } from '../../../src/ownership/answer.ts'
import { reachTable } from '../../../src/ownership/reach.ts'
import { brief, changesOf, ms, NOW_MS, type Story, type Told, told, toldOf } from '../../support/claimed-events.ts'
import { INTERFACES, inBrief } from '../../support/enriched-stories.ts'
import { prefix, question } from '../../support/estate.ts'
import { recordOf } from '../../support/flow-records.ts'

const ends = {
  'flow-direction': 'egress',
  srcaddr: '10.0.0.5',
  dstaddr: '10.0.0.6',
  'pkt-srcaddr': '10.0.0.5',
  'pkt-dstaddr': '10.0.0.6',
}

function attributed({ index }: Told, shown: Readonly<Record<string, string | number>>): string {
  const record = recordOf({ ...ends, ...shown })
  const window = windowOf(record, 0)
  if (window === undefined) throw new TypeError('no time')
  return inBrief(attribute(record, window, NOW_MS, lookUpsOn(index, [])))
}

describe('an address means one thing in one routing domain', () => {
  test('case 38: the same address in two VPCs has two owners, and neither answers for the other', () => {
    const story = told('+A@0', { events: '+B@0', domain: 'd2' })
    expect([story.at(1), story.at(1, '10.0.0.5', 'd2')]).toEqual(['A', 'B'])
    const onlyA = told('+A@0')
    expect(onlyA.at(1, '10.0.0.5', 'd2')).toBe('nobody')
  })

  test('case 39: a flow of an interface whose VPC is not known is answered for no domain', () => {
    const story = told(...INTERFACES, '+A@0', { events: '+P@0', prefix: '10.0.0.6' })
    const unknown = 'unknown no-such-domain'
    expect(attributed(story, { 'interface-id': 'eni-9', start: 10, end: 20 })).toBe(`${unknown} -> ${unknown}`)
    expect(attributed(story, { 'interface-id': 'eni-1', start: 10, end: 20 })).toMatch(/-> P$/)
    expect(story.at(10, '10.0.0.5', 'd9')).toBe(unknown)
  })

  test('case 40: an address of a peered VPC is answered in the peer’s domain, and in neither of two that have it', () => {
    const network = (domain: string): Story => ({
      events: `+${domain}@0`,
      domain,
      prefix: '10.2.0.0/16',
      layer: 'network',
      source: domain,
    })
    const host = (domain: string, events: string): Story => ({ events, domain, prefix: '10.2.0.5', source: domain })
    const scopes = { d1: ['d1 10.1.0.0/16'], d2: ['d2 10.2.0.0/16'], d3: ['d3 10.2.0.0/16'] }
    const { index } = toldOf(
      changesOf(
        [
          { events: '+A@0', prefix: '10.1.0.5', source: 'd1' },
          network('d2'),
          host('d2', '+B@0'),
          network('d3'),
          host('d3', '+C@0'),
        ],
        { scopes },
      ),
    )
    const { isManaged } = lookUpsOn(index, [])
    const from = (...peers: readonly string[]) => {
      const open = { fromMs: 0, untilMs: Number.POSITIVE_INFINITY, cidrs: [prefix('10.2.0.0/16')], via: 'pcx-1' }
      const reach = reachTable(peers.map(to => ({ ...open, from: 'd1', to })))
      const asked = question('10.2.0.5', ms(10), ms(20), { nowMs: NOW_MS })
      const lookUps = { ask: (asked: Question) => index.ask(asked), isManaged, reach }
      const { domain, answer } = askFrom([{ from: 'd1', base: 'd1' }], asked, lookUps)
      return [domain, brief(answer)]
    }
    expect(from('d2')).toEqual(['d2', 'B'])
    expect(from('d3')).toEqual(['d3', 'C'])
    expect(from('d2', 'd3')).toEqual([undefined, 'ambiguous conflicting-sources B|C'])
    expect(from()).toEqual(['d1', 'unknown unmanaged-prefix'])
  })

  test('case 41: an interface whose VPC changes its domain is asked about in the domain of the time', () => {
    const [first] = INTERFACES
    const story = told({ ...first, events: '+E1@0 -E1@50' }, { ...first, events: '+E1@50', domain: 'd2' }, '+A@0', {
      events: '+B@0',
      domain: 'd2',
    })
    const sender = (start: number, end: number) =>
      attributed(story, { 'interface-id': 'eni-1', start, end }).split(' -> ')[0]
    expect(sender(30, 49)).toBe('A')
    expect(sender(50, 60)).toBe('B')
    expect(sender(45, 55)).not.toMatch(/^[AB]$/)
  })
})
