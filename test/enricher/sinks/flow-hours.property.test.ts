import { existsSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { AnsweredBatch } from '../../../src/enricher/join/answered-batch.ts'
import { scratchOut } from '../../../src/enricher/sinks/byte-out.ts'
import { clickhouseSink, FlowBlocks } from '../../../src/enricher/sinks/clickhouse-sink.ts'
import { connectChdb } from '../../../src/store/connect.ts'
import { openStore } from '../../../src/store/open-store.ts'
import type { FlowEnd, Store } from '../../../src/store/port.ts'
import { type AnsweredLine, answeredLines, flowEnd } from '../../support/answered-rows.ts'
import { temporaryFolder } from '../../support/clickhouse-folder.ts'
import { manifest, recordedReport, testClock } from '../../support/clickhouse-rows.ts'
import { propertyRuns, propertyTimeoutMs } from '../../support/property-runs.ts'

const HEADER = 'srcaddr dstaddr srcport dstport protocol packets bytes start end action flow-direction'
const BLOCK_ROWS = 8

let store: Store
let folder: string
let client: Awaited<ReturnType<typeof connectChdb>>['client']
beforeAll(async () => {
  folder = await temporaryFolder('hours')
  const settings = { driver: 'chdb', path: join(folder, 'store'), threadPoolSize: 8 } as const
  store = await openStore(settings, { clock: testClock, report: recordedReport().report })
  await store.migrate()
  client = (await connectChdb(settings)).client
}, 120_000)
afterAll(async () => {
  await client?.close()
  await store?.close()
})

let objects = 0

/** An object of these batches, in files: as a worker leaves it. */
async function staged(blocks: FlowBlocks, batches: readonly AnsweredBatch[]) {
  const objectId = `object-${objects++}`
  const paths = { rows: join(folder, `${objectId}.rows`), hours: join(folder, `${objectId}.hours`) }
  const out = { rows: scratchOut(paths.rows), hours: scratchOut(paths.hours) }
  const sink = clickhouseSink(out, blocks, { objectId, generation: 3 })
  for (const batch of batches) await sink.write(batch)
  return { objectId, paths, ...(await sink.finish()) }
}

type Staged = Awaited<ReturnType<typeof staged>>

const filesOf = (some: readonly Staged[], of: 'rows' | 'hours') =>
  some.flatMap(({ paths }) => (existsSync(paths[of]) ? [paths[of]] : []))

async function insert(table: 'flows' | 'flow_hours', files: readonly string[]): Promise<void> {
  if (files.length > 0) await store.insertFiles(table, files)
}

/** Not as readers see it: a group that is there twice is there twice. */
async function hoursOf({ objectId }: Staged): Promise<readonly string[]> {
  const query = `SELECT * EXCEPT (object_id) FROM flow_hours WHERE object_id = '${objectId}'`
  const rows = await (await client.query({ query, format: 'JSONEachRow' })).json()
  return rows.map(row => JSON.stringify(row)).toSorted()
}

/** What the engine makes of the rows. */
async function addUp(some: readonly Staged[]): Promise<void> {
  await insert('flows', filesOf(some, 'rows'))
  const committed = { generation: 3, state: 'committed' } as const
  await store.putObjects(some.map(({ objectId, records }) => manifest({ objectId, records, ...committed })))
}

const text = fc.constantFrom('', 'a', 'b', 'a b', 'größe', '0')
/** Two ends that differ only in what hours do not tell are of one group. */
const anyEnd: fc.Arbitrary<FlowEnd> = fc
  .record({
    ip: fc.constantFrom('10.0.0.1', '2001:db8::1'),
    domain: fc.constantFrom('prod', 'inet.0'),
    state: fc.constantFrom('owned', 'ambiguous', 'unowned', 'unknown', 'external'),
    reason: text,
    application: text,
    resourceId: text,
    cluster: text,
    account: fc.constantFrom('', '123456789012'),
    zone: fc.constantFrom('', 'us-east-1a'),
    claimId: text,
    service: fc.constantFrom('', 's3'),
    candidates: fc.constantFrom([], ['i-1', 'i-2']),
  })
  .map(end => flowEnd(end))

const count = fc.constantFrom('-', '0', '1', '4294967295', '4294967296', '9007199254740991')
const seconds = fc.constantFrom('-', '0', '3599', '3600', '1795176000', '1795179599', '1795179600', '4294967295')

/** Few ends, so that many records are of one group. */
const anyObject = fc.array(anyEnd, { minLength: 1, maxLength: 6 }).chain(ends => {
  const end = fc.constantFrom(...ends)
  const line = fc
    .record({
      six: fc.boolean(),
      packets: count,
      bytes: count,
      start: seconds,
      action: fc.constantFrom('ACCEPT', 'REJECT', '-', 'nein'),
      direction: fc.constantFrom('ingress', 'egress', '-'),
      isAnswered: fc.nat({ max: 9 }).map(nth => nth > 0),
      source: end,
      destination: end,
    })
    .map(({ six, packets, bytes, start, action, direction, isAnswered, source, destination }): AnsweredLine => {
      const addresses = six ? '2001:db8::1 2001:db8::2' : '10.0.0.1 10.0.0.2'
      const fields = `${addresses} 1 2 6 ${packets} ${bytes} ${start} 4294967295 ${action} ${direction}`
      return { text: fields, ...(isAnswered ? { source, destination } : {}) }
    })
  return fc.array(fc.array(line, { maxLength: BLOCK_ROWS }), { maxLength: 8 })
})

/** Lines go on being numbered from batch to batch. */
function batchesOf(object: readonly (readonly AnsweredLine[])[]): AnsweredBatch[] {
  let line = 1
  return object.map(lines => {
    const batch = answeredLines(HEADER, lines, line)
    line += lines.length
    return batch
  })
}

test('sums by hour of a worker are what the engine adds up of its rows, whatever is forgotten meanwhile', {
  timeout: propertyTimeoutMs(240_000),
}, async () => {
  const kept = new FlowBlocks({ blockRows: BLOCK_ROWS })
  const forgetful = new FlowBlocks({ blockRows: BLOCK_ROWS, mostEnds: 2 })
  const large = new FlowBlocks()
  await fc.assert(
    fc.asyncProperty(fc.array(anyObject, { minLength: 3, maxLength: 3 }), async drawn => {
      const made: Staged[] = []
      const reference: Staged[] = []
      for (const object of drawn) {
        for (const blocks of [kept, forgetful]) made.push(await staged(blocks, batchesOf(object)))
        reference.push(await staged(large, batchesOf(object)))
      }
      expect(made.every(({ isAddedUp }) => isAddedUp)).toBe(true)
      await insert('flow_hours', filesOf(made, 'hours'))
      await addUp(reference)
      for (const [i, one] of made.entries()) {
        const expected = await hoursOf(reference[i >> 1] as Staged)
        expect(expected.length > 0).toBe(one.records > 0)
        expect(await hoursOf(one)).toEqual(expected)
      }
    }),
    propertyRuns(12),
  )
})

const lineAt = (hour: number, bytes = 1): AnsweredLine => ({
  text: `10.0.0.1 10.0.0.2 1 2 6 1 ${bytes} ${hour * 3600} ${hour * 3600} ACCEPT egress`,
  source: flowEnd(),
  destination: flowEnd(),
})

test('sums are exact beyond what a number of JavaScript holds', async () => {
  const lines = Array.from({ length: 1000 }, () => lineAt(1, Number.MAX_SAFE_INTEGER))
  const one = await staged(new FlowBlocks(), [answeredLines(HEADER, lines)])
  await insert('flow_hours', filesOf([one], 'hours'))
  const query = `SELECT toString(bytes) AS bytes FROM flow_hours WHERE object_id = '${one.objectId}'`
  const rows = await (await client.query({ query, format: 'JSONEachRow' })).json()
  expect(rows).toEqual([{ bytes: `${1000n * BigInt(Number.MAX_SAFE_INTEGER)}` }])
})

test('an object of more groups than are kept has no file of hours, and the next one has its own again', async () => {
  const blocks = new FlowBlocks({ blockRows: BLOCK_ROWS, mostGroups: 20 })
  const ofHours = (hours: number) =>
    batchesOf(Array.from({ length: 7 }, (_, i) => Array.from({ length: 8 }, (__, j) => lineAt((i * 8 + j) % hours))))
  const [most, many, next] = [
    await staged(blocks, ofHours(20)),
    await staged(blocks, ofHours(21)),
    await staged(blocks, ofHours(3)),
  ] as const
  expect([most, many, next].map(({ isAddedUp }) => isAddedUp)).toEqual([true, false, true])
  expect(filesOf([most, many, next], 'hours')).toEqual([most.paths.hours, next.paths.hours])
  await insert('flow_hours', filesOf([most, next], 'hours'))
  const again = [await staged(new FlowBlocks(), ofHours(20)), await staged(new FlowBlocks(), ofHours(3))] as const
  await addUp(again)
  expect(await hoursOf(most)).toEqual(await hoursOf(again[0]))
  expect(await hoursOf(next)).toEqual(await hoursOf(again[1]))
  expect(await hoursOf(next)).toHaveLength(3)
})
