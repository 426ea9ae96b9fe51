import { describe, expect, test } from 'vitest'
import { noDoubt, prefix } from '../support/estate.ts'
import { claim, EVER, missing, NEVER, named, open, poll, source } from '../support/plain-changes.ts'

describe('progress names what its source has now seen', () => {
  test('from the last complete poll up to this one', () => {
    expect(named(poll(200), [source(1), poll(100)])).toEqual(['d1 10.0.0.0/8 100..200'])
  })

  test('each scope once', () => {
    const [scope] = source(1).scope
    const wide = source(1, {
      scope: [
        { ...scope, domain: 'd1', prefix: prefix('10.1.0.0/16'), layers: ['instance'], fromMs: 0 },
        { ...scope, domain: 'd1', prefix: prefix('10.1.0.0/16'), layers: ['container'], fromMs: 0 },
        { ...scope, domain: 'd2', prefix: prefix('::/0'), layers: ['instance'], fromMs: 0 },
      ],
    })
    expect(named(poll(200), [wide, poll(100)])).toEqual(['d1 10.1.0.0/16 100..200', 'd2 ::/0 100..200'])
  })

  test('the first poll: all later times, of which it can be told when the next word is due', () => {
    expect(named(poll(100), [source(1)])).toEqual(['d1 10.0.0.0/8 105..Infinity'])
  })

  test('the first poll: how far it carries each open claim', () => {
    const earlier = claim(1, { ...open, end: { earliestMs: 130, latestMs: NEVER } })
    expect(named(poll(300), [source(1), earlier])).toEqual([
      'd1 10.0.0.0/8 305..Infinity',
      'd1 10.0.0.1/32 100..120', // its start: the window was told from what nobody had looked at
      'd1 10.0.0.1/32 130..300', // its certainty
    ])
  })

  test('the first poll: of the time before it what it shows was and is before coverage', () => {
    const [scope] = source(1).scope
    const watching = source(1, { scope: scope ? [{ ...scope, fromMs: 300 }] : [] })
    const first = claim(1, {
      state: 'open',
      start: { earliestMs: EVER, latestMs: 305 },
      end: { earliestMs: 300, latestMs: NEVER },
    })
    expect(named(poll(300), [watching, first])).toEqual(['d1 10.0.0.0/8 305..Infinity'])
  })

  test('a refused poll, one that is told twice, and one between two that were close enough name nothing', () => {
    const before = [source(1), poll(100), poll(200)]
    const refused = { reason: 'throttled', detail: '' }
    expect(named(poll(300, { refused }), before)).toEqual([])
    expect(named(poll(200), before)).toEqual([])
    expect(named(poll(150), before)).toEqual([])
  })

  test('a late poll mends the hole that it lies in', () => {
    expect(named(poll(250), [source(1), poll(10), poll(100), poll(400)])).toEqual(['d1 10.0.0.0/8 100..400'])
  })

  test('a late poll mends one side of a hole, and leaves the other', () => {
    expect(named(poll(150), [source(1), poll(10), poll(100), poll(400)])).toEqual(['d1 10.0.0.0/8 100..150'])
  })

  test('a poll far behind the last word: the hole is told from silence', () => {
    expect(named(poll(900), [source(1), poll(100)])).toEqual(['d1 10.0.0.0/8 100..900'])
  })

  test('a poll before the first one: there is evidence from it on', () => {
    expect(named(poll(100), [source(1), poll(250), poll(400)])).toEqual(['d1 10.0.0.0/8 105..255'])
  })

  test('a poll that becomes the first of a scope, and was over after the next: until then it shows nothing', () => {
    const [first] = source(1).scope
    const later = source(1, { scope: first ? [{ ...first, fromMs: 110 }] : [] })
    const before = [later, poll(100), poll(120, { overAtMs: 120 }), poll(200)]
    expect(named(poll(110, { overAtMs: 130 }), before)).toEqual(['d1 10.0.0.0/8 120..130'])
  })

  test('a late poll proves absence where the briefest holding no longer fits between its neighbours', () => {
    const brief = source(1, { bounds: { ...noDoubt, longestGapMs: 1000, briefestHoldingMs: 150 } })
    const before = [brief, poll(100), poll(200), poll(400), poll(500)]
    // The poll at 400 was over at 405: until then it may be the one at 300 that shows the moment.
    expect(named(poll(300), before)).toEqual(['d1 10.0.0.0/8 200..405'])
    expect(named(poll(230), before)).toEqual(['d1 10.0.0.0/8 200..230'])
    expect(named(poll(260), [...before, poll(300)])).toEqual([])
  })

  test('while a poll was not over, the one before it counts too: what it proves begins with its neighbour', () => {
    const brief = source(1, { bounds: { ...noDoubt, longestGapMs: 1000, briefestHoldingMs: 230 } })
    const slow = poll(300, { overAtMs: 420 })
    const before = [brief, poll(100), poll(200), slow, poll(600)]
    expect(named(poll(450), before)).toEqual(['d1 10.0.0.0/8 300..600'])
  })

  test('a poll that is told again, and was over earlier, proves more', () => {
    const brief = source(1, { bounds: { ...noDoubt, longestGapMs: 1000, briefestHoldingMs: 150 } })
    const before = [brief, poll(10), poll(100), poll(200, { overAtMs: 400 }), poll(600)]
    expect(named(poll(200), before)).toEqual(['d1 10.0.0.0/8 100..200'])
  })

  test('open claims that no scope of the source covers are carried on as well', () => {
    const outside = claim(1, { ...open, at: '192.0.2.1' })
    expect(named(poll(500), [source(1), poll(400), outside])).toEqual([
      'd1 10.0.0.0/8 400..500',
      'd1 192.0.2.1/32 400..500',
    ])
    expect(named(poll(500), [poll(400), claim(1, open)])).toEqual(['d1 10.0.0.1/32 400..500'])
    expect(named(poll(350), [poll(400), claim(1, open)])).toEqual([])
  })
})

describe('a registration names where its source watches otherwise', () => {
  const all = 'd1 10.0.0.0/8 -Infinity..Infinity'
  const scope = (text: string, fromMs: number, domain = 'd1') =>
    ({ domain, prefix: prefix(text), layers: ['instance'], fromMs }) as const

  test('a new source: all of its scopes, at all times', () => {
    expect(named(source(1), [claim(1)])).toEqual([all])
  })

  test('another epoch, other words for people, another lag: nothing', () => {
    const before = [source(1), poll(100)]
    expect(named(source(1), before)).toEqual([])
    expect(named(source(2), before)).toEqual([])
    expect(named(source(2, { kind: 'other', bounds: { ...source(1).bounds, lagMs: 5, bridgeMs: 7 } }), before)).toEqual(
      [],
    )
    expect(named(source(0, { scope: [] }), before)).toEqual([])
  })

  test('a scope more or less: that scope alone', () => {
    const more = source(2, { scope: [...source(1).scope, scope('192.0.2.0/24', 300)] })
    expect(named(more, [source(1), poll(100)])).toEqual(['d1 192.0.2.0/24 -Infinity..Infinity'])
    expect(named(source(3), [more, poll(100)])).toEqual(['d1 192.0.2.0/24 -Infinity..Infinity'])
  })

  test('a scope around one that was watched: all of it, and what it claimed there before was beyond its scope', () => {
    const narrow = source(1, { scope: [scope('10.0.0.0/24', 0)] })
    expect(named(source(2), [narrow, poll(100)])).toEqual([all])
    const block = claim(1, { ...open, at: '10.0.0.0/8' })
    expect(named(poll(500), [narrow, poll(400), block])).toEqual(['d1 10.0.0.0/24 400..500', 'd1 10.0.0.0/8 400..500'])
  })

  test('a scope within one that has been watched for longer: nothing', () => {
    const more = source(2, { scope: [...source(1).scope, scope('10.1.0.0/16', 300)] })
    expect(named(more, [source(1), poll(100)])).toEqual([])
  })

  test('a scope that is watched from later on: the time between', () => {
    const later = source(2, { scope: [scope('10.0.0.0/8', 150)] })
    expect(named(later, [source(1), poll(100), poll(200), poll(300)])).toEqual(['d1 10.0.0.0/8 0..205'])
  })

  test('a longer gap allowed: the holes that it mends', () => {
    const before = [source(1), poll(10), poll(100), poll(400), poll(500), poll(900)]
    const longer = source(2, { bounds: { ...noDoubt, longestGapMs: 350 } })
    expect(named(longer, before)).toEqual(['d1 10.0.0.0/8 100..400'])
  })

  test('a source that is removed: from then on', () => {
    const removed = source(2, { validity: { fromMs: 0, untilMs: 600 } })
    expect(named(removed, [source(1), poll(100)])).toEqual(['d1 10.0.0.0/8 600..Infinity'])
    const outside = claim(1, { ...missing, at: '192.0.2.1' })
    expect(named(removed, [source(1), poll(100), outside])).toEqual([
      'd1 10.0.0.0/8 600..Infinity',
      'd1 192.0.2.1/32 600..Infinity',
    ])
  })

  test('a domain that only this source names becomes known, or unknown again', () => {
    const everywhere = ['d1 0.0.0.0/0 -Infinity..Infinity', 'd1 ::/0 -Infinity..Infinity']
    expect(named(source(1), [])).toEqual(everywhere)
    expect(named(source(2, { scope: [] }), [source(1)])).toEqual(everywhere)
    expect(named(source(2, { scope: [] }), [source(1), source(1, { source: 'two' })])).toEqual([all])
  })
})
