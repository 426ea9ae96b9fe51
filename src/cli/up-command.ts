import { systemClock } from '../runtime/clock.ts'
import { cliErrors } from './errors.ts'
import { openPipeline } from './pipeline.ts'
import { enrichersOf, type RunningParts, runEnrichers, runPollers, runRetentionOf } from './running.ts'
import { serve } from './serve.ts'
import { holdSecondsOf, type Settings } from './settings.ts'
import { forsaken } from './source-health.ts'
import { inventoriesOf } from './sources.ts'
import { createTelemetry, type Telemetry } from './telemetry.ts'
import { say } from './terminal.ts'
import type { Tracing } from './tracing.ts'
import { VERSION } from './version.ts'

type UpOptions = { readonly threadPoolSize: number; readonly signal: AbortSignal }

/** Runs every configured part in this process until the signal: pollers, enrichers, the API and the page. */
export const up = (settings: Settings, options: UpOptions): Promise<void> => run(settings, options, 'everything')

/**
 * Follows the change stream and enriches flow logs until the signal: nothing is polled, no history let go of. Probes, metrics and
 * questions are answered as everywhere.
 * @throws WHOHAD_USAGE where no flow logs are configured, or it is open how long they wait for the sources
 */
export async function enrich(settings: Settings, options: UpOptions): Promise<void> {
  if (settings.flowLogs.length === 0)
    throw cliErrors.usage({ message: 'No flow logs are configured, so there is nothing to enrich: see flowLogs.' })
  const unheld = settings.flowLogs.find(flowLogs => holdSecondsOf(flowLogs, settings) === 0)
  if (unheld && unheld.holdSeconds === undefined)
    throw cliErrors.usage({
      message: `No source is configured here, so flowLogs.${unheld.bucket}.holdSeconds must be given: three times the longest pollSeconds of those who poll.`,
    })
  await run(settings, options, 'enrichers')
}

async function run(settings: Settings, options: UpOptions, role: 'everything' | 'enrichers'): Promise<void> {
  const clock = systemClock
  const { signal, threadPoolSize } = options
  const telemetry = createTelemetry({ level: settings.log.level, version: VERSION })
  const pipeline = await openPipeline(settings, { clock, telemetry, threadPoolSize })
  const tracing = await tracingOf(settings.tracing, telemetry)
  const parts = { pipeline, clock, telemetry, tracer: tracing?.tracer }
  const stopping = new AbortController()
  const stop = AbortSignal.any([signal, stopping.signal])
  const enrichers = enrichersOf(settings, parts)
  try {
    const waits = () => enrichers.map(({ enricher }) => enricher.waits())
    const server = await serve(settings, { ...parts, waits })
    try {
      say(`whohad ${VERSION} listens on ${server.url} and keeps what it knows in ${whereabouts(settings)}.`)
      await Promise.race([pipeline.materialiser.caughtUp, aborted(stop)])
      if (!stop.aborted) say(`${pipeline.index.counts().claims} claims read; questions are answered from now on.`)
      const running = [
        ...(role === 'everything' ? [poll(settings, parts, stop), runRetentionOf(settings, parts, stop)] : []),
        runEnrichers(enrichers, clock, stop),
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
    for (const enricher of enrichers) await enricher.close()
    await pipeline.close()
    await tracing?.close()
  }
}

/** The SDK is loaded where it is asked for. */
async function tracingOf(
  { otlpUrl: url, sampleShare }: Settings['tracing'],
  { log }: Telemetry,
): Promise<Tracing | undefined> {
  if (url === undefined) return undefined
  const { openTracing } = await import('./tracing.ts')
  const onTrouble = (text: string) => log.warn({ text }, 'traces not delivered')
  return openTracing({ url, sampleShare, version: VERSION, onTrouble })
}

function poll(settings: Settings, parts: RunningParts, signal: AbortSignal): Promise<unknown> {
  const { pipeline, clock, telemetry } = parts
  if (settings.ec2.length + settings.titus.length === 0 && !settings.awsRanges.url)
    say('No source is configured: nothing is polled.')
  const polled = inventoriesOf(settings, { index: pipeline.index, clock, report: telemetry.report })
  const configured = polled.map(({ inventory }) => inventory.source)
  for (const line of forsaken(pipeline.index.sources(), configured, clock.now())) say(line)
  return runPollers(polled, parts, signal)
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
