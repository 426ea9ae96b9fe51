import { describe, expect, test } from 'vitest'
import type { Claim } from '../../src/ownership/claim.ts'
import { correctionsOf, type KnownBefore } from '../../src/ownership/corrections.ts'
import { createOwnershipIndex } from '../../src/ownership/ownership-index.ts'
import { indexOf, owner, prefix, TestSource } from '../support/estate.ts'
import { KnownChanges } from '../support/known-changes.ts'
import { claim, EVER, horizon, missing, NEVER, named, open, poll, source } from '../support/plain-changes.ts'

type Part<T> = Partial<Omit<T, 'revision' | 'prefix'>>

describe('a claim names where its prefix is told of differently', () => {
  test('a new one: from when it may have begun until it must have ended', () => {
    expect(named(claim(1), [source(1), poll(400)])).toEqual(['d1 10.0.0.1/32 100..340'])
  })

  test('case 58: one that is told again, superseded, or sighted again alters nothing', () => {
    const held = [source(1), poll(400), claim(2)]
    expect(named(claim(2), held)).toEqual([])
    expect(named(claim(1, { owners: [owner('batch')] }), held)).toEqual([])
    expect(named(claim(3), held)).toEqual([])
    expect(named(claim(3, { lastSightingMs: 330 }), held)).toEqual([])
  })

  test('an open one that a poll sighted again, when its progress has said so already', () => {
    const sighted = claim(2, { ...open, end: { earliestMs: 400, latestMs: NEVER } })
    expect(named(sighted, [source(1), claim(1, open), poll(400)])).toEqual([])
  })

  test('one window narrowed: what was possible and is not, what was possible and is certain', () => {
    const narrowed = claim(2, { start: { earliestMs: 105, latestMs: 115 }, end: { earliestMs: 320, latestMs: 340 } })
    expect(named(narrowed, [source(1), poll(400), claim(1)])).toEqual([
      'd1 10.0.0.1/32 100..105',
      'd1 10.0.0.1/32 115..120',
      'd1 10.0.0.1/32 300..320',
    ])
  })

  test('open, then missing: certainty goes back from the progress to the last sighting', () => {
    expect(named(claim(2, missing), [source(1), poll(400), claim(1, open)])).toEqual(['d1 10.0.0.1/32 300..Infinity'])
  })

  test('open, then missing as of the last poll: beyond it, from unwatched to perhaps over', () => {
    const end = { earliestMs: 400, latestMs: NEVER }
    const before = [source(1), poll(400), claim(1, { state: 'open', end })]
    expect(named(claim(2, { state: 'missing', end }), before)).toEqual(['d1 10.0.0.1/32 400..Infinity'])
  })

  test('a start that turns out later: what was a tail is a head, which nobody can tell of several owners', () => {
    const early = { start: { earliestMs: 100, latestMs: 120 }, end: { earliestMs: 130, latestMs: 340 } }
    const late = { start: { earliestMs: 100, latestMs: 200 }, end: { earliestMs: 210, latestMs: 340 } }
    const before = [source(1), poll(400)]
    expect(named(claim(2, late), [...before, claim(1, early)])).toEqual(['d1 10.0.0.1/32 120..210'])
    const owners = [owner('api'), owner('batch')]
    expect(named(claim(2, { ...late, owners }), [...before, claim(1, { ...early, owners })])).toEqual([
      'd1 10.0.0.1/32 120..130',
      'd1 10.0.0.1/32 200..210',
    ])
  })

  test('missing, then closed: from the poll that proved its absence on', () => {
    const closed = claim(2, { end: { earliestMs: 300, latestMs: 460 } })
    expect(named(closed, [source(1), poll(400), claim(1, missing)])).toEqual(['d1 10.0.0.1/32 460..Infinity'])
  })

  test.each<[string, Part<Claim>]>([
    ['the owner', { owners: [owner('api', 'api-1', { team: 'payments' })] }],
    ['the evidence', { evidence: 'bridged' }],
    ['what is expected above it', { expects: ['container'] }],
  ])('%s changed: all of its time', (_, part) => {
    expect(named(claim(2, part), [source(1), poll(400), claim(1)])).toEqual(['d1 10.0.0.1/32 100..340'])
  })

  test('rule 8: a successor that turns out certain cuts the tail of the one before it', () => {
    const tail = { ...missing, lastSightingMs: 310 } as const
    const next = { id: 'B', owners: [owner('batch')], start: { earliestMs: 500, latestMs: 520 } }
    const unsure = claim(1, { ...next, end: { earliestMs: 500, latestMs: 700 } })
    const sure = claim(2, { ...next, end: { earliestMs: 600, latestMs: 700 } })
    const before = [source(1), poll(900), claim(1, tail), unsure]
    // 500..520 is the head of B and the tail of A as before; from 520 on A is over, and B is certain, up to 600.
    expect(named(sure, before)).toEqual(['d1 10.0.0.1/32 520..Infinity'])
  })

  test('rule 7: a second source of the same lifetime: all the time of what is now one holding', () => {
    const lifetime = { lifetimeId: 'l1' }
    const narrower = { start: { earliestMs: 110, latestMs: 112 }, end: { earliestMs: 320, latestMs: 330 } }
    const second = claim(1, { ...lifetime, ...narrower, id: 'B', source: 'two' })
    const before = [source(1), poll(400), claim(1, lifetime)]
    expect(named(second, before)).toEqual(['d1 10.0.0.1/32 100..340'])
    const later = claim(2, {
      ...lifetime,
      ...narrower,
      id: 'B',
      source: 'two',
      start: { earliestMs: 110, latestMs: 111 },
    })
    expect(named(later, [...before, second])).toEqual(['d1 10.0.0.1/32 111..112'])
  })

  test('a block: within it some addresses may never have been watched', () => {
    const block = { at: '10.0.0.0/8', layer: 'network', end: { earliestMs: 300, latestMs: 340 } } as const
    const within = { domain: 'd1', prefix: prefix('10.0.0.0/24'), layers: ['network'], fromMs: 0 } as const
    const before = claim(1, { ...block, start: { earliestMs: EVER, latestMs: 120 } })
    const after = claim(2, { ...block, start: { earliestMs: 50, latestMs: 120 } })
    // In 10.0.0.0/24 nothing changes from 50 on. Elsewhere head and tail were `before-coverage`, and are not.
    expect(named(after, [source(1, { scope: [within] }), poll(400), before])).toEqual([
      'd1 10.0.0.0/8 -Infinity..120',
      'd1 10.0.0.0/8 300..340',
    ])
  })

  test('a block: beyond the progress of its source an open claim is told from a missing one', () => {
    const block = { at: '10.0.0.0/8', layer: 'network', start: { earliestMs: EVER, latestMs: 120 } } as const
    const before = [source(1), poll(400), claim(1, { ...block, ...missing })]
    expect(named(claim(2, { ...block, ...open }), before)).toEqual(['d1 10.0.0.0/8 300..Infinity'])
  })

  test('a block: of its addresses that are not watched, what nobody has seen yet was before coverage', () => {
    const block = { at: '10.0.0.0/8', layer: 'network', ...open } as const
    const before = claim(1, { ...block, start: { earliestMs: EVER, latestMs: 120 } })
    const after = claim(2, { ...block, start: { earliestMs: 50, latestMs: 120 } })
    expect(named(after, [source(1), poll(400), before])).toEqual([
      'd1 10.0.0.0/8 -Infinity..120',
      'd1 10.0.0.0/8 400..Infinity',
    ])
  })

  test('before coverage: a start that becomes known matters until the source began to watch', () => {
    const [scope] = source(1).scope
    const watching = source(1, { scope: scope ? [{ ...scope, fromMs: 80 }] : [] })
    const before = [watching, poll(400), claim(1, { start: { earliestMs: EVER, latestMs: 120 } })]
    expect(named(claim(2, { start: { earliestMs: 50, latestMs: 120 } }), before)).toEqual([
      'd1 10.0.0.1/32 -Infinity..80',
    ])
  })

  test('ports: only what was asked with one of them', () => {
    const limited = claim(1, { ports: { first: 80, last: 90 } })
    expect(named(limited, [source(1), poll(400)])).toEqual(['d1 10.0.0.1/32 :80-90 100..340'])
  })

  test('the first one of a domain makes it known, to every address in it', () => {
    const everywhere = ['d1 0.0.0.0/0 -Infinity..Infinity', 'd1 ::/0 -Infinity..Infinity']
    expect(named(claim(1), [])).toEqual(everywhere)
    expect(named(claim(1), [claim(1, { id: 'B', at: '10.0.0.2' })])).toEqual(['d1 10.0.0.1/32 100..340'])
  })

  test('the claims of no other prefix are looked at', () => {
    const known = new KnownChanges([source(1), poll(400)])
    const asked: string[] = []
    const before: KnownBefore = {
      claimsAt(domain, block) {
        asked.push(`${domain} ${block}`)
        return known.claimsAt(domain, block)
      },
      isDomainKnown: domain => known.isDomainKnown(domain),
      historyOf: name => known.historyOf(name),
      unendedOf: () => expect.fail('nor those of its source'),
      horizonMs: domain => known.horizonMs(domain),
    }
    correctionsOf(claim(1), before)
    expect(asked).toEqual(['d1 10.0.0.1/32'])
  })
})

describe('a horizon', () => {
  test('names what lies below it, in every address of its domain', () => {
    expect(named(horizon(200), [source(1)])).toEqual(['d1 0.0.0.0/0 -Infinity..200', 'd1 ::/0 -Infinity..200'])
    expect(named(horizon(300), [horizon(200)])).toEqual(['d1 0.0.0.0/0 200..300', 'd1 ::/0 200..300'])
    expect(named(horizon(100), [horizon(200)])).toEqual([])
  })

  test('case 59: what changes below it changes no answer', () => {
    const before = [source(1), poll(400), horizon(200)]
    expect(named(claim(1), before)).toEqual(['d1 10.0.0.1/32 200..340'])
    const below = claim(1, { end: { earliestMs: 150, latestMs: 190 } })
    expect(named(below, before)).toEqual([])
    // It is not even taken, and so makes no domain known.
    expect(named(below, [horizon(200)])).toEqual([])
  })
})

test('case 57: an address changes hands, and the poll that shows it names the handoff and no more', () => {
  const estate = new TestSource(createOwnershipIndex(), { covered: ['d1 10.0.0.0/8'] })
  const at = '10.0.0.5'
  for (const sentAtMs of [100, 200]) estate.poll(sentAtMs, sentAtMs + 5, [{ address: at, owner: owner('api') }])
  const known = indexOf(estate.changes)
  const stretches = estate.poll(300, 305, [{ address: at, owner: owner('batch') }]).flatMap(change => {
    const all = correctionsOf(change, known.before())
    known.apply(change)
    return all.map(({ prefix: block, fromMs, untilMs }) => `${change.record}: ${block} ${fromMs}..${untilMs}`)
  })
  expect(stretches).toEqual([
    'claim: 10.0.0.5/32 200..Infinity', // batch: may have begun
    'claim: 10.0.0.5/32 200..Infinity', // api: may have ended
    'progress: 10.0.0.0/8 200..300',
  ])
})
