import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Row, Segment } from '../../../src/ownership/generation/segment.ts'
import { SegmentBuilder } from '../../../src/ownership/generation/segment-builder.ts'
import { FactTable } from '../../../src/ownership/ledger/fact-table.ts'
import { owner } from '../../support/estate.ts'
import { propertyRuns } from '../../support/property-runs.ts'

const facts = new FactTable()
const fact = facts.intern({
  source: 's',
  owners: [owner('api')],
  layer: 'container',
  evidence: 'sighted',
  state: 'closed',
  expects: [],
  whole: false,
  ports: null,
})

type Stay = readonly [fromMs: number, untilMs: number]

function segmentOf(stays: readonly Stay[]): Segment {
  const builder = new SegmentBuilder(0, { rows: 0, hosts4: 0, hosts6: 0 })
  builder.prefix(1, 4, 32, 7, 0, 0, 0)
  for (const [i, [fromMs, untilMs]] of stays.entries()) builder.row(fromMs, fromMs, untilMs, untilMs, 0, fact, i)
  return builder.finish()
}

function rowsTouching(segment: Segment, fromMs: number, untilMs: number): readonly Row[] {
  const { hosts4 } = segment
  const range = segment.rangeOf(hosts4, hosts4.find(1, 7, 0, 0, 0))
  return segment.touching(range, { fromMs, untilMs })
}

const touching = (segment: Segment, fromMs: number, untilMs: number): readonly number[] =>
  rowsTouching(segment, fromMs, untilMs).map(({ claimRef }) => claimRef)

const stay = fc.tuple(
  fc.integer({ min: 0, max: 200 }),
  fc.oneof(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 200 })),
)

describe('the rows that touch a window', () => {
  test('are exactly those, however far the stays reach over one another', () => {
    fc.assert(
      fc.property(
        fc.array(stay, { minLength: 1, maxLength: 120 }),
        fc.integer({ min: 0, max: 400 }),
        fc.integer({ min: 1, max: 30 }),
        (drawn, fromMs, lengthMs) => {
          const stays = drawn.map(([from, length]): Stay => [from, from + length]).sort((a, b) => a[0] - b[0])
          const untilMs = fromMs + lengthMs
          const expected = stays.flatMap(([from, until], i) => (from < untilMs && until > fromMs ? [i] : []))
          expect(touching(segmentOf(stays), fromMs, untilMs)).toEqual(expected)
        },
      ),
      propertyRuns(300),
    )
  })

  test('are found among a hundred thousand that follow one another, under one that outlasts them all', () => {
    const stays: Stay[] = [[0, 1_000_000], ...Array.from({ length: 100_000 }, (_, i): Stay => [i * 10, i * 10 + 10])]
    const segment = segmentOf(stays)
    expect(touching(segment, 0, 1)).toEqual([0, 1])
    expect(touching(segment, 500_005, 500_006)).toEqual([0, 50_001])
    expect(touching(segment, 500_009, 500_011)).toEqual([0, 50_001, 50_002])
    expect(touching(segment, 999_999, 1_000_005)).toEqual([0, 100_000])
    expect(touching(segment, 1_000_000, 1_000_005)).toEqual([])
  })

  test('keep times that lie outside of the segment to the millisecond', () => {
    const segment = segmentOf([[-5_000_000_000, 9_000_000_000]])
    const times = { possibleFromMs: -5_000_000_000, possibleUntilMs: 9_000_000_000 }
    expect(rowsTouching(segment, 0, 1)).toMatchObject([times])
  })
})
