import { fileURLToPath } from 'node:url'
import { buildApi } from '../api/build-api.ts'
import { listen } from '../api/listen.ts'
import type { Readiness } from '../api/readyz-route.ts'
import { hasReached } from '../changestream/port.ts'
import type { Clock } from '../runtime/clock.ts'
import { reasonOf } from '../runtime/errors.ts'
import type { Pipeline } from './pipeline.ts'
import type { Settings } from './settings.ts'
import { healthOf, healthWords } from './source-health.ts'
import type { Telemetry } from './telemetry.ts'
import { VERSION } from './version.ts'

const WEB_FOLDER = fileURLToPath(new URL('../../web/', import.meta.url))

/** Serves the API and the page on the configured address. */
export async function serve(
  settings: Settings,
  parts: { readonly pipeline: Pipeline; readonly clock: Clock; readonly telemetry: Telemetry },
): Promise<{ readonly url: string; close(): Promise<void> }> {
  const { pipeline, clock, telemetry } = parts
  const api = await buildApi({
    ask: pipeline.ask,
    index: pipeline.index,
    clock,
    version: VERSION,
    webFolder: WEB_FOLDER,
    report: telemetry.report,
    loopbackOnly: !settings.api.insecure,
    metricsText: telemetry.metricsText,
    ready: () => readiness(pipeline, clock),
  })
  const { url } = await listen(api, settings.api)
  return { url, close: () => api.close() }
}

async function readiness(pipeline: Pipeline, clock: Clock): Promise<Readiness> {
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
    ...sources.map(health => ({ name: `source ${health.source}`, ok: true, detail: healthWords(health) })),
  ]
  return { ready: checks.every(({ ok }) => ok), now: new Date(nowMs).toISOString(), checks, sources }
}

async function check(name: string, attempt: () => Promise<string>): Promise<Readiness['checks'][number]> {
  try {
    return { name, ok: true, detail: await attempt() }
  } catch (error) {
    return { name, ok: false, detail: reasonOf(error) }
  }
}
