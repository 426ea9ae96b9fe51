import { expect, test } from 'vitest'
import { openPipeline, type Pipeline } from '../../src/cli/pipeline.ts'
import { loadSettings } from '../../src/cli/settings.ts'
import { createTelemetry } from '../../src/cli/telemetry.ts'
import { createCorrector } from '../../src/enricher/corrections/corrector.ts'
import { createEnricher } from '../../src/enricher/live.ts'
import { furthestProgressMs } from '../../src/enricher/look-ups.ts'
import type { Change } from '../../src/ownership/claim.ts'
import { systemClock } from '../../src/runtime/clock.ts'
import { changesOf, NOW_MS } from '../support/claimed-events.ts'
import { temporaryFolder } from '../support/clickhouse-folder.ts'
import { INTERFACES, inBrief, logOf, onFirst, onSecond, sent } from '../support/enriched-stories.ts'
import { memoryBucket } from '../support/enricher-bench.ts'

/** A at first; as it was all along, by a revision that comes later. */
const told = (application: string, sequence: number): readonly Change[] =>
  changesOf([...INTERFACES, onSecond('+P@0'), onFirst('+A@10')], { upTo: 60 }).map(change => {
    if (change.record !== 'claim' || change.owners[0]?.application !== 'A') return change
    const owners = change.owners.map(owner => ({ ...owner, application }))
    return { ...change, owners, revision: { ...change.revision, sequence } }
  })

test('what was answered is answered again from a real stream and store, after a restart too, and no roll-up counts twice', async () => {
  const path = await temporaryFolder('corrections')
  const settings = loadSettings({}, { overrides: { data: { path }, log: { level: 'silent' } } })
  const clock = { ...systemClock, now: () => NOW_MS }
  const bucket = memoryBucket()
  for (const name of ['a', 'b', 'c']) bucket.put(`${name}.log`, logOf(sent(15, 25), sent(2, 4)))

  const life = async <T>(work: (pipeline: Pipeline, parts: ReturnType<typeof partsOf>) => Promise<T>): Promise<T> => {
    const telemetry = createTelemetry({ level: 'silent', version: 'test' })
    const pipeline = await openPipeline(settings, { clock, telemetry, threadPoolSize: 8 })
    await pipeline.settled()
    try {
      return await work(pipeline, partsOf(pipeline, telemetry))
    } finally {
      await pipeline.close()
    }
  }
  const partsOf = (pipeline: Pipeline, { report }: ReturnType<typeof createTelemetry>) => {
    const { view, store, index, onAnswered } = pipeline
    const context = { open: bucket.open, view, store, rules: [], slackMs: 0, clock, report, onAnswered }
    const furthest = () => furthestProgressMs(index)
    const enricher = createEnricher({ ...context, list: bucket.list, furthestProgressMs: furthest, holdCapMs: 9e9 })
    const corrector = createCorrector({ ...context, name: 'a', owns: () => true, anyDomain: false, mostObjects: 2 })
    const answers = async () => {
      const ids = [...(await store.committedObjects())]
      return (await Promise.all(ids.map(id => store.flowsOf(id)))).flat().map(inBrief).sort()
    }
    const publish = async (changes: readonly Change[]) => {
      await pipeline.log.append(changes)
      await pipeline.settled()
    }
    const flows = async () => (await store.countStates()).reduce((sum, { flows }) => sum + flows, 0)
    return { enricher, corrector, answers, publish, flows }
  }
  const before = ['A -> P', 'A -> P', 'A -> P', 'E1 -> P', 'E1 -> P', 'E1 -> P']

  await life(async (_, { enricher, corrector, answers, publish, flows }) => {
    await publish(told('A', 1))
    expect(await enricher.enrichOnce()).toMatchObject({ committed: 3 })
    expect(await answers()).toEqual(before)
    expect(await corrector.correctOnce()).toMatchObject({ corrected: 0, unchanged: 0 })
    await publish(told('B', 1000))
    // One pass looks at two objects; then the process ends.
    expect(await corrector.correctOnce()).toMatchObject({ corrected: 2, isMore: true })
    expect(await flows()).toBe(12)
  })
  await life(async ({ store }, { enricher, corrector, answers, flows }) => {
    expect(await enricher.enrichOnce()).toMatchObject({ listed: 3, committed: 0, failed: 0 })
    expect(await corrector.correctOnce()).toMatchObject({ corrected: 1, isMore: false })
    expect(await corrector.correctOnce()).toMatchObject({ corrected: 0, unchanged: 0, isMore: false })
    expect(await answers()).toEqual(before.map(answer => answer.replace('A', 'B')))
    expect(await flows()).toBe(12)
    expect(await store.openObjects()).toEqual([])
  })
}, 120_000)
