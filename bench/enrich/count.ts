import { dirname, join } from 'node:path'
import type { SinkForm } from '../../src/enricher/sinks/port.ts'
import type { CountSetup, FileCount } from '../../src/enricher/workers/count-files.ts'
import { ObjectPool } from '../../src/enricher/workers/object-pool.ts'
import { BASE_MS, Estate } from '../index/estate.ts'
import { nowMsOf } from '../index/facts.ts'
import { bytesOf } from '../index/sizes.ts'
import { Stopwatch } from '../stopwatch.ts'
import { answerTask } from './child.ts'
import { standingOf } from './claims.ts'
import { EMPTY, objectsIn, type TrafficObject } from './objects.ts'
import { withFolder } from './peer.ts'
import type { Round } from './rounds.ts'
import { type Wrote, writeFiles, writeIntoStore } from './rows.ts'
import { SLACK_SECONDS } from './traffic.ts'

export type CountTask = {
  readonly versions: number
  readonly seed: number
  readonly rounds: number
  /** Folders of objects, by a name. */
  readonly folders: Readonly<Record<string, string>>
  /** Of the objects whose rows are written as well. */
  readonly written: string
}

export type Counted = {
  readonly one: readonly Round[]
  readonly two: readonly Round[]
  /** The most that the process held while two workers counted. */
  readonly peakBytes: number
}

export type CountResult = {
  readonly indexBytes: number
  /** The process with the index, before the first worker. */
  readonly restBytes: number
  readonly counted: Readonly<Record<string, Counted>>
  readonly wrote: { readonly store: Wrote } & Readonly<Record<SinkForm, Wrote>>
}

const module = new URL('../../src/enricher/workers/count-files.ts', import.meta.url).href
const report = (line: string) => console.error(`whohad: ${line}`)

async function run({ versions, seed, rounds, folders, written }: CountTask): Promise<CountResult> {
  const standing = standingOf(new Estate({ versions, seed }), report)
  const setup: CountSetup = {
    standing,
    rules: [],
    reaches: [],
    slackMs: SLACK_SECONDS * 1000,
    atMs: undefined,
    nowMs: nowMsOf(BASE_MS),
  }
  const restBytes = process.memoryUsage.rss()
  const counted: Record<string, Counted> = {}
  for (const [name, folder] of Object.entries(folders)) counted[name] = await countFolder(name, folder, setup, rounds)
  // Only now: the embedded engine takes memory that is none of the counting's.
  const wrote = await withFolder(written, async folder => {
    const task = { objects: await objectsIn(written), setup, rounds, folder }
    const write = (form: SinkForm) => writeFiles(form, task, report)
    const files = {
      parquet: await write('parquet'),
      text: await write('text'),
      csv: await write('csv'),
      ndjson: await write('ndjson'),
    }
    return { ...files, store: await writeIntoStore(task, report) }
  })
  return { indexBytes: bytesOf(standing), restBytes, counted, wrote }
}

async function countFolder(name: string, folder: string, setup: CountSetup, rounds: number): Promise<Counted> {
  const objects = await objectsIn(folder)
  const one: Round[] = []
  const two: Round[] = []
  let peakBytes = 0
  for (let round = 0; round < rounds; round++) {
    one.push(await countAll(objects, 1, setup))
    const stopWatching = watchMemory()
    two.push(await countAll(objects, 2, setup))
    peakBytes = Math.max(peakBytes, stopWatching())
    const seconds = [one.at(-1), two.at(-1)].map(at => at?.wallSeconds.toFixed(2))
    report(`${name}: ${seconds[0]} s with one worker, ${seconds[1]} s with two`)
  }
  return { one, two, peakBytes }
}

/**
 * With workers that remember no answer yet. Loading them (from sources here) is not timed: each has read a file without
 * records before. That V8 has to learn their code is.
 */
async function countAll(objects: readonly TrafficObject[], threads: number, setup: CountSetup): Promise<Round> {
  const watch = new Stopwatch()
  const pool = await ObjectPool.open<string, FileCount>({ threads, module, setup })
  await countWith(pool, Array<string>(threads).fill(join(dirname(objects[0]?.path ?? ''), EMPTY)))
  const paths = objects.map(({ path }) => path)
  const counts = await watch.timeUntilDone(() => countWith(pool, paths))
  await pool.close()
  for (const object of objects) verify(object, counts.get(object.path))
  return { wallSeconds: watch.wallSeconds, cpuSeconds: watch.cpuSeconds }
}

async function countWith(pool: ObjectPool<string, FileCount>, paths: readonly string[]) {
  const counts = new Map<string, FileCount>()
  for await (const handled of pool.handleAll(paths)) {
    if ('error' in handled) throw handled.error
    counts.set(handled.task, handled.result)
  }
  return counts
}

/** @throws Error where a count is not the truth. */
function verify({ path, records, owned }: TrafficObject, count: FileCount | undefined): void {
  const found = (count?.counts ?? []).reduce((sum, { state, flows }) => sum + (state === 'owned' ? flows : 0), 0)
  if (count?.records === records && count.others === 0 && found === owned) return
  throw new Error(`${path}: ${found} ends owned, the truth is ${owned}; ${JSON.stringify(count)}`)
}

function watchMemory(): () => number {
  let peakBytes = 0
  const look = () => {
    peakBytes = Math.max(peakBytes, process.memoryUsage.rss())
  }
  const timer = setInterval(look, 10)
  return () => {
    look()
    clearInterval(timer)
    return peakBytes
  }
}

await answerTask(run)
