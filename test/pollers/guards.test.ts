import { describe, expect, test } from 'vitest'
import type { Claim } from '../../src/ownership/claim.ts'
import type { Binding } from '../../src/ownership/snapshot.ts'
import { DEFAULT_GUARDS, doubtsAbout, guard, worseThan } from '../../src/pollers/guards.ts'
import { claimOf, ownerOf } from '../support/changes.ts'
import { owner, prefix } from '../support/estate.ts'

const held = (count: number, part: Partial<Claim> = {}): readonly Claim[] =>
  Array.from({ length: count }, (_, i) => claimOf('s', 1, 1, { id: `${part.layer}-${i}`, ...part }))

const sighting = { sentAtMs: 0, receivedAtMs: 1 }
const shown = (count: number, part: Partial<Binding> = {}): readonly Binding[] =>
  Array.from({ length: count }, (_, i) => ({
    domain: 'd1',
    prefix: prefix(`10.0.0.${i}`),
    ports: null,
    layer: 'instance' as const,
    owners: [ownerOf('api')],
    lifetimeId: null,
    state: 'held' as const,
    sighting,
    stated: [],
    expects: [],
    whole: false,
    ...part,
  }))

const check = (before: readonly Claim[], bindings: readonly Binding[]) =>
  guard(before, { bindings }, DEFAULT_GUARDS)?.reason ?? 'believed'

const network = { layer: 'network' } as const
const nameless = { owners: [owner(null, 'i-1')] }

describe('guards', () => {
  test('the first listing is believed, and so is an empty one', () => {
    expect(check([], shown(3))).toBe('believed')
    expect(check([], [])).toBe('believed')
  })

  test('nothing after something is refused, however little it was', () => {
    expect(check(held(1), [])).toBe('empty-snapshot')
  })

  test('a listing without any network is refused where there was one', () => {
    expect(check([...held(1), ...held(1, network)], shown(1))).toBe('empty-snapshot')
  })

  test('the last instance of a small estate may go', () => {
    expect(check([...held(1), ...held(1, network)], shown(1, network))).toBe('believed')
  })

  test('a layer that lost more than half of at least twenty holdings is refused, behind full others too', () => {
    expect(check(held(20), shown(10))).toBe('believed')
    expect(check(held(20), shown(9))).toBe('size-drop')
    expect(check(held(19), shown(1))).toBe('believed')
    expect(check([...held(20), ...held(100, network)], [...shown(9), ...shown(100, network)])).toBe('size-drop')
  })

  test('what is already missing is not counted as held', () => {
    expect(check([...held(9), ...held(20, { layer: 'instance', state: 'missing' })], shown(9))).toBe('believed')
  })

  test('tags that vanished from more than half of the holdings refuse the listing', () => {
    expect(check(held(20), [...shown(10), ...shown(10, nameless)])).toBe('believed')
    expect(check(held(20), [...shown(9), ...shown(11, nameless)])).toBe('tags-vanished')
  })

  test('all of twenty in one zone gone is refused, behind other zones that are whole', () => {
    const zoned = (count: number, zone: string) => ({ count, owners: [ownerOf('api', { zone })] })
    const [a, b] = [zoned(20, 'az1'), zoned(60, 'az2')]
    const before = [...held(a.count, a), ...held(b.count, b)]
    expect(check(before, shown(60, b))).toBe('size-drop')
    expect(check(before, [...shown(60, b), ...shown(1, a)])).toBe('believed')
    expect(check([...held(19, a), ...held(60, b)], shown(60, b))).toBe('believed')
  })

  test('every doubt is told, and those that were accepted are no doubts any more unless they are worse', () => {
    const doubtsOf = (bindings: readonly Binding[]) =>
      doubtsAbout([...held(100), ...held(100, { layer: 'container' })], { bindings }, DEFAULT_GUARDS)
    const both = doubtsOf([...shown(40), ...shown(30, { layer: 'container' })])
    expect(both.map(({ about, gone }) => [about, gone])).toEqual([
      ['instance', 0.6],
      ['container', 0.7],
    ])
    expect(worseThan(both, both)).toEqual([])
    expect(worseThan(both, doubtsOf([...shown(38), ...shown(60, { layer: 'container' })]))).toEqual([])
    expect(worseThan(both, doubtsOf([...shown(30), ...shown(30, { layer: 'container' })]))).toMatchObject([
      { about: 'instance' },
    ])
    expect(worseThan(both, doubtsOf([]))).toMatchObject([{ reason: 'empty-snapshot' }])
    expect(worseThan([], both)).toEqual(both)
  })
})
