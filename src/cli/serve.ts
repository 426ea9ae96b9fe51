import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { EVERY_CALLER_READS_EVERY_DOMAIN } from '../api/access.ts'
import { knowingAsOf } from '../api/as-of.ts'
import { buildApi } from '../api/build-api.ts'
import { sharedGeneration } from '../api/bulk/shared-generation.ts'
import { drain } from '../api/drain.ts'
import { apiErrors } from '../api/errors.ts'
import { listen } from '../api/listen.ts'
import type { Readiness } from '../api/readyz-route.ts'
import type { ApiReport } from '../api/report.ts'
import { AnswerThreads } from '../api/threads/answer-threads.ts'
import { hasReached } from '../changestream/port.ts'
import type { Waits } from '../enricher/waiting.ts'
import type { Generation } from '../ownership/generation/generation.ts'
import type { Clock } from '../runtime/clock.ts'
import { reasonOf } from '../runtime/errors.ts'
import type { Tracer } from '../runtime/tracer.ts'
import { certificateOf } from './api-certificate.ts'
import { securityOf } from './api-security.ts'
import type { Pipeline } from './pipeline.ts'
import type { Settings } from './settings.ts'
import { healthOf, healthWords } from './source-health.ts'
import type { Telemetry } from './telemetry.ts'
import { VERSION } from './version.ts'

/** More than so many take their work faster than the main thread sends what they make of it. */
const MOST_ANSWER_THREADS = 4
const WEB_FOLDER = fileURLToPath(new URL('../../web/', import.meta.url))

/** Serves the API and the page on the configured address. */
export async function serve(
  settings: Settings,
  parts: {
    readonly pipeline: Pipeline
    readonly clock: Clock
    readonly telemetry: Telemetry
    /** Left out where nothing is traced. */
    readonly tracer?: Tracer | undefined
    /** For whom flow log objects wait, where this process enriches. */
    readonly waits?: () => readonly Waits[]
  },
): Promise<{ readonly url: string; close(): Promise<void> }> {
  const { pipeline, clock, telemetry, tracer, waits = () => [] } = parts
  const security = securityOf(settings.api, clock, telemetry.report)
  const hasLogin = security.login !== undefined
  const served = certificateOf(settings.api, telemetry.report)
  const api = await buildApi({
    ask: pipeline.ask,
    knowAsOf: knowingAsOf({ store: pipeline.store, settled: () => settled(pipeline) }),
    refuseWhileReplaying: () => refuseWhileReplaying(pipeline),
    generation: sharedGeneration(() => generation(pipeline), clock),
    access: EVERY_CALLER_READS_EVERY_DOMAIN,
    index: pipeline.index,
    log: pipeline.log,
    store: pipeline.store,
    clock,
    version: VERSION,
    webFolder: WEB_FOLDER,
    threads: answerThreads(settings, telemetry.report),
    report: telemetry.report,
    // Under a login a page of another site has no key to ask with, and a proxy in front may name any host.
    loopbackOnly: !settings.api.insecure && !hasLogin,
    security,
    tracer,
    trustedProxies: settings.api.trustedProxies,
    ...(served && { certificate: served.certificate }),
    metricsText: telemetry.metricsText,
    ready: () => readiness(pipeline, waits(), clock),
  })
  const isShielded = served !== undefined || settings.api.trustedProxies.length > 0
  const { url } = await listen(api, { ...settings.api, hasLogin, isShielded })
  const closing = new AbortController()
  const renewing = served?.keep(api.server, { clock, signal: closing.signal })
  return {
    url,
    async close() {
      closing.abort()
      await renewing
      await drain(api, clock)
    },
  }
}

/** Undefined where the main thread answers all. By default the main thread and whoever asks have a processor each. */
function answerThreads({ api }: Settings, report: ApiReport): AnswerThreads | undefined {
  const others = Math.max(0, availableParallelism() - 2)
  const threads = api.answerThreads ?? Math.min(MOST_ANSWER_THREADS, others)
  return threads === 0 ? undefined : new AnswerThreads({ threads, report })
}

function generation(pipeline: Pipeline): Generation {
  refuseWhileReplaying(pipeline)
  return pipeline.index.generation()
}

/** The store holds all that the log does: not while the history is still read, however long that takes. */
async function settled(pipeline: Pipeline): Promise<void> {
  refuseWhileReplaying(pipeline)
  await pipeline.settled()
}

/** Half the history would name owners that the other half takes back. */
function refuseWhileReplaying({ isCaughtUp, index }: Pipeline): void {
  if (!isCaughtUp()) throw apiErrors.stillReplaying({ detail: `${index.counts().claims} claims read so far` })
}

async function readiness(pipeline: Pipeline, waits: readonly Waits[], clock: Clock): Promise<Readiness> {
  const nowMs = clock.now()
  const sources = pipeline.index.sources().map(view => healthOf(view, nowMs))
  const checks = [
    await check('change-stream', async () => {
      const end = await pipeline.log.end()
      const behind = !hasReached(pipeline.materialiser.position(), end)
      if (!pipeline.isCaughtUp()) throw new Error('replaying: answers would be made of half the history')
      return behind ? 'following, a moment behind' : 'up to date'
    }),
    await check('store', async () => {
      await pipeline.store.ping()
      return 'answers'
    }),
    // Told, but no reason to be unready: a source that is late makes its own scope unknown, and every replica would be as late.
    ...sources.map(health => ({
      name: `source ${health.source}`,
      ok: true,
      detail: healthWords(health, awaited(waits, health.source)),
    })),
  ]
  return { ready: checks.every(({ ok }) => ok), now: new Date(nowMs).toISOString(), checks, sources }
}

const awaited = (waits: readonly Waits[], source: string): number =>
  waits.reduce((sum, { objects }) => sum + (objects.get(source) ?? 0), 0)

async function check(name: string, attempt: () => Promise<string>): Promise<Readiness['checks'][number]> {
  try {
    return { name, ok: true, detail: await attempt() }
  } catch (error) {
    return { name, ok: false, detail: reasonOf(error) }
  }
}
