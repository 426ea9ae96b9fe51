import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { changestreamErrors } from '../../src/changestream/errors.ts'
import { type ObjectContext, processObject } from '../../src/enricher/object.ts'
import { followingView } from '../../src/enricher/view.ts'
import type { Change } from '../../src/ownership/claim.ts'
import { createOwnershipIndex } from '../../src/ownership/ownership-index.ts'
import { collect } from '../support/byte-streams.ts'
import { memoryBucket, memoryLog, memoryStore, reportInto } from '../support/enricher-bench.ts'
import { claimOf, NOW_MS, sampleChanges, sampleIndex, VPC } from '../support/flow-log-inventory.ts'

const SAMPLES = 'test/golden/flow-logs'
const never = new AbortController().signal

async function bench(over: Partial<ObjectContext> = {}) {
  const log = memoryLog()
  const view = followingView(createOwnershipIndex(), log, never)
  const publish = async (changes: readonly Change[]) => {
    await log.append(changes)
    for await (const batch of log.read({ from: view.position(), follow: false, signal: never })) await view.apply(batch)
  }
  await publish(sampleChanges())
  const happened: [string, unknown][] = []
  const store = memoryStore()
  const bucket = memoryBucket()
  let nowMs = NOW_MS
  const clock = { now: () => nowMs++, sleep: async () => {} }
  const context: ObjectContext = {
    open: bucket.open,
    view,
    store,
    rules: [],
    slackMs: 60_000,
    clock,
    report: reportInto(happened),
    ...over,
  }
  return { context, store, bucket, happened, publish, view, log }
}

test('an object becomes rows, dead letters and a manifest with the counts of both', async () => {
  const { context, store, bucket, happened } = await bench()
  const sample = readFileSync(`${SAMPLES}/v2-default.log`, 'utf8')
  const object = bucket.put('a.log', `${sample.trimEnd()}\nshort line\n2 1 eni-1 x\n`)
  const result = await processObject(object, context)
  expect(result).toMatchObject({ written: true, rejected: [['too-few-fields', 2]] })
  expect(result.object).toMatchObject({
    bucket: 'memory',
    key: 'a.log',
    state: 'committed',
    generation: 1,
    records: 5,
    skipped: 2,
    deadLetters: 2,
    position: [sampleChanges().length],
  })
  const rows = await store.flowsOf(result.object.objectId)
  expect(rows.map(({ record }) => record)).toEqual([1, 2, 5, 6, 7])
  expect(rows[0]).toMatchObject({
    startSeconds: 1418530010,
    endSeconds: 1418530070,
    account: '123456789010',
    interfaceId: 'eni-1235b8ca123456789',
    vpc: '',
    protocol: 6,
    packets: 20,
    bytes: 4249,
    action: 'ACCEPT',
    direction: '',
    interfaceSource: '172.31.16.139',
    interfaceDestination: '172.31.16.21',
    source: { state: 'ambiguous', reason: 'interface-level' },
  })
  expect([...store.letters.values()].map(({ place, reason, sample }) => [place, reason, sample])).toEqual([
    ['line 8', 'too-few-fields', 'short line'],
    ['line 9', 'too-few-fields', '2 1 eni-1 x'],
  ])
  expect(happened).toEqual([
    ['linesRejected', { object: 's3://memory/a.log', reason: 'too-few-fields', count: 2 }],
    ['linesSkipped', { object: 's3://memory/a.log', status: 'NODATA', count: 1 }],
    ['linesSkipped', { object: 's3://memory/a.log', status: 'SKIPDATA', count: 1 }],
  ])
})

test('a committed object is not read again', async () => {
  const { context, store, bucket } = await bench()
  const object = bucket.put('a.log', readFileSync(`${SAMPLES}/v3-tcp-flags.log`))
  const first = await processObject(object, context)
  const rows = [...store.rows]
  expect(await processObject(object, context)).toEqual({ object: first.object, written: false, rejected: [] })
  expect(bucket.opened).toEqual(['a.log'])
  expect([...store.rows]).toEqual(rows)
})

test('an attempt that broke off is repeated at the position it began at, and writes the same rows', async () => {
  const sample = readFileSync(`${SAMPLES}/v3-tcp-flags.log`)
  const undisturbed = await bench()
  await processObject(undisturbed.bucket.put('a.log', sample), undisturbed.context)

  const { context, store, bucket, publish, view } = await bench({ rowsPerInsert: 2 })
  const object = bucket.put('a.log', sample)
  store.failAfterInserts(1)
  await expect(processObject(object, context)).rejects.toMatchObject({ code: 'WHOHAD_TEST_STORE_DOWN' })
  expect(store.rows.size).toBe(2)
  // Meanwhile the world learns that somebody else was there too.
  const late = { application: 'late', resourceId: 'task-9', kind: 'container' }
  const life = { from: 1_566_000_000, until: 1_567_000_000 }
  await publish([claimOf({ domain: VPC, prefix: '10.0.0.62', layer: 'container', owner: late, ...life })])
  store.failAfterInserts(Number.POSITIVE_INFINITY)
  const result = await processObject(object, context)
  expect(result.object.position).toEqual([sampleChanges().length])
  expect(view.position()).toEqual([sampleChanges().length + 1])
  expect([...store.rows]).toEqual([...undisturbed.store.rows])
  // Had it been joined at the newer position, the answer would be another one.
  await processObject(bucket.put('b.log', sample), context)
  expect([...store.rows.values()].at(-1)?.source).toMatchObject({ application: 'late' })
})

test('what was begun at a position that retention has let go of is begun anew', async () => {
  const { context, store, bucket, publish, view } = await bench({ rowsPerInsert: 2 })
  const object = bucket.put('a.log', readFileSync(`${SAMPLES}/v3-tcp-flags.log`))
  store.failAfterInserts(1)
  await expect(processObject(object, context)).rejects.toMatchObject({ code: 'WHOHAD_TEST_STORE_DOWN' })
  store.failAfterInserts(Number.POSITIVE_INFINITY)
  await publish(sampleChanges())
  const at = async () => Promise.reject(changestreamErrors.positionGone({ partition: 0, offset: 1, first: 9, end: 10 }))
  const result = await processObject(object, { ...context, view: { ...view, at } })
  expect(result.object).toMatchObject({ generation: 2, state: 'committed', position: view.position() })
  expect(await store.flowsOf(result.object.objectId)).toHaveLength(result.object.records)
})

test('of two processes that begin an object at once, the rows of one are left, whole', async () => {
  const { context, store, bucket, publish, log } = await bench({ rowsPerInsert: 2 })
  const object = bucket.put('a.log', readFileSync(`${SAMPLES}/v3-tcp-flags.log`))
  const late = { application: 'late', resourceId: 'task-9', kind: 'container' }
  const life = { from: 1_566_000_000, until: 1_567_000_000 }
  const behind = followingView(sampleIndex(), log, never, { from: [sampleChanges().length] })
  await publish([claimOf({ domain: VPC, prefix: '10.0.0.62', layer: 'container', owner: late, ...life })])

  /** Looked before the other one had begun, and has read more of the stream. */
  const other = { ...context, store: { ...store, findObject: onceUndefined(store.findObject) } }
  let inserts = 0
  const slow = {
    ...store,
    async insertFlows(flows: Parameters<typeof store.insertFlows>[0]) {
      if (++inserts === 2) await processObject(object, other)
      return store.insertFlows(flows)
    },
  }
  const result = await processObject(object, { ...context, view: behind, store: slow })
  expect(result.object).toMatchObject({ state: 'committed', generation: 1, position: [sampleChanges().length + 1] })
  const rows = [...store.rows]
  const alone = await bench()
  await alone.publish([claimOf({ domain: VPC, prefix: '10.0.0.62', layer: 'container', owner: late, ...life })])
  await processObject(alone.bucket.put('a.log', readFileSync(`${SAMPLES}/v3-tcp-flags.log`)), alone.context)
  expect(rows).toEqual([...alone.store.rows])
  expect(inserts).toBeGreaterThan(3)
})

function onceUndefined(find: ObjectContext['store']['findObject']): ObjectContext['store']['findObject'] {
  let calls = 0
  return async objectId => (calls++ === 0 ? undefined : find(objectId))
}

test('changes that arrive while an object is written wait until it is', async () => {
  const { context, store, bucket, publish } = await bench({ rowsPerInsert: 1 })
  const object = bucket.put('a.log', readFileSync(`${SAMPLES}/v3-tcp-flags.log`))
  const late = { application: 'late', resourceId: 'task-9', kind: 'container' }
  const life = { from: 1_566_000_000, until: 1_567_000_000 }
  const processing = processObject(object, {
    ...context,
    open: async ref => {
      void publish([claimOf({ domain: VPC, prefix: '10.0.0.62', layer: 'container', owner: late, ...life })])
      return context.open(ref)
    },
  })
  await processing
  const names = [...store.rows.values()].flatMap(({ source, destination }) => [
    source.application,
    destination.application,
  ])
  expect(new Set(names)).toEqual(new Set(['iperf-client', 'iperf-server']))
})

test('records without a time are dead letters, since nothing can be asked about them', async () => {
  const { context, bucket, store } = await bench()
  const { object } = await processObject(bucket.put('a.log', readFileSync(`${SAMPLES}/nat-gateway.log`)), context)
  expect(object).toMatchObject({ records: 0, deadLetters: 6 })
  expect([...store.letters.values()][0]).toMatchObject({ place: 'line 1', reason: 'without-time' })
})

test('an object that is no flow log is one dead letter and is done with', async () => {
  const { context, bucket, store, happened } = await bench()
  const result = await processObject(bucket.put('readme.txt', 'hello\u0000world\n'), context)
  expect(result).toMatchObject({ written: true, rejected: [['unreadable-object', 1]] })
  expect([...store.letters.values()]).toMatchObject([
    { place: 'line 0', reason: 'unreadable-object', sample: expect.stringMatching(/^WHOHAD_FLOW_HEADER_MISSING: /) },
  ])
  expect(happened[0]).toMatchObject(['objectRefused', { object: 's3://memory/readme.txt' }])
})

test('rows are written in bounded inserts', async () => {
  const { context, bucket, store } = await bench({ rowsPerInsert: 100 })
  const sizes: number[] = []
  const insertFlows: typeof store.insertFlows = async flows => {
    sizes.push(flows.length)
    await store.insertFlows(flows)
  }
  const lines = Array.from({ length: 1050 }, (_, i) => `10.0.0.1 10.0.0.2 ${1_600_000_000 + i} 1700000000`)
  const object = bucket.put('a.log', `srcaddr dstaddr start end\n${lines.join('\n')}`)
  await processObject(object, { ...context, store: { ...store, insertFlows } })
  expect(Math.max(...sizes)).toBe(100)
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(1050)
  expect(await collect(bucket.list())).toHaveLength(1)
})
