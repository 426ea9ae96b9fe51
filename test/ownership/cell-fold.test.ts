import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CellFold } from '../../src/ownership/cell-fold.ts'
import type { Claim, ClaimState, Layer } from '../../src/ownership/claim.ts'
import { ClaimLedger } from '../../src/ownership/ledger/claim-ledger.ts'
import { RowColumns } from '../../src/ownership/row-columns.ts'
import { type Span, timelineOf } from '../../src/ownership/timeline.ts'
import type { Bounds } from '../../src/ownership/window.ts'
import { owner, prefix } from '../support/estate.ts'
import { propertyRuns, propertyTimeoutMs } from '../support/property-runs.ts'

const instants = (min: number, max: number) =>
  fc.oneof(
    { weight: 12, arbitrary: fc.integer({ min, max }) },
    { weight: 1, arbitrary: fc.constantFrom(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY) },
  )
const bounds = (min: number, max: number): fc.Arbitrary<Bounds> =>
  fc
    .tuple(instants(min, max), instants(min, max))
    .map(([a, b]) => ({ earliestMs: Math.min(a, b), latestMs: Math.max(a, b) }))

/** From few sources, so that most cells are folded without their claims, to many, so that they cannot be. */
const claims = fc
  .tuple(fc.constantFrom(1, 2, 3, 20), fc.constantFrom(4, 40, 400), fc.constantFrom(0, 3))
  .chain(([sources, lastMs, lifetimes]) =>
    fc.array(
      fc.record({
        source: fc.integer({ min: 1, max: sources }).map(number => `source/${number}`),
        layer: fc.constantFrom<Layer>('instance', 'container', 'container'),
        owners: fc.oneof(
          { weight: 9, arbitrary: fc.constantFrom('i-1', 'i-2').map(id => [owner('api', id)]) },
          { weight: 1, arbitrary: fc.constant([owner('api', 'i-1'), owner('web', 'i-2')]) },
        ),
        ports: fc.oneof(
          { weight: 9, arbitrary: fc.constant(null) },
          { weight: 1, arbitrary: fc.constant({ first: 1, last: 9 }) },
        ),
        lifetimeId: fc.integer({ min: 0, max: lifetimes }).map(number => (number === 0 ? null : `l-${number}`)),
        start: bounds(0, lastMs),
        end: bounds(lastMs / 4, lastMs * 2),
        lastSightingMs: fc.constantFrom(0, 5, 9),
        state: fc.constantFrom<ClaimState>('open', 'missing', 'closed', 'closed'),
      }),
      { maxLength: 80, size: 'max' },
    ),
  )
  .map(parts =>
    parts.map(
      (part, i): Claim => ({
        record: 'claim',
        id: `c${(i * 7919) % 1000}`,
        revision: { epoch: 1, sequence: 1 },
        domain: 'd1',
        prefix: prefix('10.0.0.5'),
        evidence: 'sighted',
        expects: [],
        whole: false,
        ...part,
      }),
    ),
  )

function rowsOf(all: readonly Claim[]) {
  const ledger = new ClaimLedger()
  for (const claim of all) ledger.take(claim)
  const rows = new RowColumns(1)
  new CellFold(ledger).fold(0, rows)
  return Array.from({ length: rows.count }, (_, i) => {
    const { fact, claimRef, ...times } = rows.row(i)
    const { source, owners, state, alsoFrom } = ledger.facts.fact(fact)
    return { ...times, id: ledger.id(claimRef), source, owners, state, alsoFrom }
  })
}

const told = ({ claim, ...times }: Span) => {
  const { id, lastSightingMs, source, owners, state, alsoFrom } = claim
  return { ...times, lastSightingMs, id, source, owners, state, alsoFrom }
}

test('the rows of a prefix are its timeline, whether its claims were decoded or not', {
  timeout: propertyTimeoutMs(60_000),
}, () => {
  let [cut, joined] = [0, 0]
  fc.assert(
    fc.property(claims, all => {
      const rows = all.length === 0 ? [] : rowsOf(all)
      expect(rows).toEqual(timelineOf(all).map(told))
      const ends = new Map(all.map(claim => [claim.id, claim.end.latestMs]))
      cut += rows.filter(row => row.possibleUntilMs !== ends.get(row.id)).length
      joined += rows.filter(row => row.alsoFrom !== undefined).length
    }),
    propertyRuns(500),
  )
  // Claims that are never cut or joined prove nothing.
  expect(cut).toBeGreaterThan(500)
  expect(joined).toBeGreaterThan(100)
})

test('the rows of very many claims that came in disorder are in order', () => {
  const ledger = new ClaimLedger()
  const count = 5000
  for (let i = 0; i < count; i++) {
    const fromMs = ((i * 7919) % count) * 10
    ledger.take({
      record: 'claim',
      id: `c${i}`,
      revision: { epoch: 1, sequence: 1 },
      domain: 'd1',
      prefix: prefix('2001:db8::/64'),
      ports: null,
      layer: 'network',
      source: 's',
      owners: [owner('api')],
      lifetimeId: null,
      start: { earliestMs: fromMs, latestMs: fromMs },
      end: { earliestMs: fromMs + 9, latestMs: fromMs + 99 },
      lastSightingMs: 1,
      evidence: 'sighted',
      state: 'closed',
      expects: [],
      whole: false,
    })
  }
  const rows = new RowColumns()
  new CellFold(ledger).fold(0, rows)
  expect(rows.count).toBe(count)
  for (let row = 0; row < count; row++) {
    const untilMs = row === count - 1 ? row * 10 + 99 : row * 10 + 10
    expect([rows.possibleFromMs(row), rows.possibleUntilMs(row)]).toEqual([row * 10, untilMs])
  }
})
