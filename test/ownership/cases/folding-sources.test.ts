import { describe, expect, test } from 'vitest'
import { everyOrder, told, toldOf } from '../../support/claimed-events.ts'

describe('two sources that name different owners', () => {
  test('case 22: a source of events does not outvote a poll, the conflict is the answer', () => {
    // Ranking the sources would make one of them the owner. Both may be wrong, and neither says that the other is; which
    // of them is better decides only between two names of one and the same lifetime.
    const story = told({ events: '+A@10', source: 'cloudtrail' }, { events: '+B@10', source: 'poll' })
    expect(story.at(10)).toBe('ambiguous conflicting-sources A|B')
    expect(story.at(9.999)).toBe('nobody')
  })

  test('case 23: two sources of equal rank give the same conflict in every order of arrival', () => {
    const { changes } = told({ events: '+A@10', source: 's1' }, { events: '+B@10', source: 's2' })
    const sources = ['s1', 's2'].map(name => changes.filter(change => 'source' in change && change.source === name))
    for (const order of everyOrder(sources)) {
      expect(toldOf(order.flat()).life(20)).toBe('0 nobody, 10 ambiguous conflicting-sources A|B')
    }
  })
})

describe('an address that several hold at once', () => {
  test('case 24: each of its holders is a candidate, and the last one left is the owner', () => {
    const story = told({ events: '+A@10 +B@15 -A@20', shared: true })
    expect([story.at(17), story.at(25)]).toEqual(['ambiguous shared-address A|B', 'B'])
    expect(story.life(40)).toBe('0 nobody, 10 A, 15 ambiguous shared-address A|B, 20 B')
  })
})
