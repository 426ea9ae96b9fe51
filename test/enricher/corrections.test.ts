import { expect, test } from 'vitest'
import { type CorrectorSettings, createCorrector } from '../../src/enricher/corrections/corrector.ts'
import { correctionRecorder } from '../../src/enricher/corrections/recorder.ts'
import { enricherErrors } from '../../src/enricher/errors.ts'
import { createEnricher } from '../../src/enricher/live.ts'
import { furthestProgressMs } from '../../src/enricher/look-ups.ts'
import { processObject } from '../../src/enricher/object.ts'
import { followingView } from '../../src/enricher/view.ts'
import type { Change } from '../../src/ownership/claim.ts'
import { createOwnershipIndex } from '../../src/ownership/ownership-index.ts'
import { declareError } from '../../src/runtime/errors.ts'
import { changesOf, ms, NOW_MS, type Story } from '../support/claimed-events.ts'
import { INTERFACES, inBrief, logOf, onFirst, onSecond, sent } from '../support/enriched-stories.ts'
import { type MemoryStore, memoryBucket, memoryLog, memoryStore, reportInto } from '../support/enricher-bench.ts'

const never = new AbortController().signal
const PEER: readonly Story[] = [...INTERFACES, onSecond('+P@0')]

/** An enricher and its corrector over a stream, a bucket and a store in memory. */
function bench(over: Partial<CorrectorSettings> = {}) {
  const log = memoryLog()
  const index = createOwnershipIndex()
  const { store = memoryStore() } = over as { readonly store?: MemoryStore }
  const recorder = correctionRecorder(store, { stored: [], answeredUntilMs: Number.NEGATIVE_INFINITY })
  const view = followingView(index, log, never, { beforeEach: logged => recorder.take(logged, index.before()) })
  const bucket = memoryBucket()
  const happened: [string, unknown][] = []
  const time = { nowMs: NOW_MS }
  const context = {
    open: bucket.open,
    view,
    store,
    rules: [],
    slackMs: 0,
    onAnswered: recorder.answered,
    clock: { now: () => time.nowMs++, sleep: async () => {} },
    report: reportInto(happened),
  }
  const settings = { ...context, name: 'test', owns: () => true, anyDomain: false, ...over }
  const furthest = () => furthestProgressMs(index)
  const live = { ...context, list: bucket.list, furthestProgressMs: furthest, holdCapMs: 0 }
  return {
    settings,
    context,
    bucket,
    store,
    happened,
    time,
    enricher: createEnricher(live),
    corrector: createCorrector(settings),
    async publish(changes: readonly Change[]) {
      await log.append(changes)
      for await (const batch of log.read({ from: view.position(), follow: false, signal: never }))
        await view.apply(batch)
      await recorder.flush()
    },
    async answers() {
      const ids = [...(await store.committedObjects())]
      return (await Promise.all(ids.map(id => store.flowsOf(id)))).flat().map(inBrief)
    },
  }
}

/** The story of the first address as it was told at first, and again with a name that comes late. */
const unnamed = (upTo: number): readonly Change[] => changesOf([...PEER, onFirst('+A@10')], { upTo })

/** A revision of the same claim: it was B's all along, or another's who is named later still. */
function renamed(changes: readonly Change[], application = 'B', later = 1000): readonly Change[] {
  return changes.flatMap(change => {
    if (change.record !== 'claim' || change.owners[0]?.application !== 'A') return []
    const owners = change.owners.map(owner => ({ ...owner, application }))
    return [
      { ...change, owners, revision: { epoch: change.revision.epoch, sequence: change.revision.sequence + later } },
    ]
  })
}

test('a revision that renames the past moves the records that it touches, once, and says what it moved', async () => {
  const { bucket, publish, enricher, corrector, answers, happened, store } = bench()
  await publish(unnamed(60))
  bucket.put('touched.log', logOf(sent(15, 25)))
  bucket.put('before.log', logOf(sent(2, 4)))
  await enricher.enrichOnce()
  expect(await answers()).toEqual(['A -> P', 'E1 -> P'])
  expect(await corrector.correctOnce()).toEqual({ corrected: 0, unchanged: 0, gone: 0, isMore: false })

  await publish(renamed(unnamed(60)))
  expect(await corrector.correctOnce()).toMatchObject({ corrected: 1, gone: 0, isMore: false })
  expect(await answers()).toEqual(['B -> P', 'E1 -> P'])
  expect(happened).toContainEqual([
    'objectCorrected',
    expect.objectContaining({
      name: 's3://memory/touched.log',
      changed: 1,
      moves: [{ side: 'source', from: 'A', to: 'B', flows: 1, bytes: 0 }],
    }),
  ])
  expect([...store.rows.values()].map(({ generation }) => generation)).toEqual([1, 1, 2])
  expect(await corrector.correctOnce()).toMatchObject({ corrected: 0, unchanged: 0 })
})

test('nothing is looked at again because time goes on and polls come in', async () => {
  const { bucket, publish, enricher, corrector, store } = bench()
  await publish(unnamed(30))
  bucket.put('a.log', logOf(sent(15, 25)))
  await enricher.enrichOnce()
  await publish(changesOf([...PEER, onFirst('+A@10 -A@90 +C@95')], { upTo: 200 }))
  expect(await store.corrections([], 100)).toEqual([])
  expect(await corrector.correctOnce()).toMatchObject({ corrected: 0, unchanged: 0 })
})

test('an object that left too early is answered again once the sources have told all', async () => {
  const { bucket, publish, enricher, corrector, answers, store, time } = bench()
  await publish(unnamed(20))
  bucket.put('a.log', logOf(sent(15, 25)))
  await enricher.enrichOnce()
  expect(await answers()).toEqual(['unknown not-yet i-A|i-E1|nobody -> unknown not-yet i-P|i-E2|nobody'])
  expect(await corrector.correctOnce()).toMatchObject({ corrected: 0, unchanged: 1 })
  await publish(unnamed(60))
  expect(await corrector.correctOnce()).toMatchObject({ corrected: 0, unchanged: 0 })
  time.nowMs += 60_001
  expect(await corrector.correctOnce()).toMatchObject({ corrected: 1 })
  expect(await answers()).toEqual(['A -> P'])
  expect(await store.openObjects()).toEqual([])
})

test('a storm is worked off over several passes, and a restart loses none of it', async () => {
  const { bucket, publish, enricher, corrector, answers, settings } = bench({ mostObjects: 2 })
  await publish(unnamed(60))
  for (let i = 0; i < 5; i++) bucket.put(`${i}.log`, logOf(sent(15 + i, 25)))
  await enricher.enrichOnce()
  await publish(renamed(unnamed(60)))
  expect(await corrector.correctOnce()).toMatchObject({ corrected: 2, isMore: true })
  const restarted = createCorrector(settings)
  expect(await restarted.correctOnce()).toMatchObject({ corrected: 2, isMore: true })
  expect(await restarted.correctOnce()).toMatchObject({ corrected: 1, isMore: false })
  expect(await answers()).toEqual(Array(5).fill('B -> P'))
})

test('what changes again while a storm is worked off is looked at again, also where the storm has passed', async () => {
  const { bucket, publish, enricher, corrector, answers } = bench({ mostObjects: 2 })
  await publish(unnamed(60))
  for (const record of [sent(2, 4), sent(15, 25), sent(16, 25), sent(17, 25), sent(18, 25)]) {
    bucket.put(`${record}.log`, logOf(record))
  }
  await enricher.enrichOnce()
  await publish(renamed(unnamed(60)))
  expect(await corrector.correctOnce()).toMatchObject({ isMore: true })
  await publish(renamed(unnamed(60), 'C', 2000))
  while ((await corrector.correctOnce()).isMore);
  expect(await answers()).toEqual(['E1 -> P', ...Array(4).fill('C -> P')])
})

test('an object of which the store does not say any more that it was committed is corrected like any other', async () => {
  const { context, bucket, store, publish, corrector, answers, happened } = bench()
  await publish(unnamed(60))
  bucket.put('a.log', logOf(sent(15, 25)))
  const cutOff = declareError('WHOHAD_TEST_CUT_OFF', 'unreachable', () => 'no reply came', true)
  const putObject: typeof store.putObject = async object => {
    await store.putObject(object)
    if (object.state === 'committed') throw cutOff({})
  }
  const live = { ...context, store: { ...store, putObject }, list: bucket.list, holdCapMs: 0 }
  const enricher = createEnricher({ ...live, furthestProgressMs: () => 0 })
  expect(await enricher.enrichOnce()).toMatchObject({ committed: 0, failed: 1 })
  expect(await enricher.enrichOnce()).toMatchObject({ committed: 0, failed: 0 })
  await publish(renamed(unnamed(60)))
  expect(await corrector.correctOnce()).toMatchObject({ corrected: 1 })
  expect(await answers()).toEqual(['B -> P'])
  expect(happened).toContainEqual(['objectFailed', expect.objectContaining({ object: 's3://memory/a.log' })])
})

test('what is noted of a change by a process that has answered less does not take the place of what another noted', async () => {
  const store = memoryStore()
  const [answering, idle] = [bench({ store }), bench({ store })]
  await answering.publish(unnamed(60))
  await idle.publish(unnamed(60))
  answering.bucket.put('late.log', logOf(sent(40, 45)))
  await answering.enricher.enrichOnce()
  // As of its own start, when the store had no more.
  idle.settings.onAnswered?.(ms(15))
  await answering.publish(renamed(unnamed(60)))
  await idle.publish(renamed(unnamed(60)))
  expect(await answering.corrector.correctOnce()).toMatchObject({ corrected: 1 })
  expect(await answering.answers()).toEqual(['B -> P'])
})

test('what another process noted is left until the own index has it, too', async () => {
  const ahead = bench()
  const behind = bench({ store: ahead.store })
  for (const { publish } of [ahead, behind]) await publish(unnamed(60))
  ahead.bucket.put('a.log', logOf(sent(15, 25)))
  behind.bucket.put('a.log', logOf(sent(15, 25)))
  await ahead.enricher.enrichOnce()
  await ahead.publish(renamed(unnamed(60)))
  expect(await behind.corrector.correctOnce()).toMatchObject({ corrected: 0, unchanged: 0 })
  await behind.publish(renamed(unnamed(60)))
  expect(await behind.corrector.correctOnce()).toMatchObject({ corrected: 1 })
  expect(await ahead.answers()).toEqual(['B -> P'])
})

test('an object that is gone keeps its answers, one that cannot be read now keeps its turn', async () => {
  let failure: Error | undefined
  const { settings, bucket, publish, enricher, answers, happened } = bench()
  const corrector = createCorrector({
    ...settings,
    open: async object => {
      if (failure) throw failure
      return bucket.open(object)
    },
  })
  await publish(unnamed(60))
  bucket.put('a.log', logOf(sent(15, 25)))
  await enricher.enrichOnce()
  await publish(renamed(unnamed(60)))
  failure = enricherErrors.s3Unreachable({ bucket: 'memory', endpoint: 'nowhere', reason: 'test' })
  expect(await corrector.correctOnce()).toMatchObject({ corrected: 0, gone: 0, isMore: true })
  failure = enricherErrors.s3ObjectMissing({ bucket: 'memory', key: 'a.log' })
  expect(await corrector.correctOnce()).toMatchObject({ corrected: 0, gone: 1, isMore: false })
  expect(await answers()).toEqual(['A -> P'])
  expect(happened.filter(([name]) => name === 'correctionFailed')).toHaveLength(2)
})

test('a generation whose writing broke off is finished where it was begun, and what came since is looked at again', async () => {
  const { bucket, publish, enricher, corrector, answers, store, context } = bench()
  await publish(unnamed(60))
  const object = bucket.put('a.log', logOf(sent(15, 25)))
  store.failAfterInserts(0)
  expect(await enricher.enrichOnce()).toMatchObject({ failed: 1 })
  store.failAfterInserts(Number.POSITIVE_INFINITY)
  // The change comes before anything of the object counts, so that it touches nothing.
  await publish(renamed(unnamed(60)))
  expect(await corrector.correctOnce()).toMatchObject({ corrected: 0, unchanged: 0 })
  await processObject(object, context)
  expect(await answers()).toEqual(['A -> P'])
  expect(await corrector.correctOnce()).toMatchObject({ corrected: 1 })
  expect(await answers()).toEqual(['B -> P'])
})
