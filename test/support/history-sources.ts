import fc from 'fast-check'
import {
  type Change,
  LAYERS,
  type Layer,
  type Progress,
  type Scope,
  type SourceRecord,
} from '../../src/ownership/claim.ts'
import type { Prefix } from '../../src/ownership/prefix.ts'
import { DOMAINS, GRID_MS, type Place, revision, SOURCES, sometimes, time } from './history-space.ts'

const scopeIn = ({ prefixes, domain }: Place): fc.Arbitrary<Scope> =>
  fc.record({
    domain: sometimes(fc.constant(domain), fc.constantFrom(...DOMAINS), 9),
    prefix: sometimes(fc.constant(prefixes.at(-1) as Prefix), fc.constantFrom(...prefixes), 5),
    layers: sometimes(fc.constant<readonly Layer[]>(LAYERS), fc.subarray<Layer>([...LAYERS], { minLength: 1 }), 2),
    fromMs: sometimes(fc.constantFrom(0, 10), time, 3),
  })

const registration = (source: string, place: Place): fc.Arbitrary<SourceRecord> =>
  fc.record<SourceRecord>({
    record: fc.constant('source'),
    source: fc.constant(source),
    revision,
    kind: fc.constantFrom('ec2', 'titus'),
    scope: fc.array(scopeIn(place), { minLength: 1, maxLength: 3 }),
    // On the grid, and as long as two polls may be apart: so that equal is met as well as less and more.
    bounds: fc.record({
      lagMs: fc.constantFrom(0, 3),
      clockErrorMs: fc.constantFrom(0, 1),
      bridgeMs: fc.constant(0),
      briefestHoldingMs: fc.constantFrom(0, 12, 20, 22, 1000),
      longestGapMs: fc.constantFrom(1000, 1000, 40, 20),
    }),
    validity: fc.record({
      fromMs: sometimes(fc.constant(0), time),
      untilMs: sometimes(fc.constant(Number.POSITIVE_INFINITY), time, 6),
    }),
  })

type Drawn = { readonly tookMs: number; readonly dice: number }

/** A complete poll, one that was refused, or one that two pollers made at once. */
function pollsAt(source: string, completeUpToMs: number, sequence: number, { tookMs, dice }: Drawn): Progress[] {
  const poll: Progress = {
    record: 'progress',
    source,
    revision: { epoch: 1, sequence },
    completeUpToMs,
    overAtMs: completeUpToMs + tookMs,
    counts: { addresses: 1, changed: 0 },
    refused: null,
  }
  if (dice === 9) {
    return [{ ...poll, overAtMs: Number.NEGATIVE_INFINITY, refused: { reason: 'throttled', detail: '' } }]
  }
  return dice === 8 ? [poll, { ...poll, revision: { epoch: 2, sequence }, overAtMs: completeUpToMs + 8 }] : [poll]
}

/** Polls on most of the grid or on little of it, one after the other, some of them slow. */
function polls(source: string): fc.Arbitrary<readonly Progress[]> {
  const moments = fc.oneof(
    { withCrossShrink: true },
    { weight: 1, arbitrary: fc.subarray([...GRID_MS], { maxLength: 5 }) },
    { weight: 4, arbitrary: fc.subarray([...GRID_MS], { minLength: 9 }) },
  )
  const drawn = fc.record<Drawn>({ tookMs: fc.constantFrom(2, 2, 0, 9, 10, 12), dice: fc.nat({ max: 9 }) })
  const many = fc.array(drawn, { minLength: GRID_MS.length, maxLength: GRID_MS.length })
  return fc
    .tuple(moments, many)
    .map(([chosen, all]) => chosen.flatMap((atMs, i) => pollsAt(source, atMs, i, all[i] as Drawn)))
}

/** What the sources say of themselves: mostly all of them, each registered once or twice, seldom never. */
export function sourceChanges(place: Place): fc.Arbitrary<readonly Change[]> {
  const each = SOURCES.map(source => {
    const registrations = fc.array(registration(source, place), { minLength: 1, maxLength: 2 })
    return fc.tuple(sometimes(registrations, fc.constant<SourceRecord[]>([]), 8), polls(source))
  })
  return fc
    .tuple(...each)
    .chain(all => sometimes(fc.constant(all), fc.subarray([...all]), 3))
    .map(chosen => chosen.flatMap(([records, progress]) => [...records, ...progress]))
}
