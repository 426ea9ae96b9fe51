import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { serialize } from 'node:v8'
import type { Kill, TimeKill } from './drawn-kills.ts'
import type { EnrichingChild } from './enriching-child.ts'
import type { RecordedWorld, Step } from './recorded-world.ts'
import { type S3Wire, startS3Wire, WIRE_BUCKET } from './s3-wire.ts'
import type { StoredTables } from './stored-tables.ts'
import { startTold, type ToldChild } from './told-child.ts'

export type EnricherRun = {
  readonly world: RecordedWorld
  readonly steps: readonly Step[]
  /** The run makes a folder of its own in it. */
  readonly folder: string
  readonly kills?: readonly Kill[]
  /** Changes come while objects are worked on, and go on while the enricher is dead. */
  readonly atLarge?: boolean
  /** Settings of `kafka` and `clickhouse`. */
  readonly elsewhere?: EnrichingChild['settings']
  /** Told of each step before it begins. */
  readonly onStep?: (step: number) => Promise<void> | void
  /** One line for each process that is gone. */
  readonly say?: (line: string) => void
}

export type EnricherOutcome = {
  readonly tables: StoredTables
  /** Where each process was when it was killed, in words. */
  readonly deaths: readonly string[]
  /** Why processes ended by themselves. */
  readonly failures: readonly string[]
  /** How long the steps took, in their order. */
  readonly stepMs: readonly number[]
}

/** One bucket entry answers at once with what is known, the other one waits for what is final. */
const HASTY = 'hasty/'
const PATIENT = 'patient/'
const FOREVER_SECONDS = 1e9
/** A kill that has found no such place by then comes at the end of the step. */
const PATIENCE_STEPS = 2
const MOST_FAILURES = 40
const STEPS_FILE = 'steps.bin'

/** Runs the enricher over all steps in a process of its own, restarted whenever it has died, and reads what its store has then. */
export async function enriched(run: EnricherRun): Promise<EnricherOutcome> {
  const { steps, atLarge = false, onStep } = run
  const s3 = await startS3Wire()
  const data = await mkdtemp(join(run.folder, 'run-'))
  // Times may be infinite, which JSON has no word for.
  await writeFile(join(data, STEPS_FILE), serialize(steps.map(({ changes }) => changes)))
  const life = new Life(run, s3, data)
  const stepMs: number[] = []
  const show = async (step: number) => {
    for (const [place, { key, bytes }] of (steps[step]?.objects ?? []).entries()) {
      s3.objects.set(`${place % 2 === 0 ? HASTY : PATIENT}${key}`, bytes)
    }
    await onStep?.(step)
  }
  try {
    for (let step = 0; step < steps.length; step++) {
      await show(step)
      const begunMs = performance.now()
      while (!(await life.takes(step))) if (atLarge && step + 1 < steps.length) await show(++step)
      stepMs.push(performance.now() - begunMs)
    }
    return { ...life, tables: await life.finished(steps.length), stepMs }
  } finally {
    life.end()
    await s3.close()
  }
}

class Life {
  readonly deaths: string[] = []
  readonly failures: string[] = []
  readonly #run: EnricherRun
  readonly #s3: S3Wire
  readonly #data: string
  #child: { readonly process: ToldChild; readonly kill: Kill | undefined } | undefined

  constructor(run: EnricherRun, s3: S3Wire, data: string) {
    this.#run = run
    this.#s3 = s3
    this.#data = data
  }

  /** False where the process died before the step was done. */
  async takes(step: number): Promise<boolean> {
    const { process, kill } = this.#alive(step)
    process.tell(`step ${step}`)
    const isDue = kill !== undefined && step >= kill.fromStep
    const stop = new AbortController()
    const timer = isDue && 'afterMs' in kill ? killAfter(process, kill, step, stop.signal) : undefined
    const isDone = await process.says(new RegExp(`^done ${step}$`)).then(
      () => true,
      () => false,
    )
    stop.abort()
    await timer
    const lastStep = this.#run.steps.length - 1
    const isLate = isDue && ('afterMs' in kill || step >= Math.min(kill.fromStep + PATIENCE_STEPS, lastStep))
    if (isDone && !isLate) return true
    process.signal('SIGKILL')
    await this.#bury(process, isDone)
    // The last step is taken again for kills that are left.
    return isDone && (step < lastStep || this.deaths.length >= (this.#run.kills ?? []).length)
  }

  /** What the store has in the end, read once the last process has closed it. */
  async finished(step: number): Promise<StoredTables> {
    const { process } = this.#alive(step)
    process.tell('finish')
    await process.says(/^finished$/)
    await process.ended
    return JSON.parse(await readFile(join(this.#data, 'stored.json'), 'utf8')) as StoredTables
  }

  end(): void {
    this.#child?.process.signal('SIGKILL')
  }

  #alive(step: number) {
    if (this.#child !== undefined) return this.#child
    const { kills = [] } = this.#run
    const kill = kills[this.deaths.length]
    this.#child = { process: startTold('enriching-child.ts', this.#given(step, kill), this.#data), kill }
    return this.#child
  }

  #given(step: number, kill: Kill | undefined): EnrichingChild {
    const { world, atLarge = false, elsewhere = {} } = this.#run
    const place = { bucket: WIRE_BUCKET, region: world.region, endpoint: this.#s3.endpoint }
    // What flows show goes into the stream, whose places would not be those of the steps any more.
    const waiting = {
      slackSeconds: 0,
      holdSeconds: FOREVER_SECONDS,
      listSeconds: 60,
      lateSeconds: FOREVER_SECONDS,
      sightings: false,
    }
    const flowLogs = [HASTY, PATIENT].map(prefix => ({ ...place, ...waiting, prefix }))
    return {
      data: this.#data,
      settings: { domains: world.domains, flowLogs, ...elsewhere },
      hastyPrefix: HASTY,
      ...(elsewhere['kafka'] ? {} : { steps: STEPS_FILE }),
      step,
      atLarge,
      ...(kill && 'write' in kill ? { kill } : {}),
    }
  }

  async #bury(process: ToldChild, isDone: boolean): Promise<void> {
    const { signal } = await process.ended
    const last = process.said.at(-1) ?? 'nothing'
    if (signal !== 'SIGKILL') this.failures.push(last)
    else if (last.startsWith('dies ')) this.deaths.push(last.slice('dies '.length))
    else this.deaths.push(isDone ? 'between two steps' : 'at some moment')
    const { kills = [], say } = this.#run
    say?.(`${this.deaths.length} of ${kills.length} kills: ${signal === 'SIGKILL' ? this.deaths.at(-1) : last}`)
    if (last === 'nothing' && signal === null) throw new Error('it ended before it could say anything')
    if (this.failures.length > MOST_FAILURES) throw new Error(`it ends again and again: ${this.failures.slice(-3)}`)
    this.#child = undefined
  }
}

async function killAfter(process: ToldChild, kill: TimeKill, step: number, signal: AbortSignal): Promise<void> {
  try {
    if (kill.of === 'step') await process.says(new RegExp(`^begins ${step}$`))
    await sleep(kill.afterMs, undefined, { signal })
    process.signal('SIGKILL')
  } catch {
    // It was done, or dead, before.
  }
}
