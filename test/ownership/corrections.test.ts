import { describe, expect, test } from 'vitest'
import type { Change, Claim, Horizon, Progress, SourceRecord } from '../../src/ownership/claim.ts'
import { correctionsOf, type KnownBefore } from '../../src/ownership/corrections.ts'
import { createOwnershipIndex } from '../../src/ownership/ownership-index.ts'
import { noDoubt, owner, prefix, TestSource } from '../support/estate.ts'
import { KnownChanges } from '../support/known-changes.ts'

const NEVER = Number.POSITIVE_INFINITY

type Part<T> = Partial<Omit<T, 'revision' | 'prefix'>>

const claim = (sequence: number, part: Part<Claim> & { readonly at?: string } = {}): Claim => {
  const { at = '10.0.0.1', ...rest } = part
  return {
    record: 'claim',
    id: 'A',
    revision: { epoch: 1, sequence },
    domain: 'd1',
    prefix: prefix(at),
    ports: null,
    layer: 'instance',
    source: 'one',
    owners: [owner('api')],
    lifetimeId: null,
    start: { earliestMs: 100, latestMs: 120 },
    end: { earliestMs: 300, latestMs: 340 },
    lastSightingMs: 310,
    evidence: 'sighted',
    state: 'closed',
    expects: [],
    whole: false,
    ...rest,
  }
}

const source = (sequence: number, part: Part<SourceRecord> = {}): SourceRecord => ({
  record: 'source',
  source: 'one',
  revision: { epoch: 1, sequence },
  kind: 'test',
  scope: [{ domain: 'd1', prefix: prefix('10.0.0.0/8'), layers: ['instance'], fromMs: 0 }],
  bounds: { ...noDoubt, longestGapMs: 200 },
  validity: { fromMs: 0, untilMs: NEVER },
  ...part,
})

/** A complete poll that took 5 ms. */
const poll = (completeUpToMs: number, part: Part<Progress> = {}): Progress => ({
  record: 'progress',
  source: 'one',
  revision: { epoch: 1, sequence: completeUpToMs },
  completeUpToMs,
  overAtMs: completeUpToMs + 5,
  counts: { addresses: 0, changed: 0 },
  refused: null,
  ...part,
})

const horizon = (beforeMs: number): Horizon => ({ record: 'horizon', domain: 'd1', beforeMs })

/** `d1 10.0.0.1/32 100..340`, for each stretch that `change` names after `before`. */
const named = (change: Change, before: readonly Change[]): readonly string[] =>
  correctionsOf(change, new KnownChanges(before)).map(({ domain, prefix: block, ports, fromMs, untilMs }) =>
    [domain, block, ...(ports ? [`:${ports.first}-${ports.last}`] : []), `${fromMs}..${untilMs}`].join(' '),
  )

const open = { state: 'open', end: { earliestMs: 300, latestMs: NEVER } } as const
const missing = { ...open, state: 'missing' } as const

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
    // 500..520 is the head of B whether it ended at once or not; but it may no longer have ended there.
    expect(named(sure, before)).toEqual(['d1 10.0.0.1/32 500..Infinity'])
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
      historyOf: known.historyOf,
      unendedOf: () => expect.fail('nor those of its source'),
      horizonMs: domain => known.horizonMs(domain),
    }
    correctionsOf(claim(1), before)
    expect(asked).toEqual(['d1 10.0.0.1/32'])
  })
})

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

  test('a late poll proves absence where the briefest holding no longer fits between its neighbours', () => {
    const brief = source(1, { bounds: { ...noDoubt, longestGapMs: 1000, briefestHoldingMs: 150 } })
    const before = [brief, poll(100), poll(200), poll(400), poll(500)]
    // The poll at 400 was over at 405: until then it may be the one at 300 that shows the moment.
    expect(named(poll(300), before)).toEqual(['d1 10.0.0.0/8 200..405'])
    expect(named(poll(230), before)).toEqual(['d1 10.0.0.0/8 200..230'])
    expect(named(poll(260), [...before, poll(300)])).toEqual([])
  })

  test('open claims that no scope of the source covers are carried on as well', () => {
    const outside = claim(1, { ...open, at: '192.0.2.1' })
    expect(named(poll(500), [source(1), poll(400), outside])).toEqual([
      'd1 10.0.0.0/8 400..500',
      'd1 192.0.2.1/32 400..500',
    ])
    expect(named(poll(500), [poll(400), claim(1, open)])).toEqual(['d1 10.0.0.1/32 400..500'])
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
  })

  test('a domain that only this source names becomes known, or unknown again', () => {
    const everywhere = ['d1 0.0.0.0/0 -Infinity..Infinity', 'd1 ::/0 -Infinity..Infinity']
    expect(named(source(1), [])).toEqual(everywhere)
    expect(named(source(2, { scope: [] }), [source(1)])).toEqual(everywhere)
    expect(named(source(2, { scope: [] }), [source(1), source(1, { source: 'two' })])).toEqual([all])
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
    expect(named(claim(1, { end: { earliestMs: 150, latestMs: 190 } }), before)).toEqual([])
  })
})

test('case 57: an address changes hands, and the poll that shows it names the handoff and no more', () => {
  const estate = new TestSource(createOwnershipIndex(), { covered: ['d1 10.0.0.0/8'] })
  const at = '10.0.0.5'
  for (const sentAtMs of [100, 200]) estate.poll(sentAtMs, sentAtMs + 5, [{ address: at, owner: owner('api') }])
  const known = new KnownChanges(estate.changes)
  const stretches = estate.poll(300, 305, [{ address: at, owner: owner('batch') }]).flatMap(change => {
    const all = correctionsOf(change, known)
    known.apply(change)
    return all.map(({ prefix: block, fromMs, untilMs }) => `${change.record}: ${block} ${fromMs}..${untilMs}`)
  })
  expect(stretches).toEqual([
    'claim: 10.0.0.5/32 200..Infinity', // batch: may have begun
    'claim: 10.0.0.5/32 200..Infinity', // api: may have ended
    'progress: 10.0.0.0/8 200..300',
  ])
})
