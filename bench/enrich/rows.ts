import { mkdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { AnnotateSetup, AnnotateTask } from '../../src/enricher/batch/annotate-object.ts'
import type { BatchManifest } from '../../src/enricher/batch/manifest.ts'
import type { StageTask } from '../../src/enricher/batch/stage-object.ts'
import { storedObjects } from '../../src/enricher/batch/stored-objects.ts'
import { endingOf } from '../../src/enricher/sinks/open-sink.ts'
import type { SinkForm } from '../../src/enricher/sinks/port.ts'
import type { CountSetup } from '../../src/enricher/workers/count-files.ts'
import { ObjectPool } from '../../src/enricher/workers/object-pool.ts'
import { systemClock } from '../../src/runtime/clock.ts'
import { connectChdb } from '../../src/store/connect.ts'
import { openStore } from '../../src/store/open-store.ts'
import type { Store } from '../../src/store/port.ts'
import { Stopwatch } from '../stopwatch.ts'
import type { TrafficObject } from './objects.ts'
import type { Round } from './rounds.ts'

/** Rows written by one worker and by two. */
export type Wrote = { readonly one: readonly Round[]; readonly two: readonly Round[]; readonly bytes: number }

type Task = {
  readonly objects: readonly TrafficObject[]
  readonly setup: CountSetup
  readonly rounds: number
  readonly folder: string
}

const FILES = new URL('../../src/enricher/batch/annotate-object.ts', import.meta.url).href
const silent = { opened() {}, threadPoolSmall() {}, migrationApplied() {}, inserted() {}, statementRetried() {} }

async function inRounds(
  rounds: number,
  write: (threads: number, round: number) => Promise<Round>,
  say: (line: string) => void,
) {
  const one: Round[] = []
  const two: Round[] = []
  for (let round = 0; round < rounds; round++) {
    one.push(await write(1, round))
    two.push(await write(2, round))
    say([one.at(-1), two.at(-1)].map(at => `${at?.wallSeconds.toFixed(2)} s`).join(' with one worker, '))
  }
  return { one, two }
}

/**
 * Into a store as `annotate --as clickhouse` writes it: rows, manifests and what the engine does to its parts meanwhile. Loading
 * the workers is in it.
 */
export async function writeIntoStore(
  { objects, setup, rounds, folder }: Task,
  say: (line: string) => void,
): Promise<Wrote> {
  const path = join(folder, 'store')
  const staging = join(folder, 'staging')
  await mkdir(staging, { recursive: true })
  const store = await openStore({ driver: 'chdb', path, threadPoolSize: 16 }, { clock: systemClock, report: silent })
  const { client } = await connectChdb({ driver: 'chdb', path })
  await store.migrate()
  const write = async (threads: number): Promise<Round> => {
    for (const table of ['flows', 'flow_hours', 'objects']) await client.command({ query: `TRUNCATE TABLE ${table}` })
    const options = {
      store,
      clock: systemClock,
      setup: { ...setup, atMs: undefined, inflating: 'here', settledUntilMs: 0 },
      threads,
    } as const
    const watch = new Stopwatch()
    await watch.timeUntilDone(async () => {
      for await (const stored of storedObjects(
        objects.map((object, number) => taskOf(object, number, staging)),
        options,
      )) {
        if (!('staged' in stored)) throw new Error(JSON.stringify(stored))
      }
    })
    await verify(store, objects)
    return { wallSeconds: watch.wallSeconds, cpuSeconds: watch.cpuSeconds }
  }
  const wrote = await inRounds(rounds, write, line => say(`rows into chDB: ${line}`))
  const parts = await client.query({
    query: "SELECT sum(bytes_on_disk) AS bytes FROM system.parts WHERE table = 'flows' AND active",
    format: 'JSONEachRow',
  })
  const [size] = await parts.json<{ bytes: number }>()
  await client.close()
  await store.close()
  return { ...wrote, bytes: Number(size?.bytes ?? 0) }
}

function taskOf({ path }: TrafficObject, number: number, staging: string): StageTask {
  const manifest = {
    objectId: `object-${number}`,
    bucket: 'bench',
    key: path,
    etag: '',
    generation: 1,
    state: 'started',
  } as const
  const counts = { records: 0, skipped: 0, deadLetters: 0, openRecords: 0, newestEndMs: Number.NEGATIVE_INFINITY }
  return {
    input: { name: path, relative: path, from: { path } },
    manifest: { ...manifest, position: [], ...counts, updatedAtMs: systemClock.now() },
    rows: join(staging, `${number}.rows`),
    hours: join(staging, `${number}.hours`),
    letters: join(staging, `${number}.letters`),
  }
}

/** What counts in the store. @throws Error where it is not the truth. */
async function verify(store: Store, objects: readonly TrafficObject[]): Promise<void> {
  const states = await store.countStates()
  const ends = states.reduce((sum, { flows }) => sum + flows, 0)
  const owned = states.reduce((sum, { state, flows }) => sum + (state === 'owned' ? flows : 0), 0)
  const truth = objects.reduce((sum, object) => sum + object.owned, 0)
  const all = 2 * objects.reduce((sum, { records }) => sum + records, 0)
  if (owned !== truth || ends !== all)
    throw new Error(`${owned} of ${ends} ends owned in the store, the truth is ${truth} of ${all}`)
}

/** Into files as `annotate --out FOLDER --as FORM` writes them. */
export async function writeFiles(
  form: SinkForm,
  { objects, setup, rounds, folder }: Task,
  say: (line: string) => void,
): Promise<Wrote> {
  const out = join(folder, `${form}-out`)
  const run = {
    whohad: 'bench',
    claims: { changes: 'bench' },
    form,
    gzip: false,
    slackMs: setup.slackMs,
    atMs: null,
  } as const
  const annotating: AnnotateSetup = {
    ...setup,
    atMs: undefined,
    inflating: 'here',
    run: { ...run, format: null, domains: '' },
    known: { claims: 0, toldUntil: null },
  }
  let bytes = 0
  const write = async (threads: number): Promise<Round> => {
    const pool = await ObjectPool.open<AnnotateTask, BatchManifest>({ threads, module: FILES, setup: annotating })
    const tasks = objects.map(({ path }, number): AnnotateTask => {
      const output = join(out, `${number}${endingOf(form, false)}`)
      return {
        input: { name: path, relative: path, from: { path } },
        identity: undefined,
        output,
        deadLetters: `${output}.letters`,
      }
    })
    const watch = new Stopwatch()
    await watch.timeUntilDone(async () => {
      for await (const handled of pool.handleAll(tasks)) if ('error' in handled) throw handled.error
    })
    await pool.close()
    bytes = (await Promise.all(tasks.map(({ output }) => stat(output)))).reduce((sum, { size }) => sum + size, 0)
    await rm(out, { recursive: true })
    return { wallSeconds: watch.wallSeconds, cpuSeconds: watch.cpuSeconds }
  }
  return { ...(await inRounds(rounds, write, line => say(`rows as ${form}: ${line}`))), bytes }
}
