import { readFileSync } from 'node:fs'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { annotate } from '../../src/cli/annotate-command.ts'
import type { AnnotateOptions } from '../../src/cli/annotate-run.ts'
import { openConfiguredStore } from '../../src/cli/pipeline.ts'
import { replayed } from '../../src/cli/replayed.ts'
import { loadSettings, type Settings } from '../../src/cli/settings.ts'
import { createTelemetry } from '../../src/cli/telemetry.ts'
import { storedObjects } from '../../src/enricher/batch/stored-objects.ts'
import { fileObject, openFlowFile } from '../../src/enricher/flowlogs/files.ts'
import { objectIdOf } from '../../src/enricher/flowlogs/object-ref.ts'
import { processObject } from '../../src/enricher/object.ts'
import { systemClock } from '../../src/runtime/clock.ts'
import type { NativeTableName } from '../../src/store/native-tables.ts'
import type { AttributedFlow, FlowObject, PutOptions, Store } from '../../src/store/port.ts'
import { PROJECT } from '../support/cli.ts'
import { dataFolder } from '../support/cli-data.ts'
import { temporaryFolder } from '../support/clickhouse-folder.ts'
import { memoryStore, reportInto } from '../support/enricher-bench.ts'
import { sampleChanges } from '../support/flow-log-inventory.ts'
import { HOURS_AND_FLOWS } from '../support/hours-of-flows.ts'
import { storedRows } from '../support/stored-tables.ts'

const GOLDEN = join(PROJECT, 'test/golden/flow-logs')
const NAMES = [
  'v2-default.log',
  'v3-tcp-flags.log',
  'v5-service-path-direction.log',
  'nat-gateway.log',
  'transit-gateway-vpc.log',
]
/** IPv6, addresses of packets alone, a text beyond ASCII, large numbers, no time, lines of no record. */
const ODD = `version vpc-id interface-id srcaddr dstaddr pkt-srcaddr pkt-dstaddr srcport dstport protocol packets bytes start end action log-status
3 vpc-é eni-1235b8ca123456789 2001:db8::1 2001:db8::2 - - 1 2 6 9007199254740991 4294967296 1418530010 1418530070 ACCEPT OK
3 - eni-1235b8ca123456789 - - 10.0.0.1 10.0.0.2 1 2 6 1 2 1418530010 1418530070 ACCEPT OK
3 - eni-1235b8ca123456789 10.0.0.1 10.0.0.2 10.0.0.1 10.0.0.2 - - - - - 1418530010 1418530070 - OK
3 - eni-1235b8ca123456789 10.0.0.1 10.0.0.2 10.0.0.1 10.0.0.2 - - - - - - - - OK
3 - eni-1235b8ca123456789 - - - - - - - - - 1418530010 1418530070 - NODATA
too few
`

let data: string
let logs: string
let settings: Settings
let paths: readonly string[]
beforeAll(async () => {
  data = await dataFolder(sampleChanges())
  settings = loadSettings({}, { overrides: { data: { path: data } } })
  logs = join(await temporaryFolder('to-store'), 'logs')
  await mkdir(logs)
  for (const name of NAMES) await writeFile(join(logs, name), readFileSync(join(GOLDEN, name)))
  await writeFile(join(logs, 'odd.log'), ODD)
  await writeFile(join(logs, 'none.log'), 'this is no flow log\nat all\n')
  paths = (await readdir(logs)).toSorted().map(name => join(logs, name))
})

const intoStore = (names: readonly string[], options: Partial<AnnotateOptions> = {}) =>
  annotate(names, settings, {
    as: 'ndjson',
    out: '-',
    gzip: false,
    again: false,
    sightings: false,
    slackSeconds: 60,
    jobs: 1,
    isIntoStore: true,
    untilStopped: () => new AbortController().signal,
    ...options,
  })

async function inStore<T>(look: (store: Store) => Promise<T>): Promise<T> {
  const { report } = createTelemetry({ level: 'silent', version: 'test' })
  const store = await openConfiguredStore(settings, 8, systemClock, report)
  try {
    return await look(store)
  } finally {
    await store.close()
  }
}

/** What the live path makes of a file, into maps. */
async function asLive(path: string) {
  const store = memoryStore()
  const index = await replayed(settings)
  const context = {
    store,
    clock: systemClock,
    report: reportInto([]),
    view: {
      pin: <T>(work: (pinned: { index: typeof index; position: number[] }) => Promise<T>) =>
        work({ index, position: [] }),
      at: async () => index,
    },
    rules: [],
    slackMs: 60_000,
    open: ({ key }: { key: string }) => openFlowFile(key),
  }
  const object = await fileObject(path)
  const { object: manifest } = await processObject(object, context)
  return {
    objectId: objectIdOf(object),
    manifest,
    rows: await store.flowsOf(objectIdOf(object)),
    letters: [...store.letters.values()],
  }
}

/** What counts by hour is what the flows that count come to. */
async function expectHours(): Promise<void> {
  const { hours, flows } = await storedRows(settings, HOURS_AND_FLOWS)
  expect(hours.length).toBeGreaterThan(0)
  expect(hours).toEqual(flows)
}

const withGeneration = (rows: readonly AttributedFlow[], generation: number) =>
  rows.map(row => ({ ...row, generation }))

test('the store has of each object what the live path writes of it, once, however often it is annotated', {
  timeout: 240_000,
}, async () => {
  expect(await intoStore([logs, ...paths])).toBe(5)
  const compare = (generation: number) =>
    inStore(async store => {
      for (const path of paths) {
        const { objectId, manifest, rows, letters } = await asLive(path)
        expect(await store.flowsOf(objectId)).toEqual(withGeneration(rows, generation))
        const found = await store.findObject(objectId)
        const { position, updatedAtMs, ...counts } = manifest
        expect(found).toMatchObject({ ...counts, generation, openRecords: 0 })
        expect(found?.position).toEqual([expect.any(Number)])
        expect(letters).toHaveLength(manifest.deadLetters)
      }
      return [...(await store.committedObjects())].length
    })
  expect(await compare(1)).toBe(paths.length)
  expect(await intoStore([logs])).toBe(0)
  expect(await compare(1)).toBe(paths.length)
  await expectHours()
  expect(await intoStore([logs], { again: true })).toBe(5)
  expect(await compare(2)).toBe(paths.length)
  await expectHours()
  const counted = await inStore(store => store.countStates())
  expect(counted.reduce((sum, { flows }) => sum + flows, 0)).toBe(2 * 13)
  expect(await readdir(join(data, 'staging'))).toEqual([])
})

test.each([
  ['before its rows', 'flows'],
  ['before its hours', 'flow_hours'],
  ['before its commit', 'objects'],
] as const)(
  'an object that was not stored further than %s counts nowhere, and is stored whole by the next run',
  {
    timeout: 240_000,
  },
  async (_, failing) => {
    const path = join(logs, `${failing}.log`)
    await writeFile(path, readFileSync(join(GOLDEN, 'v3-tcp-flags.log')))
    const object = await fileObject(path)
    const objectId = objectIdOf(object)
    const index = await replayed(settings)
    const staging = await temporaryFolder('staging')
    const dies = new Error('killed')
    await inStore(async store => {
      let puts = 0
      const dying = {
        findObjects: store.findObjects,
        insertFiles: (table: NativeTableName, files: readonly string[]) =>
          failing === table ? Promise.reject(dies) : store.insertFiles(table, files),
        insertGaps: store.insertGaps,
        putObjects: (objects: readonly FlowObject[], options?: PutOptions) =>
          puts++ === 0 || failing !== 'objects' ? store.putObjects(objects, options) : Promise.reject(dies),
      }
      const counts = { records: 0, skipped: 0, deadLetters: 0, openRecords: 0, newestEndMs: Number.NEGATIVE_INFINITY }
      const { bucket, key, etag } = object
      const manifest = {
        objectId,
        bucket,
        key,
        etag,
        generation: 1,
        state: 'started',
        position: [0],
        ...counts,
      } as const
      const task = {
        input: { name: path, relative: 'x', from: { path } },
        manifest: { ...manifest, updatedAtMs: systemClock.now() },
        rows: join(staging, 'rows'),
        hours: join(staging, 'hours'),
        letters: join(staging, 'letters'),
      }
      const at = { slackMs: 60_000, nowMs: systemClock.now(), atMs: undefined, settledUntilMs: 0 }
      const setup = { standing: index.standing(), rules: [], reaches: [], ...at, inflating: 'beside' } as const
      const storing = async () => {
        for await (const stored of storedObjects([task], { store: dying, clock: systemClock, setup, threads: 0 })) {
          expect(stored).toBeUndefined()
        }
      }
      const before = await store.countStates()
      await expect(storing()).rejects.toBe(dies)
      expect(await store.countStates()).toEqual(before)
      expect((await store.committedObjects()).has(objectId)).toBe(false)
      expect(await store.flowsOf(objectId)).toEqual([])
    })
    expect(await intoStore([path])).toBe(0)
    const { rows } = await asLive(path)
    expect(rows.length).toBeGreaterThan(0)
    expect(await inStore(store => store.flowsOf(objectId))).toEqual(withGeneration(rows, 2))
    await expectHours()
  },
)

test('an object of more sums by hour than a worker keeps has those that the store makes of it', {
  timeout: 240_000,
}, async () => {
  const path = join(logs, 'many-sums.log')
  const sums = 2 ** 18 + 2
  const lines = Array.from({ length: sums }, (_, i) => `10.0.0.1 10.0.0.2 1418530010 1418530070 A${i}\n`)
  await writeFile(path, `srcaddr dstaddr start end action\n${lines.join('')}`)
  expect(await intoStore([path])).toBe(0)
  const objectId = objectIdOf(await fileObject(path))
  const { found } = await storedRows(settings, {
    found: `SELECT toInt32(count()) AS sums, toInt32(sum(flows)) AS flows FROM flow_hours_committed
            WHERE object_id = '${objectId}'`,
  })
  expect(found).toEqual([JSON.stringify({ sums, flows: sums })])
})
