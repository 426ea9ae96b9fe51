import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Claim, Owner } from '../../src/ownership/claim.ts'
import { interfaceView } from '../../src/ownership/interface-view.ts'
import type { Window } from '../../src/ownership/window.ts'
import { changesOf, held, type Told } from '../support/domain-worlds.ts'
import { propertyRuns } from '../support/property-runs.ts'

const on = (
  domain: string,
  start: readonly [number, number],
  end: readonly [number, number],
  part: Partial<Told> = {},
): Told => ({
  ...held(domain, '10.0.0.5', 'eni-1', 0, 0),
  layer: 'interface',
  start: { earliestMs: start[0], latestMs: start[1] },
  end: { earliestMs: end[0], latestMs: end[1] },
  ...part,
  owner: { eni: 'eni-1', ...part.owner },
})

const claimsOf = (told: readonly Told[]): readonly Claim[] => {
  const scopes = Object.fromEntries(told.map(({ domain }) => [domain, ['10.0.0.0/16']]))
  return changesOf(scopes, told).flatMap(change => (change.record === 'claim' ? [change] : []))
}

const sawAll = () => ({ completeUpToMs: 1e6, sawAll: () => true })
const during = (fromMs: number, untilMs: number): Window => ({ fromMs, untilMs })
const domains = (told: readonly Told[], window: Window) =>
  interfaceView('eni-1', claimsOf(told), window, sawAll)?.domains

const FOREVER = Number.POSITIVE_INFINITY
const moved = [on('d1', [0, 0], [50, 50]), on('d2', [50, 50], [FOREVER, FOREVER])]

test('an interface whose VPC changes its domain is in each as of its time, and in both across the change', () => {
  expect(domains(moved, during(40, 50))).toEqual(['d1'])
  expect(domains(moved, during(50, 60))).toEqual(['d2'])
  expect(domains(moved, during(49, 51))).toEqual(['d1', 'd2'])
})

test('between the polls around the change it may be in either', () => {
  const polled = [on('d1', [0, 5], [40, 105]), on('d2', [40, 105], [FOREVER, FOREVER])]
  expect(domains(polled, during(30, 40))).toEqual(['d1'])
  expect(domains(polled, during(60, 61))).toEqual(['d1', 'd2'])
  expect(domains(polled, during(105, 106))).toEqual(['d2'])
})

test('where it is certain in one domain, a claim that may have begun before all coverage does not put it into another', () => {
  const unwatched = [on('d1', [0, 5], [40, 105]), on('d2', [Number.NEGATIVE_INFINITY, 105], [FOREVER, FOREVER])]
  expect(domains(unwatched, during(10, 20))).toEqual(['d1'])
  expect(domains(unwatched, during(30, 60))).toEqual(['d1', 'd2'])
  expect(domains(unwatched, during(-20, -10))).toEqual(['d2'])
})

test('an open claim is certain as far as its source has come', () => {
  const open = claimsOf([on('d1', [0, 0], [10, FOREVER]), on('d2', [5, 200], [300, 300])]).map(claim =>
    claim.domain === 'd1' ? ({ ...claim, state: 'open' } as const) : claim,
  )
  const asOf = (completeUpToMs: number) =>
    interfaceView('eni-1', open, during(60, 70), () => ({ completeUpToMs, sawAll: () => true }))?.domains
  expect(asOf(100)).toEqual(['d1'])
  expect(asOf(65)).toEqual(['d1', 'd2'])
})

test('two domains that are certain at once stay two', () => {
  expect(domains([on('d1', [0, 0], [90, 90]), on('d2', [0, 0], [90, 90])], during(10, 20))).toEqual(['d1', 'd2'])
})

test('while polls show it nowhere, it is looked for where it was last, else where it was first after', () => {
  const twice = [on('d1', [100, 100], [200, 200]), on('d2', [300, 300], [400, 400])]
  expect(domains(twice, during(250, 260))).toEqual(['d1'])
  expect(domains(twice, during(500, 510))).toEqual(['d2'])
  expect(domains(twice, during(50, 60))).toEqual(['d1'])
})

test('public domains and claims beside the interface itself do not tell where it is', () => {
  const container = on('d9', [0, 0], [90, 90], { layer: 'container', prefix: '10.0.0.6' })
  expect(domains([on('inet.0', [0, 0], [90, 90])], during(10, 20))).toBeUndefined()
  expect(domains([container], during(10, 20))).toBeUndefined()
  const view = interfaceView('eni-1', claimsOf([on('d1', [0, 0], [90, 90]), container]), during(10, 20), sawAll)
  expect(view).toMatchObject({ domains: ['d1'], prefixes: ['10.0.0.5/32', '10.0.0.6/32'] })
})

test('the prefixes are those of the window, the forwarding is that of any time', () => {
  const nat: Partial<Owner> = { forwards: true }
  const told = [
    on('d1', [0, 0], [90, 90]),
    on('d1', [0, 0], [15, 15], { prefix: '10.0.0.7', owner: nat }),
    on('d1', [30, 30], [90, 90], { prefix: '10.0.0.8' }),
  ]
  const view = (window: Window) => interfaceView('eni-1', claimsOf(told), window, sawAll)
  expect(view(during(10, 20))).toMatchObject({ prefixes: ['10.0.0.5/32', '10.0.0.7/32'], forwards: true })
  expect(view(during(40, 50))).toMatchObject({ prefixes: ['10.0.0.5/32', '10.0.0.8/32'], forwards: true })
  expect(interfaceView('eni-2', claimsOf(told), during(10, 20), sawAll)?.forwards).toBe(false)
})

test('it is complete only where every source that tells of it saw the whole window', () => {
  const claims = claimsOf(moved)
  const blind = (source: string) => ({ completeUpToMs: 1e6, sawAll: () => source !== 'ec2/d2' })
  expect(interfaceView('eni-1', claims, during(10, 20), blind)?.complete).toBe(true)
  expect(interfaceView('eni-1', claims, during(40, 60), blind)?.complete).toBe(false)
  expect(interfaceView('eni-1', claims, during(10, 20), () => undefined)?.complete).toBe(false)
})

const anyTold = fc
  .record({
    domain: fc.constantFrom('d1', 'd2', 'd3'),
    bounds: fc.tuple(fc.nat(100), fc.nat(20), fc.nat(60), fc.nat(20)),
    prefix: fc.constantFrom('10.0.0.5', '10.0.0.6'),
  })
  .map(({ domain, prefix, bounds: [from, doubt, long, end] }) =>
    on(domain, [from, from + doubt], [from + doubt + long, from + doubt + long + end], { prefix }),
  )

test('every domain is told in which a claim may have the interface and none is certain, in any order of arrival', () => {
  fc.assert(
    fc.property(
      fc.array(anyTold, { minLength: 1, maxLength: 5 }),
      fc.nat(120),
      fc.integer({ min: 1, max: 30 }),
      (told, fromMs, longMs) => {
        const window = during(fromMs, fromMs + longMs)
        const claims = claimsOf(told)
        const view = interfaceView('eni-1', claims, window, sawAll)
        const { prefixes: reversed, ...mirrored } = interfaceView('eni-1', [...claims].reverse(), window, sawAll) ?? {}
        expect(view).toMatchObject(mirrored)
        expect([...(view?.prefixes ?? [])].sort()).toEqual([...(reversed ?? [])].sort())
        for (let atMs = window.fromMs; atMs < window.untilMs; atMs++) {
          const certain = told.filter(({ start, end }) => start.latestMs <= atMs && atMs < end.earliestMs)
          const possible = told.filter(({ start, end }) => start.earliestMs <= atMs && atMs < end.latestMs)
          for (const { domain } of certain.length > 0 ? certain : possible) expect(view?.domains).toContain(domain)
        }
      },
    ),
    propertyRuns(300),
  )
})
