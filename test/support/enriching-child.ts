// A child process of the enricher's drill: pipeline, enrichers and correctors as `whohad up` has them, step by step as it is told,
// until it is killed, kills itself between two writes, or is told to finish. On the embedded log it tells the stream, too.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { deserialize } from 'node:v8'
import { openPipeline } from '../../src/cli/pipeline.ts'
import { enrichersOf } from '../../src/cli/running.ts'
import { loadSettings } from '../../src/cli/settings.ts'
import { createTelemetry } from '../../src/cli/telemetry.ts'
import type { Change } from '../../src/ownership/claim.ts'
import { systemClock } from '../../src/runtime/clock.ts'
import { dyingStore, type WriteKill } from './dying-store.ts'
import { storedTables } from './stored-tables.ts'
import { told } from './told-child.ts'

export type EnrichingChild = {
  readonly data: string
  /** As a configuration file has them, without `data`. */
  readonly settings: Configured
  /** Objects under this prefix wait for nobody. */
  readonly hastyPrefix: string
  /** A file of `data` with the changes by step, serialized, where this process tells them. */
  readonly steps?: string
  /** The step that is under way. */
  readonly step: number
  /** Whether the changes of a step come while objects are worked on, not before. */
  readonly atLarge: boolean
  readonly kill?: WriteKill
}

type Configured = NonNullable<NonNullable<Parameters<typeof loadSettings>[1]>['overrides']>

/** So much later is it with each step: whatever waits for a time is due. */
const STEP_MS = 2 * 3600 * 1000
const CHANGES_AT_ONCE = 25

const { given, say, hears } = told<EnrichingChild>()
let { step } = given
const steps = given.steps
  ? (deserialize(await readFile(join(given.data, given.steps))) as readonly (readonly Change[])[])
  : undefined
const clock = { ...systemClock, now: () => systemClock.now() + step * STEP_MS }
const telemetry = createTelemetry({ level: 'silent', version: 'test' })
const loaded = loadSettings({}, { overrides: { ...given.settings, data: { path: given.data } } })
const isHasty = ({ prefix }: { readonly prefix: string }) => prefix === given.hastyPrefix
const flowLogs = loaded.flowLogs.map(one => (isHasty(one) ? { ...one, holdSeconds: 0 } : one))
const settings = { ...loaded, flowLogs }
const pipeline = await openPipeline(settings, { clock, telemetry, threadPoolSize: 4 }).catch(fail)
pipeline.materialiser.done.catch(fail)
const { store, kills } = dyingStore(pipeline.store, given.kill, say)
const credentials = { accessKeyId: 'FAKE', secretAccessKey: 'fake' }
const enrichers = enrichersOf(settings, { pipeline: { ...pipeline, store }, clock, telemetry }, credentials)

let finishing = false
const finish = hears('finish').then(() => {
  finishing = true
})
for (; ; step++) {
  await Promise.race([hears(`step ${step}`), finish])
  if (finishing) break
  say(`begins ${step}`)
  kills.from(step)
  await takeStep().catch(fail)
  say(`done ${step}`)
}
await pipeline.close()
await writeFile(join(given.data, 'stored.json'), JSON.stringify(await storedTables(settings)))
say('finished')
process.exit(0)

function fail(error: unknown): never {
  say(`failed ${error instanceof Error ? error.message : error}`.replaceAll('\n', ' '))
  process.exit(1)
}

async function takeStep(): Promise<void> {
  const telling = tell()
  if (!given.atLarge) await telling
  let isTold = false
  const whenTold = telling.then(() => {
    isTold = true
  })
  for (;;) {
    if (isTold) await pipeline.settled()
    const isLast = isTold
    if ((await pass()) === 0 && isLast) return
    await Promise.race([whenTold, sleep(5)])
  }
}

/** How much it did. */
async function pass(): Promise<number> {
  let done = 0
  for (const { enricher, corrector } of enrichers) {
    const { committed, failed, complete } = await enricher.enrichOnce()
    const { corrected, unchanged, isMore } = await corrector.correctOnce()
    done += committed + failed + corrected + unchanged + (isMore ? 1 : 0) + (complete ? 0 : 1)
    if (failed > 0 || !complete) say('failed pass')
    if (corrected > 0) say(`corrected ${corrected}`)
  }
  return done
}

/** Goes on where the log ends: its offsets are places in the story. */
async function tell(): Promise<void> {
  if (steps === undefined) return
  const changes = steps.slice(0, step + 1).flat()
  const [end = 0] = await pipeline.log.end()
  const atOnce = given.atLarge ? CHANGES_AT_ONCE : changes.length
  for (let from = end; from < changes.length; from += atOnce) {
    await pipeline.log.append(changes.slice(from, from + atOnce))
    if (given.atLarge) await sleep(2)
  }
}
