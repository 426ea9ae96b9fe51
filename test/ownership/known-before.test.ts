import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Change, Claim, SourceRecord } from '../../src/ownership/claim.ts'
import type { KnownBefore } from '../../src/ownership/corrections.ts'
import { createOwnershipIndex } from '../../src/ownership/ownership-index.ts'
import { indexOf, prefix } from '../support/estate.ts'
import { histories } from '../support/histories.ts'
import { DOMAINS, SOURCES } from '../support/history-space.ts'
import { KnownChanges } from '../support/known-changes.ts'
import { claim, horizon, NEVER, open, poll, source } from '../support/plain-changes.ts'
import { propertyRuns, propertyTimeoutMs } from '../support/property-runs.ts'

const byId = (claims: Iterable<Claim>): readonly Claim[] => [...claims].sort((a, b) => (a.id < b.id ? -1 : 1))

/** All that can be asked of it in a small world. */
function everythingOf(known: KnownBefore, changes: readonly Change[]) {
  const sources = [...SOURCES, 'd/unregistered', 'nobody']
  const domains = [...DOMAINS, 'nowhere']
  const places = changes.flatMap(change => (change.record === 'claim' ? [change] : []))
  return {
    claims: places.map(place => byId(known.claimsAt(place.domain, place.prefix))),
    unended: sources.map(name => byId(known.unendedOf(name, 'all'))),
    beyond: sources.map(name => byId(known.unendedOf(name, 'beyond scope'))),
    domains: domains.map(name => [known.isDomainKnown(name), ...sources.map(one => known.isDomainKnown(name, one))]),
    histories: sources.map(name => known.historyOf(name)?.columns()),
    horizons: domains.map(name => known.horizonMs(name)),
  }
}

const shuffledHistory = histories({ questions: 0 }).chain(({ changes }) =>
  fc.tuple(fc.shuffledSubarray([...changes], { minLength: changes.length }), fc.nat({ max: 9 })),
)

test('an index knows what all changes that were applied to it say, whenever it is asked', {
  timeout: propertyTimeoutMs(60_000),
}, () => {
  fc.assert(
    fc.property(shuffledHistory, ([changes, seldom]) => {
      const index = createOwnershipIndex()
      const plain = new KnownChanges()
      for (const [i, change] of changes.entries()) {
        index.apply(change)
        plain.apply(change)
        if (i % (seldom + 1) > 0 && i < changes.length - 1) continue
        if (i === Math.floor(changes.length / 2)) index.compact()
        expect(everythingOf(index.before(), changes)).toEqual(everythingOf(plain, changes))
      }
    }),
    propertyRuns(40),
  )
})

describe('claims that no scope of their source covers', () => {
  const scoped = (sequence: number, ...cidrs: readonly string[]): SourceRecord => {
    const [scope] = source(1).scope
    return source(sequence, { scope: cidrs.flatMap(cidr => (scope ? [{ ...scope, prefix: prefix(cidr) }] : [])) })
  }
  const beyond = (index: ReturnType<typeof indexOf>) =>
    byId(index.before().unendedOf('one', 'beyond scope')).map(({ id }) => id)
  const claims = ['10.0.0.1', '10.1.0.1', '10.2.0.1'].map((at, i) => claim(1, { ...open, id: `c${i}`, at }))

  test('follow the scopes as they grow and shrink', () => {
    const index = indexOf([...claims, scoped(1, '10.1.0.0/16')])
    expect(beyond(index)).toEqual(['c0', 'c2'])
    index.apply(scoped(2, '10.0.0.0/15'))
    expect(beyond(index)).toEqual(['c2'])
    index.apply(scoped(3, '10.2.0.0/16'))
    expect(beyond(index)).toEqual(['c0', 'c1'])
    index.apply(claim(1, { ...open, id: 'c3', at: '10.3.0.1' }))
    expect(beyond(index)).toEqual(['c0', 'c1', 'c3'])
  })

  test('are all, before a source is registered, and a block that a scope lies in is none', () => {
    const index = indexOf(claims)
    expect(beyond(index)).toEqual(['c0', 'c1', 'c2'])
    index.apply({ ...claim(1, { ...open, id: 'block' }), prefix: prefix('10.0.0.0/8') })
    index.apply(scoped(1, '10.0.0.0/9'))
    expect(beyond(index)).toEqual(['block'])
  })

  test('are open ones, and those whose end nobody has seen; of others there is nothing more to say', () => {
    const index = indexOf([...claims, poll(400), horizon(50)])
    const end = { earliestMs: 300, latestMs: NEVER }
    index.apply(claim(2, { state: 'missing', end, id: 'c0' }))
    index.apply(claim(2, { state: 'closed', end: { earliestMs: 300, latestMs: 340 }, id: 'c1', at: '10.1.0.1' }))
    index.apply(claim(1, { state: 'open', end: { earliestMs: 300, latestMs: 340 }, id: 'c4', at: '10.4.0.1' }))
    expect(beyond(index)).toEqual(['c0', 'c2', 'c4'])
  })
})
