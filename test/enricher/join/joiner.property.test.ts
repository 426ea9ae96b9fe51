import fc from 'fast-check'
import { expect, test } from 'vitest'
import { attribute, windowOf } from '../../../src/enricher/attribute.ts'
import { BatchReader, readBatches } from '../../../src/enricher/flowlogs/read-batches.ts'
import { recordAt } from '../../../src/enricher/flowlogs/record-at.ts'
import type { RecordBatch } from '../../../src/enricher/flowlogs/record-batch.ts'
import { MOST_IN_STRIP } from '../../../src/enricher/join/batch-strip.ts'
import type { JoinedBatch } from '../../../src/enricher/join/joined-batch.ts'
import { Joiner } from '../../../src/enricher/join/joiner.ts'
import { lookUpsOn } from '../../../src/enricher/look-ups.ts'
import { createOwnershipIndex, type OwnershipIndex } from '../../../src/ownership/ownership-index.ts'
import { reachTable } from '../../../src/ownership/reach.ts'
import { StandingIndex } from '../../../src/ownership/standing-index.ts'
import { type JoinWorld, joinWorlds, OTHER_REGION, REGION } from '../../support/join-worlds.ts'
import { propertyRuns, propertyTimeoutMs } from '../../support/property-runs.ts'

async function* bytesOf({ header, lines }: Pick<JoinWorld, 'header' | 'lines'>): AsyncGenerator<Uint8Array> {
  yield Buffer.from([header, ...lines, ''].join('\n'))
}

function indexOf({ changes }: JoinWorld, isFolded: boolean): OwnershipIndex {
  const index = createOwnershipIndex()
  for (const change of changes) index.apply(change)
  if (isFolded) index.compact()
  return index
}

type Way = {
  readonly wantsFinal: boolean
  readonly isFolded: boolean
  readonly batchRecords: number
  /** Of the objects, which have the same lines. */
  readonly regions: readonly (string | undefined)[]
}
const ways = fc.record<Way>({
  wantsFinal: fc.boolean(),
  isFolded: fc.boolean(),
  batchRecords: fc.constantFrom(4, 64),
  regions: fc.constantFrom([undefined, undefined], [undefined, REGION, undefined], [REGION, OTHER_REGION]),
})

/** Every answered record of a batch beside what `attribute` says of it. */
function compare(
  world: JoinWorld,
  index: OwnershipIndex,
  batch: RecordBatch,
  joined: JoinedBatch,
  { wantsFinal }: Way,
  regionOfObject: string | undefined,
): number {
  const { rules, reaches, slackMs, nowMs } = world
  const lookUps = lookUpsOn(index, rules, { reach: reachTable(reaches), regionOfObject })
  for (let place = 0; place < batch.count; place++) {
    const record = recordAt(batch, place)
    const window = windowOf(record, slackMs)
    expect(joined.isAnswered[place]).toBe(window ? 1 : 0)
    if (window === undefined) continue
    const { source, destination, final } = attribute(record, window, nowMs, lookUps)
    const told = { source: joined.source(place), destination: joined.destination(place) }
    expect([record.tokens.join(' '), told]).toEqual([record.tokens.join(' '), { source, destination }])
    if (wantsFinal)
      expect([record.tokens.join(' '), joined.isFinal[place]]).toEqual([record.tokens.join(' '), final ? 1 : 0])
  }
  return batch.count
}

test('every record is answered as `attribute` answers it, the first time and from memory', {
  timeout: propertyTimeoutMs(120_000),
}, async () => {
  const counts = { lookedUp: 0, byRegion: 0, workedOut: 0, whole: 0 }
  let records = 0
  await fc.assert(
    fc.asyncProperty(joinWorlds, ways, async (world, way) => {
      const index = indexOf(world, way.isFolded)
      const standing = new StandingIndex(structuredClone(index.standing()))
      const { rules, reaches, slackMs, nowMs } = world
      const settings = {
        rules,
        reach: reachTable(reaches),
        slackMs,
        nowMs,
        wantsFinal: way.wantsFinal,
        wantsClaims: true,
      }
      const joiner = new Joiner(standing, settings)
      // The same reader gives the same texts the same numbers, whatever region the next object is of.
      const reader = new BatchReader({ batchRecords: way.batchRecords })
      for (const region of way.regions) {
        joiner.startObject(region)
        for await (const batch of reader.read(bytesOf(world), 'a')) {
          records += compare(world, index, batch, joiner.answer(batch), way, region)
        }
      }
      for (const name of ['lookedUp', 'byRegion', 'workedOut', 'whole'] as const) counts[name] += joiner.counts[name]
    }),
    propertyRuns(80),
  )
  // Each way of answering was met, and memory did most of it.
  expect(Math.min(...Object.values(counts))).toBeGreaterThan(20)
  expect(counts.workedOut + counts.whole + counts.lookedUp + counts.byRegion).toBeLessThan(records * 2)
})

test('a batch of more records than are answered at a time is answered as its records are in small ones', {
  timeout: propertyTimeoutMs(120_000),
}, async () => {
  let records = 0
  await fc.assert(
    fc.asyncProperty(joinWorlds, fc.boolean(), async (world, isFolded) => {
      const standing = new StandingIndex(structuredClone(indexOf(world, isFolded).standing()))
      const { header, rules, reaches, slackMs, nowMs } = world
      const lines = Array.from({ length: 40 }, () => world.lines).flat()
      const told = async (batchRecords: number): Promise<readonly unknown[]> => {
        const joiner = new Joiner(standing, { rules, reach: reachTable(reaches), slackMs, nowMs, wantsClaims: true })
        const ends: unknown[] = []
        for await (const batch of readBatches(bytesOf({ header, lines }), { name: 'a', batchRecords })) {
          const joined = joiner.answer(batch)
          for (let place = 0; place < batch.count; place++) {
            ends.push(joined.isAnswered[place] === 0 ? undefined : [joined.source(place), joined.destination(place)])
          }
        }
        return ends
      }
      const small = await told(7)
      records = Math.max(records, small.length)
      expect(await told(8192)).toEqual(small)
    }),
    propertyRuns(6),
  )
  expect(records).toBeGreaterThan(2 * MOST_IN_STRIP)
})
