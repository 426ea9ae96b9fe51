import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Claim, ClaimState, Layer } from '../../src/ownership/claim.ts'
import { isExclusive, type Span, timelineOf } from '../../src/ownership/timeline.ts'
import type { Bounds } from '../../src/ownership/window.ts'
import { owner, prefix } from '../support/estate.ts'

const claim = (id: string, part: Partial<Claim> = {}): Claim => ({
  record: 'claim',
  id,
  revision: { epoch: 1, sequence: 1 },
  domain: 'd1',
  prefix: prefix('10.0.0.5'),
  ports: null,
  layer: 'instance',
  source: 'a/one',
  owners: [owner('api', `i-${id}`)],
  lifetimeId: null,
  start: { earliestMs: 0, latestMs: 0 },
  end: { earliestMs: 100, latestMs: 100 },
  lastSightingMs: 100,
  evidence: 'sighted',
  state: 'closed',
  expects: [],
  whole: false,
  ...part,
})

type Joined = Claim & { readonly alsoFrom?: readonly string[]; readonly unnamedFrom?: readonly string[] }

/** Rule 7 as it is written: each claim is held against all holdings before it, and joins the first that it fits. */
function joinedSlowly(claims: readonly Claim[]): readonly Joined[] {
  const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
  const byStart = (a: Claim, b: Claim) =>
    a.start.earliestMs === b.start.earliestMs ? 0 : a.start.earliestMs < b.start.earliestMs ? -1 : 1
  const groups: Claim[][] = []
  for (const next of [...claims].sort((a, b) => compare(a.source, b.source) || byStart(a, b) || compare(a.id, b.id))) {
    const group = groups.find(members => members.every(other => isSameLife(other, next)) && agree([...members, next]))
    if (group) group.push(next)
    else groups.push([next])
  }
  return groups.map(asOne)
}

const isSameLife = (a: Claim, b: Claim): boolean =>
  a.source !== b.source &&
  a.layer === b.layer &&
  a.lifetimeId !== null &&
  a.lifetimeId === b.lifetimeId &&
  a.owners.length === b.owners.length &&
  JSON.stringify(a.ports) === JSON.stringify(b.ports)

const common = (bounds: readonly Bounds[]): Bounds => ({
  earliestMs: Math.max(...bounds.map(({ earliestMs }) => earliestMs)),
  latestMs: Math.min(...bounds.map(({ latestMs }) => latestMs)),
})

function agree(claims: readonly Claim[]): boolean {
  const [start, end] = [common(claims.map(one => one.start)), common(claims.map(one => one.end))]
  const names = new Set(claims.flatMap(one => one.owners.flatMap(({ application }) => application ?? [])))
  return start.earliestMs <= start.latestMs && end.earliestMs <= end.latestMs && names.size <= 1
}

function asOne(claims: readonly Claim[]): Joined {
  const [only] = claims
  if (claims.length === 1 && only) return only
  const named = claims.filter(({ owners }) => owners.every(({ application }) => application !== null))
  const naming = named.length > 0 ? named : claims
  const by = (named[0] ?? claims.at(-1)) as Claim
  const also = naming.filter(({ source }) => source !== by.source).map(({ source }) => source)
  const unnamed = claims.filter(one => !naming.includes(one)).map(({ source }) => source)
  const [open, ended] = [claims.filter(({ state }) => state === 'open'), claims.filter(({ state }) => state !== 'open')]
  const isContested = open.length > 0 && ended.length > 0
  return {
    ...by,
    start: common(claims.map(one => one.start)),
    end: {
      earliestMs: common(naming.map(one => one.end)).earliestMs,
      latestMs: isContested ? Number.POSITIVE_INFINITY : common(claims.map(one => one.end)).latestMs,
    },
    state: new Set(claims.map(({ state }) => state)).size === 1 ? by.state : 'missing',
    expects: [...new Set(claims.flatMap(one => one.expects))],
    lastSightingMs: Math.max(...claims.map(one => one.lastSightingMs)),
    ...(also.length > 0 ? { alsoFrom: also } : {}),
    ...(unnamed.length > 0 ? { unnamedFrom: unnamed } : {}),
  }
}

/** Rule 8 as it is written: every claim is held against every other of its sources and layer that is ever certain. */
function timelineSlowly(claims: readonly Claim[]): readonly Span[] {
  const joined = joinedSlowly(claims)
  const sourcesOf = ({ source, alsoFrom = [], unnamedFrom = [] }: Joined) => [source, ...alsoFrom, ...unnamedFrom]
  const spans = joined.map((held): Span => {
    let possibleFromMs = held.start.earliestMs
    let possibleUntilMs = held.end.latestMs
    for (const other of joined) {
      if (other.id === held.id || other.layer !== held.layer || !isExclusive(held) || !isExclusive(other)) continue
      if (!sourcesOf(held).some(source => sourcesOf(other).includes(source))) continue
      if (other.start.latestMs >= other.end.earliestMs) continue
      const wasHeldBefore =
        held.state !== 'open' && held.lastSightingMs > 0 && held.start.latestMs <= other.start.latestMs
      if (wasHeldBefore && held.end.earliestMs <= other.start.latestMs)
        possibleUntilMs = Math.min(possibleUntilMs, other.start.latestMs)
      const isHeldAfter = held.lastSightingMs > 0 && other.end.earliestMs <= held.end.earliestMs
      if (isHeldAfter && other.end.earliestMs <= held.start.latestMs)
        possibleFromMs = Math.max(possibleFromMs, other.end.earliestMs)
    }
    const [certainFromMs, certainUntilMs] = [held.start.latestMs, held.end.earliestMs]
    return { claim: held, possibleFromMs, possibleUntilMs, certainFromMs, certainUntilMs }
  })
  return spans.filter(span => span.possibleFromMs < span.possibleUntilMs)
}

const endless = fc.constantFrom(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY)
const instants = (min: number, max: number) =>
  fc.oneof({ weight: 12, arbitrary: fc.integer({ min, max }) }, { weight: 1, arbitrary: endless })
const bounds = (min: number, max: number): fc.Arbitrary<Bounds> =>
  fc
    .tuple(instants(min, max), instants(min, max))
    .map(([a, b]) => ({ earliestMs: Math.min(a, b), latestMs: Math.max(a, b) }))
const holders = fc
  .record({
    application: fc.constantFrom('api', 'api', 'api', 'api', 'web', null),
    resource: fc.constantFrom('i-1', 'i-2', 'i-3'),
  })
  .map(({ application, resource }) => owner(application, resource))

const claims = fc
  .array(
    fc.record({
      source: fc.constantFrom('a/one', 'a/one', 'b/two', 'c/three'),
      layer: fc.constantFrom<Layer>('instance', 'instance', 'container'),
      owners: fc.oneof(
        { weight: 9, arbitrary: holders.map(one => [one]) },
        { weight: 1, arbitrary: fc.array(holders, { minLength: 2, maxLength: 3 }) },
      ),
      ports: fc.oneof(
        { weight: 9, arbitrary: fc.constant(null) },
        { weight: 1, arbitrary: fc.constant({ first: 1, last: 9 }) },
      ),
      lifetimeId: fc.constantFrom(null, null, 'l-1', 'l-1', 'l-2'),
      start: bounds(0, 9),
      end: bounds(4, 13),
      lastSightingMs: fc.constantFrom(0, 5, 9, 9),
      state: fc.constantFrom<ClaimState>('open', 'missing', 'closed', 'closed'),
      expects: fc.constantFrom<readonly Layer[]>([], [], ['container']),
    }),
    { maxLength: 24, size: 'max' },
  )
  .map(parts => parts.map((part, i) => claim(String(i), part)))

const isJoined = ({ claim: { alsoFrom, unnamedFrom } }: Span) => alsoFrom !== undefined || unnamedFrom !== undefined
const byId = (spans: readonly Span[]) => new Map(spans.map(span => [span.claim.id, span]))

describe('a timeline', () => {
  test('says of any claims what rules 7 and 8 say when each claim is held against every other', () => {
    let [joined, cut] = [0, 0]
    fc.assert(
      fc.property(claims, all => {
        const spans = timelineOf(all)
        expect(byId(spans)).toEqual(byId(timelineSlowly(all)))
        joined += spans.filter(isJoined).length
        for (const span of spans) {
          const held = all.find(({ id }) => id === span.claim.id)
          if (!isJoined(span) && held && span.possibleUntilMs < held.end.latestMs) cut++
        }
      }),
      { numRuns: 2000, seed: 20171 },
    )
    // A model that is never joined or cut proves nothing.
    expect(joined).toBeGreaterThan(1000)
    expect(cut).toBeGreaterThan(1000)
  })

  test('is the same for every order of its claims, and in order of time', () => {
    fc.assert(
      fc.property(
        claims.chain(all => fc.tuple(fc.constant(all), fc.shuffledSubarray([...all], { minLength: all.length }))),
        ([all, shuffled]) => {
          const spans = timelineOf(all)
          expect(timelineOf(shuffled)).toEqual(spans)
          for (const [i, span] of spans.entries()) {
            expect(spans[i - 1]?.possibleFromMs ?? Number.NEGATIVE_INFINITY).toBeLessThanOrEqual(span.possibleFromMs)
          }
        },
      ),
      { numRuns: 300, seed: 20172 },
    )
  })

  test('of 100,000 holdings that follow one another leaves each its own time', () => {
    const count = 100_000
    const handoffs = Array.from({ length: count }, (_, i) =>
      claim(String(i).padStart(6, '0'), {
        source: i % 2 === 0 ? 'a/one' : 'b/two',
        lifetimeId: `l-${i >>> 1}`,
        start: { earliestMs: i * 10, latestMs: i * 10 + 2 },
        end: { earliestMs: i * 10 + 9, latestMs: i * 10 + 500 },
      }),
    )
    const spans = timelineOf(handoffs)
    expect(spans).toHaveLength(count)
    // The source's next holding is certain twenty later.
    expect(spans[51_000]).toMatchObject({ possibleFromMs: 510_000, possibleUntilMs: 510_022 })
  })
})

describe('one lifetime in two sources', () => {
  const life = { lifetimeId: 'l-1', owners: [owner('api', 'i-1')] } as const

  test('is one holding that both vouch for', () => {
    const spans = timelineOf([
      claim('1', { ...life, start: { earliestMs: 0, latestMs: 20 } }),
      claim('2', { ...life, source: 'b/two', start: { earliestMs: 10, latestMs: 30 } }),
    ])
    expect(spans).toMatchObject([
      { claim: { source: 'a/one', alsoFrom: ['b/two'] }, possibleFromMs: 10, certainFromMs: 20 },
    ])
  })

  test('that one of them misses has no proved end while the other lists it', () => {
    const open = { earliestMs: 90, latestMs: Number.POSITIVE_INFINITY }
    const [span] = timelineOf([
      claim('1', { ...life, end: { earliestMs: 180, latestMs: 205 } }),
      claim('2', { ...life, source: 'b/two', end: open, state: 'open' }),
      claim('3', { ...life, source: 'c/three', end: { earliestMs: 170, latestMs: 190 } }),
    ])
    expect(span).toMatchObject({ certainUntilMs: 180, possibleUntilMs: Number.POSITIVE_INFINITY })
    expect(span?.claim).toMatchObject({ state: 'missing', alsoFrom: ['b/two', 'c/three'] })
  })

  test('closed by both is closed', () => {
    const [span] = timelineOf([claim('1', life), claim('2', { ...life, source: 'b/two' })])
    expect(span?.claim.state).toBe('closed')
  })

  test('is certain for as long as those show it who name it: the others do not show that the name was still there', () => {
    const unnamed = { ...life, owners: [owner(null, 'i-1')] }
    const [span, ...others] = timelineOf([
      claim('1', { ...unnamed, end: { earliestMs: 90, latestMs: 110 } }),
      claim('2', { ...life, source: 'b/two', end: { earliestMs: 50, latestMs: 120 } }),
      claim('3', { ...life, source: 'c/three', end: { earliestMs: 60, latestMs: 130 } }),
    ])
    expect(others).toEqual([])
    expect(span?.claim).toMatchObject({ id: '2', source: 'b/two', alsoFrom: ['c/three'], unnamedFrom: ['a/one'] })
    expect(span).toMatchObject({ certainUntilMs: 60, possibleUntilMs: 110 })
  })

  test('twice in one of them is two holdings, of which the other’s is the one that it fits', () => {
    const later = { start: { earliestMs: 200, latestMs: 210 }, end: { earliestMs: 300, latestMs: 310 } }
    const spans = timelineOf([
      claim('1', life),
      claim('2', { ...life, ...later }),
      claim('3', { ...life, source: 'b/two', ...later }),
    ])
    expect(spans.map(span => [span.claim.id, span.claim.alsoFrom])).toEqual([
      ['1', undefined],
      ['2', ['b/two']],
    ])
  })

  test('cuts the holdings before it in either source, whichever names it', () => {
    for (const events of ['a/events', 'z/events']) {
      const before = claim('1', { source: 'm/polls', end: { earliestMs: 100, latestMs: 200 } })
      const next = { owners: [owner('web', 'i-2')], lifetimeId: 'l-2', end: { earliestMs: 400, latestMs: 400 } }
      const spans = timelineOf([
        before,
        claim('2', { ...next, source: 'm/polls', start: { earliestMs: 100, latestMs: 200 } }),
        claim('3', { ...next, source: events, start: { earliestMs: 130, latestMs: 130 } }),
      ])
      expect(spans.map(span => span.possibleUntilMs)).toEqual([130, 400])
    }
  })
})
