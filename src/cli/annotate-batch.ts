import { createHash } from 'node:crypto'
import type { AnnotateSetup, AnnotateTask } from '../enricher/batch/annotate-object.ts'
import { identityOf } from '../enricher/batch/inputs.ts'
import { type BatchManifest, type BatchRun, finished } from '../enricher/batch/manifest.ts'
import { deadLettersIn, outputPaths, refuseMatchedOutputs } from '../enricher/batch/outputs.ts'
import { enricherErrors } from '../enricher/errors.ts'
import { toldUntilMs } from '../enricher/look-ups.ts'
import { endingOf } from '../enricher/sinks/open-sink.ts'
import { ObjectPool } from '../enricher/workers/object-pool.ts'
import { systemClock } from '../runtime/clock.ts'
import { WhohadError } from '../runtime/errors.ts'
import { type AnnotateRun, learnFromAll } from './annotate-run.ts'
import { annotatorSetupOf, workersFor } from './annotate-setup.ts'
import { inWords, NOTHING, rejectedLines, together } from './annotate-words.ts'
import { EXIT } from './exit-codes.ts'
import { say } from './terminal.ts'
import { transferBar } from './transfer-bar.ts'
import { VERSION } from './version.ts'

const ENDING = import.meta.url.endsWith('.ts') ? '.ts' : '.js'
const HANDLER = new URL(`../enricher/batch/annotate-object${ENDING}`, import.meta.url).href

/**
 * Each input into an output of its own with a manifest beside it, several at a time. What the same run finished before is
 * not done again. Exit code 0, 5 where something was left out, 1 where it was stopped.
 * @throws WHOHAD_OUTPUT_NAME_TAKEN and WHOHAD_OUTPUT_AMONG_INPUTS before anything is written, WHOHAD_OUTPUT_NOT_WRITTEN
 */
export async function annotateIntoFolder(run: AnnotateRun): Promise<number> {
  const { options, atMs, failures } = run
  const signal = options.untilStopped()
  const { tasks, done } = await planOf(run)
  let summary = done.reduce((sum, { counts }) => together(sum, counts), NOTHING)
  if (tasks.length > 0 && !signal.aborted) {
    await learnFromAll(run)
    for await (const { counts } of annotated(tasks, run, signal)) summary = together(summary, counts)
  }
  if (done.length > 0) say(`${done.length} of ${done.length + tasks.length} objects were finished before.`)
  say(inWords(summary, { hasTime: atMs !== undefined, deadLetters: deadLettersIn(options.out) }))
  if (signal.aborted) {
    say('Stopped: the same command goes on from here.')
    return EXIT.failure
  }
  return failures.count + rejectedLines(summary) > 0 ? EXIT.partial : EXIT.done
}

type Plan = { readonly tasks: readonly AnnotateTask[]; readonly done: readonly BatchManifest[] }

async function planOf(run: AnnotateRun): Promise<Plan> {
  const { inputs, options } = run
  const { as: form, gzip, out: folder, again } = options
  const tasks: AnnotateTask[] = []
  const done: BatchManifest[] = []
  const batch = batchRunOf(run)
  const paths = outputPaths(inputs, { folder, ending: endingOf(form, gzip) })
  await refuseMatchedOutputs(paths.values(), { folder, names: run.names })
  for (const [input, { output, deadLetters }] of paths) {
    const identity = await identityOf(input)
    const before = again ? undefined : await finished(output, identity, batch)
    if (before) done.push(before)
    else tasks.push({ input, identity, output, deadLetters })
  }
  return { tasks, done }
}

async function* annotated(
  tasks: readonly AnnotateTask[],
  run: AnnotateRun,
  stopped: AbortSignal,
): AsyncGenerator<BatchManifest> {
  const { options, failures } = run
  const threads = workersFor(options, tasks.length)
  const pool = await ObjectPool.open<AnnotateTask, BatchManifest>({
    threads,
    module: HANDLER,
    setup: setupOf(run, threads),
  })
  const giveUp = new AbortController()
  const bar = transferBar('Annotating', systemClock)
  const allBytes = tasks.reduce((sum, { identity }) => sum + (identity?.bytes ?? 0), 0)
  let records = 0
  let bytes = 0
  let unwritable: unknown
  bar.took(0, 0, allBytes)
  try {
    for await (const handled of pool.handleAll(tasks, AbortSignal.any([stopped, giveUp.signal]))) {
      bytes += handled.task.identity?.bytes ?? 0
      if ('result' in handled) {
        records += handled.result.output.records
        yield handled.result
      } else if (isUnwritable(handled.error)) {
        unwritable ??= handled.error
        giveUp.abort() // the next output could not be written either
      } else if (!stopped.aborted && !giveUp.signal.aborted) {
        bar.end()
        failures.tell(handled.error)
      }
      bar.took(records, bytes, allBytes)
    }
  } finally {
    bar.end()
    await pool.close()
  }
  if (unwritable !== undefined) throw unwritable
}

const isUnwritable = (error: unknown): boolean =>
  error instanceof WhohadError && error.code === enricherErrors.outputNotWritten.code

function batchRunOf({ claims, settings, options, slackMs, atMs }: AnnotateRun): BatchRun {
  const { as: form, gzip, format = null } = options
  const domains = createHash('sha256')
    .update(JSON.stringify([settings.domains, settings.reach]))
    .digest('hex')
  return { whohad: VERSION, claims: claims.from, form, gzip, slackMs, atMs: atMs ?? null, format, domains }
}

function setupOf(run: AnnotateRun, workers: number): AnnotateSetup {
  const { index } = run.claims
  const toldMs = toldUntilMs(index)
  return {
    ...annotatorSetupOf(run, workers),
    run: batchRunOf(run),
    known: {
      claims: index.counts().claims,
      toldUntil: Number.isFinite(toldMs) ? new Date(toldMs).toISOString() : null,
    },
  }
}
