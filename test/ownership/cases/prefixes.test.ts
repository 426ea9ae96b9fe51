import { describe, expect, test } from 'vitest'
import { toIp } from '../../../src/ownership/address.ts'
import { createOwnershipIndex } from '../../../src/ownership/ownership-index.ts'
import { toPrefix } from '../../../src/ownership/prefix.ts'
import { changesOf, ms, type Story, told, toldOf } from '../../support/claimed-events.ts'
import { inWords, owner, question, TestSource } from '../../support/estate.ts'

/** A subnet owns nothing by itself: these are marked as wholly their owner's. */
const network = (events: string, prefix: string): Story => ({ events, prefix, layer: 'network', whole: true })
const subnet = network('+S@0', '10.0.0.0/24')
const lengthAt = (story: ReturnType<typeof told>, second: number) =>
  story.ask(question('10.0.0.5', ms(second))).holding?.prefix

describe('the longest prefix that is live decides', () => {
  test('case 25: a held host beats its subnet', () => {
    const story = told(subnet, '+A@10')
    expect([story.at(15), lengthAt(story, 15)]).toEqual(['A', '10.0.0.5/32'])
    expect(story.at(15, '10.0.0.6')).toBe('S')
    expect(told({ ...subnet, whole: false }, '+A@10').at(15, '10.0.0.6')).toBe('nobody')
  })

  test('case 26: a released host falls back to its subnet', () => {
    const story = told(subnet, '+A@10 -A@20')
    expect([story.at(25), lengthAt(story, 25)]).toEqual(['S', '10.0.0.0/24'])
    expect([story.at(19.999), story.at(20)]).toEqual(['A', 'S'])
  })

  test('case 27: a host that is not assigned yet is its subnet’s', () => {
    const story = told(subnet, '+A@10')
    expect([story.at(5), lengthAt(story, 5)]).toEqual(['S', '10.0.0.0/24'])
    expect([story.at(9.999), story.at(10)]).toEqual(['S', 'A'])
  })

  test('case 28: a dead prefix in the middle of three does not hide the one above it', () => {
    const story = told(network('+P@0', '10.0.0.0/16'), network('+S@0 -S@10', '10.0.0.0/24'))
    expect([story.at(15), lengthAt(story, 15)]).toEqual(['P', '10.0.0.0/16'])
    expect([story.at(9.999), story.at(10)]).toEqual(['S', 'P'])
  })

  test('case 29: where the longest prefix is ambiguous the subnet is one of the candidates, not the answer', () => {
    const index = createOwnershipIndex()
    const source = new TestSource(index)
    const within = { address: '10.0.0.0/24', owner: owner('S'), layer: 'network', whole: true } as const
    for (const [second, name] of [
      [5, 'A'],
      [10, 'A'],
      [20, 'B'],
      [30, 'B'],
    ] as const) {
      source.poll(ms(second), ms(second), [within, { address: '10.0.0.5', owner: owner(name) }])
    }
    const at = (second: number) => inWords(index.ask(question('10.0.0.5', ms(second))))
    expect(at(15)).toBe('ambiguous handoff A|B|S')
    expect([at(9.999), at(20)]).toEqual(['owned sighted A', 'owned sighted B'])
  })
})

describe('addresses at the edges of a prefix', () => {
  test('case 30: a default route holds every address, by a length of zero', () => {
    const story = told(network('+D@0', '0.0.0.0/0'))
    for (const address of ['0.0.0.0', '10.0.0.5', '127.255.255.255', '128.0.0.0', '255.255.255.255']) {
      expect([address, story.at(1, address)]).toEqual([address, 'D'])
    }
    expect(lengthAt(story, 1)).toBe('0.0.0.0/0')
    expect(story.at(1, '2001:db8::1')).toBe('nobody')
  })

  test('case 31: the first and the last address of a subnet are in it, the ones beside it are not', () => {
    const story = told(subnet)
    expect([story.at(1, '10.0.0.0'), story.at(1, '10.0.0.255')]).toEqual(['S', 'S'])
    expect([story.at(1, '9.255.255.255'), story.at(1, '10.0.1.0')]).toEqual(['nobody', 'nobody'])
  })

  test('case 32: addresses whose first bit is set match like any other', () => {
    const stories = [
      { events: '+A@0', prefix: '255.255.255.255' },
      { events: '+B@0', prefix: '128.0.0.1' },
      network('+H@0', '192.0.0.0/2'),
    ]
    const story = toldOf(changesOf(stories, { scopes: { events: ['d1 128.0.0.0/1'] } }))
    expect(['255.255.255.255', '128.0.0.1'].map(ip => story.at(1, ip))).toEqual(['A', 'B'])
    expect(['255.255.255.254', '128.0.0.0', '127.0.0.1'].map(ip => story.at(1, ip))).toEqual([
      'H',
      'nobody',
      'unknown unmanaged-prefix',
    ])
  })
})

describe('one address, many ways to write it', () => {
  test('case 33: a prefix with host bits set is kept without them', () => {
    expect(toPrefix('10.0.0.7/24')).toBe('10.0.0.0/24')
    expect(toPrefix('10.0.0.255/31')).toBe('10.0.0.254/31')
    expect(['10.0.0.7/33', '10.0.0.7/', '10.0.0.7/-1', '10.0.0.7/024'].map(toPrefix)).toEqual(Array(4).fill(undefined))
    expect(told(network('+S@0', '10.0.0.7/24')).at(1, '10.0.0.200')).toBe('S')
  })

  test('case 34: an IPv4 address mapped into IPv6 is the IPv4 address, in claims and in questions', () => {
    expect(told('+A@0').at(1, '::ffff:10.0.0.5')).toBe('A')
    expect(told({ events: '+A@0', prefix: '::ffff:10.0.0.5' }).at(1, '10.0.0.5')).toBe('A')
    expect(told(network('+S@0', '::ffff:10.0.0.0/120')).at(1, '10.0.0.255')).toBe('S')
    expect(told('+A@0').at(1, '::ffff:10.0.0.6')).toBe('nobody')
  })

  test('case 35: addresses that only look like a mapped one are IPv6 addresses of their own', () => {
    const looks = ['64:ff9b::a00:5', '2002:a00:5::', '::10.0.0.5']
    const story = told('+A@0', { events: '+B@0', prefix: '64:ff9b::a00:5' })
    expect(looks.map(ip => story.at(1, ip))).toEqual(['B', 'nobody', 'nobody'])
    expect(story.at(1, '10.0.0.5')).toBe('A')
  })

  test('case 36: all texts of one IPv6 address are one address', () => {
    const texts = ['2001:DB8:0:0::1', '2001:db8::1', '2001:0db8:0000:0000:0000:0000:0000:0001', '2001:db8::0.0.0.1']
    expect(new Set(texts.map(toIp))).toEqual(new Set(['2001:db8::1']))
    for (const prefix of texts) {
      const story = told({ events: '+A@0', prefix })
      expect(texts.map(ip => story.at(1, ip))).toEqual(['A', 'A', 'A', 'A'])
      expect(story.at(1, '2001:db8::2')).toBe('nobody')
    }
  })

  test('case 37: an IPv6 host beats its /64, and a released one falls back to it', () => {
    const story = told(network('+S@0', '2001:db8::/64'), { events: '+A@10 -A@20', prefix: '2001:db8::5' })
    expect([story.at(15, '2001:db8::5'), story.at(25, '2001:db8::5')]).toEqual(['A', 'S'])
    expect(story.at(15, '2001:db8::ffff:ffff:ffff:ffff')).toBe('S')
    expect(story.at(15, '2001:db8:0:1::5')).toBe('nobody')
  })
})
