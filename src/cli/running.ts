import { runRetention } from '../changestream/retention/run-retention.ts'
import { s3FlowLogs } from '../enricher/flowlogs/s3.ts'
import { createEnricher, type Enricher } from '../enricher/live.ts'
import { adoptState } from '../pollers/adopt.ts'
import { runPoller } from '../pollers/poll.ts'
import type { Clock } from '../runtime/clock.ts'
import { ticks } from '../runtime/ticks.ts'
import { domainRulesOf, reachTableOf } from './domain-settings.ts'
import type { Pipeline } from './pipeline.ts'
import type { Settings } from './settings.ts'
import type { Credentials, PolledInventory } from './sources.ts'
import type { Telemetry } from './telemetry.ts'

/** Polls every inventory at its interval until the signal. */
export function runPollers(
  polled: readonly PolledInventory[],
  parts: { readonly pipeline: Pipeline; readonly clock: Clock; readonly telemetry: Telemetry },
  signal: AbortSignal,
): Promise<unknown> {
  const { pipeline, clock, telemetry } = parts
  return Promise.all(
    polled.map(({ inventory, pollMs }) =>
      runPoller(
        inventory,
        {
          log: pipeline.log,
          clock,
          report: telemetry.report,
          adopt: () => adoptState(inventory, pipeline.log, clock, signal),
          ticks: ticks(clock, pollMs, signal),
        },
        signal,
      ),
    ),
  )
}

const RETENTION_TICK_MS = 3600 * 1000
const DAY_MS = 24 * 3600 * 1000

/** Lets go of history at the start and then once an hour, where a retention is set and the change stream can. */
export async function runRetentionOf(
  { retention }: Pick<Settings, 'retention'>,
  parts: { readonly pipeline: Pipeline; readonly clock: Clock; readonly telemetry: Telemetry },
  signal: AbortSignal,
): Promise<void> {
  const { pipeline, clock, telemetry } = parts
  if (retention.days === undefined) return
  await runRetention(
    {
      log: pipeline.log,
      keepMs: retention.days * DAY_MS,
      everyMs: RETENTION_TICK_MS,
      readUpTo: () => pipeline.materialiser.position(),
      clock,
      report: telemetry.report,
    },
    signal,
  )
}

export type BucketEnricher = { readonly enricher: Enricher; readonly listMs: number; close(): void }

/** One enricher for each bucket with flow logs. */
export function enrichersOf(
  settings: Settings,
  parts: { readonly pipeline: Pipeline; readonly clock: Clock; readonly telemetry: Telemetry },
  credentials?: Credentials,
): readonly BucketEnricher[] {
  const { pipeline, clock, telemetry } = parts
  const rules = domainRulesOf(settings)
  const reach = reachTableOf(settings)
  return settings.flowLogs.map(({ bucket, prefix, region, endpoint, slackSeconds, holdSeconds, listSeconds }) => {
    const objects = s3FlowLogs({ bucket, prefix, region, endpoint, credentials })
    const enricher = createEnricher({
      list: objects.list,
      open: objects.open,
      view: pipeline.view,
      store: pipeline.store,
      rules,
      reach,
      slackMs: slackSeconds * 1000,
      holdCapMs: holdSeconds * 1000,
      watermark: () => leastProgress(pipeline),
      clock,
      report: telemetry.report,
    })
    return { enricher, listMs: listSeconds * 1000, close: objects.close }
  })
}

/** Up to when every live source vouches; undefined while one has not finished its first poll. */
export function leastProgress({ index }: Pick<Pipeline, 'index'>): number | undefined {
  const live = index.sources().filter(({ source }) => source.validity.untilMs === Number.POSITIVE_INFINITY)
  let leastMs = Number.POSITIVE_INFINITY
  for (const { completeUpToMs } of live) {
    if (completeUpToMs === undefined) return undefined
    leastMs = Math.min(leastMs, completeUpToMs)
  }
  return live.length === 0 ? undefined : leastMs
}

export function runEnrichers(
  enrichers: readonly BucketEnricher[],
  clock: Clock,
  signal: AbortSignal,
): Promise<unknown> {
  return Promise.all(
    enrichers.map(async ({ enricher, listMs }) => {
      for await (const _tick of ticks(clock, listMs, signal)) await enricher.enrichOnce(signal)
    }),
  )
}
