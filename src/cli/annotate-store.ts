import { rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { type BatchInput, isStandardInput } from '../enricher/batch/inputs.ts'
import type { StageSetup, StageTask } from '../enricher/batch/stage-object.ts'
import { type StoringOptions, storedObjects } from '../enricher/batch/stored-objects.ts'
import { fileObject } from '../enricher/flowlogs/files.ts'
import { type FlowObjectRef, objectIdOf } from '../enricher/flowlogs/object-ref.ts'
import { settledUntilMs } from '../enricher/look-ups.ts'
import { systemClock } from '../runtime/clock.ts'
import type { FlowObject, Store } from '../store/port.ts'
import { type AnnotateRun, learnFromAll } from './annotate-run.ts'
import { annotatorSetupOf, workersFor } from './annotate-setup.ts'
import { inWords, NOTHING, rejectedLines, together } from './annotate-words.ts'
import { cliErrors } from './errors.ts'
import { EXIT } from './exit-codes.ts'
import { openConfiguredStore } from './pipeline.ts'
import { stagingFolder } from './staging-folder.ts'
import { createTelemetry } from './telemetry.ts'
import { say } from './terminal.ts'
import { transferBar } from './transfer-bar.ts'
import { VERSION } from './version.ts'

/**
 * All inputs into the configured store, several at a time, as the enricher would write them. What is committed there is not done
 * again. Exit code 0, 5 where something was left out, 1 where it was stopped. Throws what opening and writing the store throws.
 */
export async function annotateIntoStore(run: AnnotateRun, threadPoolSize: number): Promise<number> {
  refuseWhatHasNoPlace(run)
  const { settings, options, failures } = run
  const signal = options.untilStopped()
  const { report } = createTelemetry({ level: 'error', version: VERSION })
  const store = await openConfiguredStore(settings, threadPoolSize, systemClock, report)
  const staging = await stagingFolder(settings.data.path)
  let summary = NOTHING
  try {
    await store.migrate()
    const { tasks, finished } = await planOf(run, store, staging)
    if (tasks.length > 0 && !signal.aborted) {
      await learnFromAll(run)
      summary = await storeAll(tasks, run, store, signal)
    }
    if (finished > 0) say(`${finished} of ${finished + tasks.length} objects were finished before.`)
  } finally {
    await rm(staging, { recursive: true, force: true })
    await store.close()
  }
  say(inWords(summary, { hasTime: false, deadLetters: 'the table dead_letters' }))
  if (signal.aborted) {
    say('Stopped: the same command goes on from here.')
    return EXIT.failure
  }
  return failures.count + rejectedLines(summary) > 0 ? EXIT.partial : EXIT.done
}

function refuseWhatHasNoPlace({ options, inputs }: AnnotateRun): void {
  const refuse = (message: string) => {
    throw cliErrors.usage({ message })
  }
  if (options.out !== '-') refuse('With --as clickhouse everything goes into the configured store: leave --out out.')
  if (options.gzip) refuse('The store compresses by itself: leave --gzip out.')
  if (options.at !== undefined) refuse('The store keeps records by their own time: leave --at out.')
  if (options.deadLetters !== undefined) refuse('The store keeps dead letters as well: leave --dead-letters out.')
  if (inputs.some(isStandardInput)) refuse('Standard input has no name to be known again by: give files, or s3://.')
}

type Plan = { readonly tasks: readonly StageTask[]; readonly finished: number }

/** An object that is named twice, or was committed before, is done once. One that was begun gets a generation of its own. */
async function planOf(run: AnnotateRun, store: Store, staging: string): Promise<Plan> {
  const objects = new Map<string, { readonly input: BatchInput; readonly object: FlowObjectRef }>()
  for (const input of run.inputs) {
    const object = await run.failures.telling(() => objectOf(input))
    if (object) objects.set(objectIdOf(object), { input, object })
  }
  const known = new Map((await store.findObjects([...objects.keys()])).map(found => [found.objectId, found]))
  const left = [...objects].filter(([objectId]) => run.options.again || known.get(objectId)?.state !== 'committed')
  const tasks = left.map(([objectId, { input, object }], number): StageTask => {
    const file = (of: string) => join(staging, `${number}.${of}`)
    const paths = { rows: file('rows'), hours: file('hours'), letters: file('letters') }
    const generation = (known.get(objectId)?.generation ?? 0) + 1
    return { input, manifest: begunManifest(objectId, object, generation, run), ...paths }
  })
  return { tasks, finished: objects.size - tasks.length }
}

/** A file is known by its whole path and its contents. */
const objectOf = async ({ from }: BatchInput): Promise<FlowObjectRef> =>
  'object' in from ? from.object : fileObject(resolve(from.path))

function begunManifest(
  objectId: string,
  { bucket, key, etag }: FlowObjectRef,
  generation: number,
  { claims, nowMs }: AnnotateRun,
): FlowObject {
  const counts = { records: 0, skipped: 0, deadLetters: 0, openRecords: 0, newestEndMs: Number.NEGATIVE_INFINITY }
  const { position } = claims
  return { objectId, bucket, key, etag, generation, state: 'started', position, ...counts, updatedAtMs: nowMs }
}

/** Where an enricher began an object at the same time, its manifest stands, and ours is of one generation more. */
async function storeAll(all: readonly StageTask[], run: AnnotateRun, store: Store, signal: AbortSignal) {
  const { failures } = run
  const bar = transferBar('Annotating', systemClock)
  let summary = NOTHING
  let done = 0
  try {
    for (let tasks = all; tasks.length > 0 && !signal.aborted; ) {
      const beaten: StageTask[] = []
      for await (const stored of storedObjects(tasks, storingOptions(run, store, tasks.length), signal)) {
        if ('standing' in stored) beaten.push(afterThat(stored.task, stored.standing))
        else if ('staged' in stored) {
          const { counts, refusal } = stored.staged
          if (counts) summary = together(summary, counts)
          if (refusal !== undefined) failures.count++
          if (refusal !== undefined) say(refusal)
          done++
        } else if (!signal.aborted) failures.tell(stored.error)
        bar.took(summary.records, done, all.length)
      }
      tasks = beaten
    }
  } finally {
    bar.end()
  }
  return summary
}

const afterThat = (task: StageTask, { generation }: FlowObject): StageTask => ({
  ...task,
  manifest: { ...task.manifest, generation: generation + 1 },
})

function storingOptions(run: AnnotateRun, store: Store, objects: number): StoringOptions {
  const threads = workersFor(run.options, objects)
  const setup: StageSetup = {
    ...annotatorSetupOf(run, threads),
    settledUntilMs: settledUntilMs(run.claims.index),
  }
  return { store, clock: systemClock, setup, threads }
}
