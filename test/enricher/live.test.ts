import { expect, test } from 'vitest'
import { createEnricher, type EnricherSettings, runEnricher } from '../../src/enricher/live.ts'
import { followingView } from '../../src/enricher/view.ts'
import { createOwnershipIndex } from '../../src/ownership/ownership-index.ts'
import { declareError } from '../../src/runtime/errors.ts'
import { memoryBucket, memoryLog, memoryStore, reportInto } from '../support/enricher-bench.ts'

const NAMED = 'AWSLogs/1/vpcflowlogs/us-east-1/2023/11/14/1_vpcflowlogs_us-east-1_fl-1_20231114T2210Z_aa.log.gz'
const NAMED_END_MS = Date.UTC(2023, 10, 14, 22, 15)
const LOG =
  'srcaddr dstaddr start end\n10.0.0.1 10.0.0.2 1700000000 1700000003\n10.0.0.1 10.0.0.3 1699999999 1700000001\n'
const never = new AbortController().signal

function bench(over: Partial<EnricherSettings> = {}) {
  const happened: [string, unknown][] = []
  const bucket = memoryBucket()
  const store = memoryStore()
  const time = { nowMs: NAMED_END_MS, watermarkMs: undefined as number | undefined }
  const settings: EnricherSettings = {
    list: bucket.list,
    open: bucket.open,
    view: followingView(createOwnershipIndex(), memoryLog(), never),
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
    watermark: () => time.watermarkMs,
    holdCapMs: 600_000,
    ...over,
  }
  const names = () => happened.map(([name]) => name)
  return { enricher: createEnricher(settings), settings, happened, names, bucket, store, time }
}

test("an object waits until the watermark has passed its name's window, then is written once", async () => {
  const { enricher, bucket, time, happened, names } = bench()
  bucket.put(NAMED, LOG)
  expect(await enricher.enrichOnce()).toMatchObject({ listed: 1, held: 1, committed: 0 })
  expect(happened[0]).toEqual([
    'objectHeld',
    { object: `s3://memory/${NAMED}`, newestEndMs: NAMED_END_MS, watermarkMs: null },
  ])
  time.watermarkMs = NAMED_END_MS - 1
  expect(await enricher.enrichOnce()).toMatchObject({ held: 1 })
  expect(bucket.opened).toEqual([])
  time.watermarkMs = NAMED_END_MS
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

test('a watermark that is ahead of the clock releases nothing before its time', async () => {
  const { enricher, bucket, time } = bench()
  bucket.put(NAMED, LOG)
  time.watermarkMs = NAMED_END_MS + 60_000
  time.nowMs = NAMED_END_MS - 1
  expect(await enricher.enrichOnce()).toMatchObject({ held: 1 })
  time.nowMs = NAMED_END_MS
  expect(await enricher.enrichOnce()).toMatchObject({ committed: 1 })
})

test('an object whose name does not tell is read for its newest end', async () => {
  const { enricher, bucket, time } = bench()
  bucket.put('other.log', LOG)
  time.watermarkMs = 1_700_000_003_999
  expect(await enricher.enrichOnce()).toMatchObject({ held: 1 })
  time.watermarkMs = 1_700_000_004_000
  expect(await enricher.enrichOnce()).toMatchObject({ committed: 1 })
  expect(bucket.opened).toEqual(['other.log', 'other.log'])
})

test('at the cap an object leaves with what is known, and says so', async () => {
  const { enricher, bucket, time, happened } = bench()
  bucket.put(NAMED, LOG)
  await enricher.enrichOnce()
  time.nowMs += 599_999
  expect(await enricher.enrichOnce()).toMatchObject({ held: 1 })
  time.nowMs += 1
  expect(await enricher.enrichOnce()).toMatchObject({ committed: 1 })
  expect(happened).toContainEqual([
    'objectReleasedByCap',
    { object: `s3://memory/${NAMED}`, newestEndMs: NAMED_END_MS, heldMs: 600_000 },
  ])
})

test('an object that cannot be read now is left for the next pass, and the others are written', async () => {
  const gone = declareError('WHOHAD_TEST_GONE', 'unreachable', () => 'gone', true)
  const { settings, bucket, time, happened, store } = bench()
  let broken = true
  const enricher = createEnricher({
    ...settings,
    open: async object => {
      if (broken && object.key === 'b.log') throw gone({})
      return bucket.open(object)
    },
  })
  for (const key of ['a.log', 'b.log', 'c.log']) bucket.put(key, LOG)
  time.watermarkMs = Number.MAX_SAFE_INTEGER
  expect(await enricher.enrichOnce()).toMatchObject({ listed: 3, committed: 2, failed: 1 })
  expect(happened).toContainEqual(['objectFailed', expect.objectContaining({ object: 's3://memory/b.log' })])
  broken = false
  expect(await enricher.enrichOnce()).toMatchObject({ listed: 3, committed: 1, failed: 0 })
  expect(store.rows.size).toBe(6)
})

test('a listing that breaks off is reported, and what was listed before is written', async () => {
  const down = declareError('WHOHAD_TEST_DOWN', 'unreachable', () => 'down', true)
  const { settings, bucket, time, names } = bench()
  bucket.put('a.log', LOG)
  time.watermarkMs = Number.MAX_SAFE_INTEGER
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
  const { settings, bucket, time } = bench()
  bucket.put('a.log', LOG)
  time.watermarkMs = Number.MAX_SAFE_INTEGER
  const open = () => Promise.reject(new RangeError('a defect'))
  await expect(createEnricher({ ...settings, open }).enrichOnce()).rejects.toThrow('a defect')
})

test('the loop passes at every tick until it is stopped', async () => {
  const { settings, bucket, store, time } = bench()
  const stopping = new AbortController()
  bucket.put('a.log', LOG)
  let passes = 0
  time.watermarkMs = Number.MAX_SAFE_INTEGER
  const report = {
    ...settings.report,
    passFinished: () => {
      bucket.put(`${passes}.log`, LOG)
      if (++passes === 3) stopping.abort()
    },
  }
  await runEnricher({ ...settings, report, intervalMs: 60_000 }, stopping.signal)
  expect(passes).toBe(3)
  expect(store.rows.size).toBe(6)
})
