import { describe, expect, test } from 'vitest'
import { brief, everyArrival, told, toldOf } from '../../support/claimed-events.ts'

describe('where a holding begins and ends', () => {
  test('case 1: the instant of the start belongs to the holding', () => {
    expect(told('+A@10').at(10)).toBe('A')
  })

  test('case 2: the millisecond before the start does not', () => {
    expect(told('+A@10').at(9.999)).toBe('nobody')
  })

  test('case 3: the instant of the end does not belong to the holding', () => {
    expect(told('+A@10 -A@20').at(20)).toBe('nobody')
  })

  test('case 4: the millisecond before the end does', () => {
    expect(told('+A@10 -A@20').at(19.999)).toBe('A')
  })
})

describe('where one holding follows another', () => {
  test('case 5: in a handoff at one instant there is exactly one owner at every instant', () => {
    const story = told('+A@10 -A@20 +B@20')
    expect([story.at(19.999), story.at(20)]).toEqual(['A', 'B'])
    expect(story.life(40)).toBe('0 nobody, 10 A, 20 B')
  })

  test('case 6: the same handoff heard the other way round gives the same answers', () => {
    // Between the two events the end of A is a window that closes at 20; the release then says when within it.
    expect(told('+A@10 +B@20').at(15)).toBe('ambiguous tail A|nobody')
    expect(told('+A@10 +B@20 -A@20').life(40)).toBe(told('+A@10 -A@20 +B@20').life(40))
  })

  test('case 7: in a gap between two owners neither of them is the owner', () => {
    const story = told('+A@10 -A@20 +B@25')
    expect(story.at(22)).toBe('nobody')
    expect(story.life(40)).toBe('0 nobody, 10 A, 20 nobody, 25 B')
  })

  test('case 8: a flow inside the gap belongs to nobody', () => {
    const story = told('+A@10 -A@20 +B@25')
    expect(brief(story.flow(21, 23))).toBe('nobody')
    expect(story.flow(21, 25).state).toBe('ambiguous')
    expect(story.flow(19, 23).state).toBe('ambiguous')
  })

  test('case 9: changes that arrive in any order give the same holdings', () => {
    // The end of A rests on B's start here: what the source had vouched for by then is A's, the rest is a window.
    const { changes } = told('+A@10 =20 +B@20 -B@30')
    const lives = everyArrival(changes).map(order => toldOf(order).life(40))
    expect(lives).toHaveLength(24)
    expect(new Set(lives)).toEqual(new Set(['0 nobody, 10 A, 20 B, 30 nobody']))
  })
})
