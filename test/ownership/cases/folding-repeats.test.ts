import { describe, expect, test } from 'vitest'
import { brief, changesOf, everyArrival, told, toldOf } from '../../support/claimed-events.ts'

describe('the same thing said again', () => {
  test('case 10: an assignment that is delivered twice is one claim', () => {
    const changes = changesOf(['+A@10'])
    const twice = toldOf([...changes, ...changes])
    expect(twice.index.counts().claims).toBe(1)
    expect(twice.life(40)).toBe('0 nobody, 10 A')
  })

  test('case 11: an owner who is asserted again later has held on, in one claim', () => {
    const story = told('+A@10 +A@12')
    expect(story.index.counts().claims).toBe(1)
    expect(story.life(40)).toBe('0 nobody, 10 A')
  })

  test('case 12: a second release of what has ended changes nothing', () => {
    // No metric either: a source repeats a claim or keeps silent, and a repeated claim is the same claim.
    const once = told('+A@10 -A@20')
    const twice = told('+A@10 -A@20 -A@21')
    expect(twice.life(40)).toBe('0 nobody, 10 A, 20 nobody')
    expect(twice.index.counts().claims).toBe(once.index.counts().claims)
  })
})

describe('a release without its assignment', () => {
  test('case 13: a release that is heard before its assignment ends in the plain holding', () => {
    const { changes } = told('-A@20 +A@10')
    for (const order of everyArrival(changes)) {
      expect(toldOf(order).life(40)).toBe('0 nobody, 10 A, 20 nobody')
    }
  })

  test('case 14: until the assignment is heard the releaser is a candidate, never the owner', () => {
    // The rule that this case comes from infers a holding of A since the last known boundary. Nobody saw it begin: the
    // release proves the end alone, so the start is a window, and `owned` would be a guess.
    const story = told('-A@20')
    expect(story.at(15)).toBe('ambiguous head A|nobody')
    expect(story.at(20)).toBe('nobody')
    expect(told('+B@3 -B@8 -A@20').life(40)).toBe('0 nobody, 3 B, 8 ambiguous head A|nobody, 20 nobody')
    expect(told('-A@20 +A@10').at(15)).toBe('A')
  })
})

describe('a release that was lost or came late', () => {
  test('case 15: the predecessor owns the address as long as it was vouched for, not up to its successor', () => {
    // An implicit end at 20 would make A the owner until then. It may have left at any time after the source's last word.
    const story = told('+A@10 =18 +B@20')
    expect(story.life(40)).toBe('0 nobody, 10 A, 18 ambiguous tail A|nobody, 20 B')
    expect(told('+A@10 +B@20').life(40)).toBe('0 nobody, 10 ambiguous tail A|nobody, 20 B')
  })

  test('case 16: a release that comes after the successor leaves the successor alone', () => {
    const late = told('+A@10 =18 +B@20 -A@25')
    expect([24.999, 25, 26].map(second => late.at(second))).toEqual(['B', 'B', 'B'])
    expect(late.life(40)).toBe(told('+A@10 =18 +B@20').life(40))
  })

  test('case 17: a release that contradicts a holding in between does not bring the old owner back', () => {
    // A held the address before B was certain of it, so that holding had ended by then, whenever its release is dated.
    const late = told('+A@10 =18 +B@20 -B@30 -A@40')
    expect(late.at(35)).toBe('nobody')
    expect(late.life(50)).toBe('0 nobody, 10 A, 18 ambiguous tail A|nobody, 20 B, 30 nobody')
    // No flag says "contradiction": where a source insists on both, the answer itself is the conflict.
    const insisting = told('+A@10 -A@40', { events: '+B@20 -B@30' })
    expect(insisting.at(25)).toBe('ambiguous conflicting-sources A|B')
  })

  test('case 18: a release of whoever holds the address does not touch one who takes it at that instant', () => {
    for (const events of ['+A@10 -*@20 +B@20', '+A@10 +B@20 -*@20', '+B@20 +A@10 -*@20']) {
      const story = told(events)
      expect([events, story.at(20), story.at(30)]).toEqual([events, 'B', 'B'])
    }
    for (const order of everyArrival(told('+A@10 -*@20 +B@20').changes)) {
      expect(toldOf(order).life(40)).toBe('0 nobody, 10 A, 20 B')
    }
  })
})

describe('much within one instant', () => {
  test('case 19: a holding of no length never matches', () => {
    const story = told('+A@10 -A@10')
    expect(story.index.counts().claims).toBe(1)
    expect(story.life(20)).toBe('0 nobody')
    expect(brief(story.flow(9, 10))).toBe('nobody')
  })

  test('case 20: an owner that leaves and returns within one instant is one owner with two claims', () => {
    const story = told('+A@5 -A@10 +A@10')
    expect(brief(story.flow(9, 10))).toBe('A')
    expect(story.flow(9, 10).split).toBeNull()
    expect(story.index.counts().claims).toBe(2)
    expect(story.life(20)).toBe('0 nobody, 5 A')
  })

  test('case 21: an owner that comes back after another does not own what lies between', () => {
    const story = told('+A@10 -A@20 +B@20 -B@30 +A@30')
    expect([story.at(25), story.at(35)]).toEqual(['B', 'A'])
    expect(story.life(40)).toBe('0 nobody, 10 A, 20 B, 30 A')
    expect(story.flow(15, 35).reason).toBe('spans-handoff')
  })
})
