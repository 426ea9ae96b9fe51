import { expect, test } from 'vitest'
import { cell } from '../../bench/accuracy/cell.ts'
import { type Flow, letFlow } from '../../bench/accuracy/flows.ts'
import { Pollers } from '../../bench/accuracy/polling.ts'
import { createAnnotator } from '../../src/enricher/annotate.ts'
import { createEnricher } from '../../src/enricher/live.ts'
import { furthestProgressMs, lookUpsOn } from '../../src/enricher/look-ups.ts'
import { createOwnershipIndex } from '../../src/ownership/ownership-index.ts'
import { FLOW_LOG_HEADER } from '../../src/simulator/flow-log.ts'
import { createWorld } from '../../src/simulator/world.ts'
import { CALM, WeatheredWorld } from '../support/bad-weather.ts'
import { collect, inPieces } from '../support/byte-streams.ts'
import { memoryBucket, memoryStore, reportInto } from '../support/enricher-bench.ts'
import { MINUTE_MS, START_MS } from '../support/simulator.ts'

const SEED = 3
const MINUTES = 6
const SMALL = cell('small', 'a small world in some weather', {
  scale: { hosts: 2, containersPerHost: 8, groups: 4, instancesPerGroup: 2 },
  pace: 0.3,
  weather: { ...CALM, lagMs: 10_000, clockErrorMs: 100, restarted: 0.1, failing: 0.02 },
})

test('batch annotation on an index made anew of the stream gives the rows that the live enricher wrote, once all is final', {
  timeout: 300_000,
}, async () => {
  const promises = { briefestHoldingMs: 0, bridgeMs: SMALL.bridgeMs, pace: SMALL.pace, shownLateMs: 5_000 }
  const world = createWorld(SEED, START_MS, SMALL.scale, promises)
  const run = new WeatheredWorld(world, SMALL.weather, SEED)
  const index = createOwnershipIndex()
  const pollers = new Pollers(run, index, SMALL, START_MS, () => undefined)
  const bucket = memoryBucket()
  const store = memoryStore()
  const objects: string[] = []
  const put = (flows: readonly Flow[]) => {
    objects.push([FLOW_LOG_HEADER, ...flows.map(({ line }) => line), ''].join('\n'))
    bucket.put(`${objects.length}.log`, objects.at(-1) ?? '')
  }
  const fromMs = START_MS + 5 * MINUTE_MS
  letFlow(world, SEED, { fromMs, minutes: MINUTES, connections: 30, slackMs: 0, timesLateMs: 0 }, put)
  const pinned = { index, position: [0] }
  const live = createEnricher({
    list: bucket.list,
    open: bucket.open,
    view: { pin: work => work(pinned), at: async () => index },
    store,
    rules: [],
    slackMs: 0,
    clock: run.clock,
    report: reportInto([]),
    furthestProgressMs: () => furthestProgressMs(index),
    holdCapMs: Number.POSITIVE_INFINITY,
  })
  while ((await store.committedObjects()).size < MINUTES) {
    await pollers.next()
    await live.enrichOnce()
  }

  const anew = createOwnershipIndex()
  for await (const batch of pollers.changes()) for (const { change } of batch) anew.apply(change)
  const annotator = createAnnotator({ lookUps: lookUpsOn(anew, []), slackMs: 0, nowMs: run.clock.now() })
  const inBatch = (
    await Promise.all(objects.map(one => collect(annotator.annotate('object', inPieces(Buffer.from(one))))))
  )
    .flat()
    .map(one => (one.kind === 'flow' ? [one.source, one.destination] : [one.kind]))
  const rows = [...store.rows.values()].map(({ source, destination }) => [source, destination])
  expect(rows.length).toBeGreaterThan(300)
  // Which proof an owner rests on may change later (docs/architecture.md, "until when an answer may change").
  const withoutProof = (row: (typeof inBatch)[number]) =>
    row.map(one => (typeof one === 'object' && one.state === 'owned' ? { ...one, reason: '' } : one))
  expect(inBatch.map(withoutProof)).toEqual(rows.map(withoutProof))
  const states = new Set(rows.flat().map(({ state }) => state))
  for (const state of ['owned', 'ambiguous', 'external'] as const) expect(states).toContain(state)
})
