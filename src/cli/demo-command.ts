import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { partsOfKey } from '../enricher/flowlogs/object-ref.ts'
import { systemClock } from '../runtime/clock.ts'
import { type SimulatedCloud, startSimulatedCloud } from '../simulator/cloud.ts'
import { measureAccuracy } from './demo-accuracy.ts'
import { freshFolder, simulatedSettings } from './demo-settings.ts'
import { demoJson, demoSummary } from './demo-summary.ts'
import { type DemoWorld, openDemoWorld } from './demo-world.ts'
import { EXIT } from './exit-codes.ts'
import { runEnrichers, runPollers } from './running.ts'
import { serve } from './serve.ts'
import type { Settings } from './settings.ts'
import { createTelemetry, type Telemetry } from './telemetry.ts'
import { print, progressBar, say } from './terminal.ts'
import { VERSION } from './version.ts'

export type DemoOptions = {
  readonly seed: number
  /** Simulated minutes to live before the first question, or in all with `once`. */
  readonly minutes: number
  readonly json: boolean
  readonly threadPoolSize: number
  readonly signal: AbortSignal
}

/** The same hour for everybody who names the same seed. */
const ONCE_STARTS_MS = Date.UTC(2026, 0, 1)
/** Objects come up to two minutes after their window, and wait up to three polls until their answers are final. */
const DRAIN_MINUTES = 6
const MINUTE_MS = 60_000

/** A bounded run that compares every answer with the truth. Exit code 0, whatever it found; `wrong` is in the output. */
export async function demoOnce(settings: Settings, folder: string | undefined, options: DemoOptions): Promise<number> {
  const startedMs = performance.now()
  const path = folder ?? (await mkdtemp(join(tmpdir(), 'whohad-demo-')))
  if (folder !== undefined) await freshFolder(folder, options.seed)
  const cloud = await startSimulatedCloud({ seed: options.seed, startMs: ONCE_STARTS_MS })
  try {
    const world = await openIn(cloud, settings, path, options)
    try {
      say(`A simulated cloud, seed ${options.seed}: ${options.minutes} minutes of it, polled every minute.`)
      await fastForward(world, options.minutes + DRAIN_MINUTES, options.signal)
      if (options.signal.aborted) return EXIT.failure
      const accuracy = await measureAccuracy(
        world.pipeline.store,
        cloud,
        await committedKeys(world, ONCE_STARTS_MS + options.minutes * MINUTE_MS),
      )
      const seconds = Math.round((performance.now() - startedMs) / 100) / 10
      say(demoSummary(accuracy, { seed: options.seed, minutes: options.minutes, seconds }))
      if (options.json) print(JSON.stringify(demoJson(accuracy, options.seed, seconds)))
      return EXIT.done
    } finally {
      await world.close()
    }
  } finally {
    await cloud.close()
    if (folder === undefined) await rm(path, { recursive: true, force: true })
  }
}

/** Lives some past quickly, then serves the page and the API while the simulated cloud goes on in real time. */
export async function demoLive(settings: Settings, options: DemoOptions): Promise<number> {
  const { signal, minutes, seed } = options
  await freshFolder(settings.data.path, seed)
  const startMs = Math.floor(systemClock.now() / MINUTE_MS) * MINUTE_MS - minutes * MINUTE_MS
  const cloud = await startSimulatedCloud({ seed, startMs })
  const telemetry = createTelemetry({ level: quieter(settings), version: VERSION })
  try {
    const world = await openIn(cloud, settings, settings.data.path, options, telemetry)
    const { pipeline, inventories, enrichers } = world
    const parts = { pipeline, clock: cloud.clock, telemetry }
    try {
      say(`Starting a simulated cloud (seed ${seed}) and living its last ${minutes} minutes in quick motion …`)
      await fastForward(world, minutes, signal)
      const server = await serve(settings, parts)
      try {
        if (signal.aborted) return EXIT.done
        cloud.clock.followWallClock()
        await greet(world, server.url)
        await Promise.race([
          Promise.all([runPollers(inventories, parts, signal), runEnrichers(enrichers, cloud.clock, signal)]),
          pipeline.materialiser.done,
        ])
        return EXIT.done
      } finally {
        await server.close()
      }
    } finally {
      await world.close()
    }
  } finally {
    await cloud.close()
  }
}

const quieter = (settings: Settings) => (settings.log.level === 'info' ? 'warn' : settings.log.level)

function openIn(
  cloud: SimulatedCloud,
  settings: Settings,
  path: string,
  { threadPoolSize }: DemoOptions,
  telemetry: Telemetry = createTelemetry({ level: 'error', version: VERSION }),
): Promise<DemoWorld> {
  const simulated = simulatedSettings({ ...settings, data: { ...settings.data, path } }, cloud)
  return openDemoWorld(cloud, simulated, { telemetry, threadPoolSize })
}

async function fastForward(world: DemoWorld, minutes: number, signal: AbortSignal): Promise<void> {
  const bar = progressBar('simulated time')
  try {
    await world.fastForward(minutes, minute => bar.show(minute, minutes, `${minute} of ${minutes} min`), signal)
  } catch (error) {
    if (!signal.aborted) throw error // called off in the middle of a poll, because we were told to stop
  } finally {
    bar.end()
  }
}

/** The keys of the committed objects whose records all end before `untilMs`, by id. */
async function committedKeys({ pipeline }: DemoWorld, untilMs: number): Promise<ReadonlyMap<string, string>> {
  const keys = new Map<string, string>()
  for (const objectId of await pipeline.store.committedObjects()) {
    const object = await pipeline.store.findObject(objectId)
    if (object && (partsOfKey(object.key)?.newestEndMs ?? Number.POSITIVE_INFINITY) <= untilMs)
      keys.set(objectId, object.key)
  }
  return keys
}

async function greet({ cloud, pipeline }: DemoWorld, url: string): Promise<void> {
  const { ip, atMs, vpc } = cloud.sampleQuestion()
  const domain = cloud.vpcs.find(other => other.vpc === vpc)?.name ?? vpc
  const atSeconds = Math.floor(atMs / 1000)
  const question = `${ip} @ ${atSeconds} in ${domain}`
  const target = new URL('/v1/whohad', url)
  target.searchParams.set('q', question)
  const answer = (await (await fetch(target)).json()) as { readonly summary: string }
  print(`
whohad is up.

  Page      ${url}/?q=${encodeURIComponent(question)}
  Question  whohad "${question}"
  Answer    ${answer.summary}

  Ask it    node bin/whohad.cjs "${question}"
            curl '${target}'

${pipeline.index.counts().claims} claims in ${pipeline.index.counts().domains} routing domains; the simulated cloud goes on in real time. Ctrl-C ends it.`)
}
