import { expect, test } from 'vitest'
import { enricherErrors } from '../../src/enricher/errors.ts'
import { createEnricher, type EnricherSettings } from '../../src/enricher/live.ts'
import { furthestProgressMs } from '../../src/enricher/look-ups.ts'
import { followingView } from '../../src/enricher/view.ts'
import { createOwnershipIndex } from '../../src/ownership/ownership-index.ts'
import { declareError } from '../../src/runtime/errors.ts'
import { progressOf, registrationOf } from '../support/claimed-events.ts'
import { memoryBucket, memoryLog, memoryStore, reportInto } from '../support/enricher-bench.ts'

const NAMED = 'AWSLogs/1/vpcflowlogs/us-east-1/2023/11/14/1_vpcflowlogs_us-east-1_fl-1_20231114T2210Z_aa.log.gz'
const NAMED_END_MS = Date.UTC(2023, 10, 14, 22, 15)
const LOG =
  'srcaddr dstaddr start end\n10.0.0.1 10.0.0.2 1700000000 1700000003\n10.0.0.1 10.0.0.3 1699999999 1700000001\n'
const LOG_END_MS = 1_700_000_004_000
/** On an interface that no source ever shows: each of them must have told all before that is certain. */
const STRANGE = 'interface-id srcaddr dstaddr start end\neni-9 10.0.0.1 10.0.0.2 1700000000 1700000003\n'
const never = new AbortController().signal

function bench(over: Partial<EnricherSettings> = {}) {
  const happened: [string, unknown][] = []
  const bucket = memoryBucket()
  const store = memoryStore()
  const index = createOwnershipIndex()
  const time = { nowMs: NAMED_END_MS }
  let polls = 0
  const settings: EnricherSettings = {
    list: bucket.list,
    open: bucket.open,
    view: followingView(index, memoryLog(), never),
    store,
    rules: [],
    slackMs: 60_000,
    clock: {
      now: () => time.nowMs,
      sleep: async ms => {
        time.nowMs += ms
      },
    },
    report: reportInto(happened),
    furthestProgressMs: () => furthestProgressMs(index),
    holdCapMs: 600_000,
    ...over,
  }
  const names = () => happened.map(([name]) => name)
  const told = (source: string, completeUpToMs: number) => {
    index.apply(registrationOf(source))
    index.apply({ ...progressOf(source, 0, ++polls), completeUpToMs, overAtMs: completeUpToMs })
  }
  return { enricher: createEnricher(settings), settings, happened, names, bucket, store, time, told }
}

test("an object is not even opened before some source has passed its name's window, then is written once", async () => {
  const { enricher, bucket, happened, names, told } = bench()
  bucket.put(NAMED, LOG)
  expect(await enricher.enrichOnce()).toMatchObject({ listed: 1, held: 1, committed: 0 })
  expect(happened[0]).toEqual(['objectHeld', { object: `s3://memory/${NAMED}` }])
  told('one', NAMED_END_MS - 1)
  expect(await enricher.enrichOnce()).toMatchObject({ held: 1 })
  expect(bucket.opened).toEqual([])
  told('one', NAMED_END_MS)
  expect(await enricher.enrichOnce()).toEqual({
    listed: 1,
    committed: 1,
    held: 0,
    failed: 0,
    records: 2,
    skipped: 0,
    deadLetters: 0,
    complete: true,
  })
  expect(await enricher.enrichOnce()).toMatchObject({ listed: 1, committed: 0, records: 0 })
  expect(names()).toEqual([
    'objectHeld',
    'passFinished',
    'passFinished',
    'objectCommitted',
    'passFinished',
    'passFinished',
  ])
})

test('a source that is ahead of the clock releases nothing before its time', async () => {
  const { enricher, bucket, time, told } = bench()
  bucket.put(NAMED, LOG)
  told('one', NAMED_END_MS + 60_000)
  time.nowMs = NAMED_END_MS - 1
  expect(await enricher.enrichOnce()).toMatchObject({ held: 1 })
  time.nowMs = NAMED_END_MS
  expect(await enricher.enrichOnce()).toMatchObject({ committed: 1 })
})

test('an object waits for every source that may know its interface, and keeps nothing meanwhile', async () => {
  const { enricher, bucket, told, store } = bench()
  bucket.put('other.log', STRANGE)
  told('one', LOG_END_MS)
  told('two', LOG_END_MS - 1)
  expect(await enricher.enrichOnce()).toMatchObject({ held: 1 })
  expect(store.rows.size).toBe(0)
  expect(await store.committedObjects()).toEqual(new Set())
  told('two', LOG_END_MS)
  expect(await enricher.enrichOnce()).toMatchObject({ committed: 1 })
  expect(bucket.opened).toEqual(['other.log', 'other.log'])
})

test('an object too large to be kept is answered once more, and its rows are the same', async () => {
  const [small, large] = [bench(), bench({ mostRowsKept: 1 })]
  for (const { bucket, told, enricher } of [small, large]) {
    bucket.put('a.log', LOG)
    told('one', LOG_END_MS)
    expect(await enricher.enrichOnce()).toMatchObject({ committed: 1 })
  }
  expect([small.bucket.opened.length, large.bucket.opened.length]).toEqual([1, 2])
  expect([...large.store.rows]).toEqual([...small.store.rows])
})

test('at the cap an object leaves with what is known, and says of how many records more may become known', async () => {
  const { enricher, bucket, time, happened, store } = bench()
  bucket.put('other.log', STRANGE)
  await enricher.enrichOnce()
  time.nowMs += 599_999
  expect(await enricher.enrichOnce()).toMatchObject({ held: 1 })
  time.nowMs += 1
  expect(await enricher.enrichOnce()).toMatchObject({ committed: 1 })
  expect(happened).toContainEqual([
    'objectReleasedByCap',
    { object: 's3://memory/other.log', openRecords: 1, heldMs: 600_000 },
  ])
  const [objectId] = await store.committedObjects()
  expect(await store.findObject(objectId ?? '')).toMatchObject({ state: 'committed', openRecords: 1 })
})

test('an object that was begun goes on, whatever the sources say', async () => {
  const { enricher, settings, bucket, store, told } = bench({ rowsPerInsert: 1 })
  bucket.put('a.log', LOG)
  told('one', LOG_END_MS)
  store.failAfterInserts(1)
  expect(await enricher.enrichOnce()).toMatchObject({ failed: 1 })
  store.failAfterInserts(Number.POSITIVE_INFINITY)
  const restarted = createEnricher({ ...settings, furthestProgressMs: () => Number.NEGATIVE_INFINITY })
  expect(await restarted.enrichOnce()).toMatchObject({ committed: 1 })
  expect(store.rows.size).toBe(2)
})

test('an object that cannot be read now is left for the next pass, and the others are written', async () => {
  const gone = declareError('WHOHAD_TEST_GONE', 'unreachable', () => 'gone', true)
  const { settings, bucket, happened, store } = bench()
  let broken = true
  const enricher = createEnricher({
    ...settings,
    open: async object => {
      if (broken && object.key === 'b.log') throw gone({})
      return bucket.open(object)
    },
  })
  for (const key of ['a.log', 'b.log', 'c.log']) bucket.put(key, LOG)
  expect(await enricher.enrichOnce()).toMatchObject({ listed: 3, committed: 2, failed: 1 })
  expect(happened).toContainEqual(['objectFailed', expect.objectContaining({ object: 's3://memory/b.log' })])
  broken = false
  expect(await enricher.enrichOnce()).toMatchObject({ listed: 3, committed: 1, failed: 0 })
  expect(store.rows.size).toBe(6)
})

test('what is done is acknowledged, here or before; what waits or failed is not', async () => {
  const acknowledged: string[] = []
  const { settings, bucket, told, store } = bench({
    acknowledge: async ({ key }) => void acknowledged.push(key),
  })
  for (const key of ['a.log', 'b.log']) bucket.put(key, STRANGE)
  const enricher = createEnricher(settings)
  expect(await enricher.enrichOnce()).toMatchObject({ held: 2 })
  expect(acknowledged).toEqual([])
  told('one', LOG_END_MS)
  store.failAfterInserts(1)
  expect(await enricher.enrichOnce()).toMatchObject({ committed: 1, failed: 1 })
  expect(acknowledged).toEqual(['a.log'])
  store.failAfterInserts(Number.POSITIVE_INFINITY)
  expect(await enricher.enrichOnce()).toMatchObject({ committed: 1 })
  expect(acknowledged.toSorted()).toEqual(['a.log', 'a.log', 'b.log'])
})

test('an object that is gone before it was read is a dead letter, and needs not be listed again', async () => {
  const acknowledged: string[] = []
  const { settings, bucket, happened, store } = bench({
    acknowledge: async ({ key }) => void acknowledged.push(key),
    open: async ({ key }) => {
      throw enricherErrors.s3ObjectMissing({ bucket: 'memory', key })
    },
  })
  bucket.put('a.log', LOG)
  expect(await createEnricher(settings).enrichOnce()).toMatchObject({ failed: 1 })
  expect([...store.letters.values()]).toMatchObject([
    { place: 'line 0', reason: 'object-gone', sample: 's3://memory/a.log' },
  ])
  expect(acknowledged).toEqual(['a.log'])
  expect(happened[0]).toMatchObject(['objectFailed', { error: { code: 'WHOHAD_S3_OBJECT_MISSING' } }])
})

test('a listing that breaks off is reported, and what was listed before is written', async () => {
  const down = declareError('WHOHAD_TEST_DOWN', 'unreachable', () => 'down', true)
  const { settings, bucket, names } = bench()
  bucket.put('a.log', LOG)
  const enricher = createEnricher({
    ...settings,
    async *list() {
      yield* bucket.list()
      throw down({})
    },
  })
  expect(await enricher.enrichOnce()).toMatchObject({ committed: 1, complete: false })
  expect(names()).toEqual(['objectCommitted', 'listFailed', 'passFinished'])
})

test('what nobody has classified is a defect, and is thrown', async () => {
  const { settings, bucket } = bench()
  bucket.put('a.log', LOG)
  const open = () => Promise.reject(new RangeError('a defect'))
  await expect(createEnricher({ ...settings, open }).enrichOnce()).rejects.toThrow('a defect')
})
