import { systemClock } from '../runtime/clock.ts'
import { openPipeline } from './pipeline.ts'
import { enrichersOf, runEnrichers, runPollers, runRetentionOf } from './running.ts'
import { serve } from './serve.ts'
import type { Settings } from './settings.ts'
import { forsaken } from './source-health.ts'
import { inventoriesOf } from './sources.ts'
import { createTelemetry } from './telemetry.ts'
import { say } from './terminal.ts'
import { VERSION } from './version.ts'

/** Runs every configured part in this process until the signal: pollers, enrichers, the API and the page. */
export async function up(
  settings: Settings,
  options: { readonly threadPoolSize: number; readonly signal: AbortSignal },
) {
  const clock = systemClock
  const { signal, threadPoolSize } = options
  const telemetry = createTelemetry({ level: settings.log.level, version: VERSION })
  const pipeline = await openPipeline(settings, { clock, telemetry, threadPoolSize })
  const parts = { pipeline, clock, telemetry }
  const stopping = new AbortController()
  const stop = AbortSignal.any([signal, stopping.signal])
  const enrichers = enrichersOf(settings, parts)
  try {
    const server = await serve(settings, parts)
    try {
      say(`whohad ${VERSION} listens on ${server.url} and keeps what it knows in ${whereabouts(settings)}.`)
      await Promise.race([pipeline.materialiser.caughtUp, aborted(stop)])
      if (!stop.aborted) say(`${pipeline.index.counts().claims} claims read; questions are answered from now on.`)
      if (settings.ec2.length + settings.titus.length === 0 && !settings.awsRanges.url)
        say('No source is configured: nothing is polled.')
      const polled = inventoriesOf(settings, { index: pipeline.index, clock, report: telemetry.report })
      const configured = polled.map(({ inventory }) => inventory.source)
      for (const line of forsaken(pipeline.index.sources(), configured, clock.now())) say(line)
      const running = [
        runPollers(polled, parts, stop),
        runEnrichers(enrichers, clock, stop),
        runRetentionOf(settings, parts, stop),
        pipeline.checkpoints.run(settings.data.checkpointSeconds * 1000, stop),
        aborted(stop),
      ]
      // A part that fails for good takes the process with it: half a whohad would answer as if it were whole.
      await Promise.race([Promise.all(running), pipeline.materialiser.done])
    } finally {
      stopping.abort()
      await server.close()
    }
  } finally {
    for (const enricher of enrichers) enricher.close()
    await pipeline.close()
  }
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise(resolve => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })

const whereabouts = ({ data, kafka, clickhouse }: Settings): string => {
  const stream = kafka.brokers.length > 0 ? `Kafka at ${kafka.brokers.join(', ')}` : undefined
  const store = clickhouse.url ? `ClickHouse at ${new URL(clickhouse.url).host}` : undefined
  return [stream, store, stream && store ? undefined : data.path].filter(Boolean).join(' and ')
}
