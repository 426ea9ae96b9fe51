import { runRetention } from '../changestream/retention/run-retention.ts'
import { type Corrector, createCorrector } from '../enricher/corrections/corrector.ts'
import { s3FlowLogs } from '../enricher/flowlogs/s3.ts'
import { createEnricher, type Enricher } from '../enricher/live.ts'
import { furthestProgressMs } from '../enricher/look-ups.ts'
import { PublishedSightings } from '../enricher/sightings/published-sightings.ts'
import { InterfaceSearch } from '../pollers/interface-search.ts'
import type { Inventory } from '../pollers/inventory.ts'
import { DEFAULT_NARROWING, Narrowing, type TargetedLook } from '../pollers/narrowing.ts'
import { diffContextOf } from '../pollers/poll.ts'
import { runPoller } from '../pollers/run-poller.ts'
import { firstPollAfterMs, Turns } from '../pollers/turns.ts'
import type { Clock } from '../runtime/clock.ts'
import { ticks } from '../runtime/ticks.ts'
import type { Tracer } from '../runtime/tracer.ts'
import { domainRulesOf, reachTableOf } from './domain-settings.ts'
import { leadershipOf } from './leading.ts'
import { objectPlaceOf } from './object-places.ts'
import type { Pipeline } from './pipeline.ts'
import { holdSecondsOf, type Settings } from './settings.ts'
import type { Credentials, PolledInventory } from './sources.ts'
import type { Telemetry } from './telemetry.ts'
import { tracedObjects, tracedPolls } from './traced-work.ts'

export type RunningParts = {
  readonly pipeline: Pipeline
  readonly clock: Clock
  readonly telemetry: Telemetry
  /** Left out where nothing is traced. */
  readonly tracer?: Tracer | undefined
}

/** Polls every inventory that no other process polls, each at a pace of its own, until the signal; then closes them. */
export function runPollers(
  polled: readonly PolledInventory[],
  parts: RunningParts,
  signal: AbortSignal,
): Promise<unknown> {
  const { pipeline, clock, telemetry, tracer } = parts
  const search = new InterfaceSearch(clock, () => pipeline.settled())
  return Promise.all(
    polled.map(async ({ inventory, limits, guards, silentPolls, looks }, place) => {
      const firstAfterMs = firstPollAfterMs(place, polled.length, limits.longestMs)
      const leading = leadershipOf(inventory, { longestMs: limits.longestMs, silentPolls }, parts)
      const { source, kind } = inventory
      const wanted = (): boolean => narrowing?.wanted() ?? false
      const turns = new Turns({
        clock,
        limits,
        firstAfterMs,
        ...(looks && { looks: { everyMs: looks.everyMs, wanted } }),
      })
      const learning = turns.learning(telemetry.report)
      const wake = () => turns.wake()
      const searching = kind === 'ec2' ? search.placing(source, wake, learning) : search.seeking(source, wake, learning)
      const { inventory: traced, report } = tracedPolls(inventory, leading.reporting(searching), tracer)
      const narrowing: Narrowing | undefined =
        looks && narrowingOf(inventory, looks.look, { log: leading.log, clock, report: learning })
      const adopt = () => leading.adopt(signal)
      const running = { log: leading.log, clock, report, guards, adopt, turns: turns.until(signal), narrowing }
      try {
        await runPoller(traced, running, signal)
        await leading.resign()
      } finally {
        inventory.close?.()
      }
    }),
  )
}

/** Looks at this inventory's addresses between its polls. */
export const narrowingOf = (
  inventory: Inventory,
  look: TargetedLook,
  parts: Pick<ConstructorParameters<typeof Narrowing>[0], 'log' | 'clock' | 'report'>,
): Narrowing => new Narrowing({ ...parts, look, context: diffContextOf(inventory), limits: DEFAULT_NARROWING })

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

export type BucketEnricher = {
  readonly enricher: Enricher
  readonly corrector: Corrector
  readonly listMs: number
  close(): Promise<void>
}

/** One enricher for each place with flow logs. */
export function enrichersOf(
  settings: Settings,
  parts: RunningParts,
  credentials?: Credentials,
): readonly BucketEnricher[] {
  const { pipeline, clock, telemetry, tracer } = parts
  const rules = domainRulesOf(settings)
  const reach = reachTableOf(settings)
  return settings.flowLogs.map(flowLogs => {
    const { bucket, prefix, region, endpoint, slackSeconds, listSeconds } = flowLogs
    const objects = s3FlowLogs({ bucket, prefix, region, endpoint, credentials })
    const { report } = telemetry
    const place = objectPlaceOf(flowLogs, settings, { objects, store: pipeline.store, clock, report, credentials })
    const context = {
      open: objects.open,
      view: pipeline.view,
      store: pipeline.store,
      rules,
      reach,
      slackMs: slackSeconds * 1000,
      onAnswered: pipeline.onAnswered,
      ...(flowLogs.sightings && { published: new PublishedSightings(pipeline.log) }),
      clock,
      report,
    }
    const enricher = createEnricher({
      ...context,
      ...tracedObjects(context.open, report, tracer),
      list: place.list,
      acknowledge: place.acknowledge,
      name: `s3://${bucket}/${prefix}`,
      holdCapMs: holdSecondsOf(flowLogs, settings) * 1000,
      furthestProgressMs: () => furthestProgressMs(pipeline.index),
    })
    const corrector = createCorrector({
      ...context,
      name: `s3://${bucket}/${prefix}`,
      owns: object => object.bucket === bucket && object.key.startsWith(prefix),
      anyDomain: settings.reach.length > 0,
    })
    const close = async () => {
      await place.close()
      objects.close()
    }
    return { enricher, corrector: flowLogs.corrections ? corrector : NO_CORRECTOR, listMs: listSeconds * 1000, close }
  })
}

/** Of a process that leaves it to another one. */
const NO_CORRECTOR: Corrector = {
  correctOnce: async () => ({ corrected: 0, unchanged: 0, gone: 0, isMore: false }),
}

/** New objects first, then those of which something else has become known. */
export function runEnrichers(
  enrichers: readonly BucketEnricher[],
  clock: Clock,
  signal: AbortSignal,
): Promise<unknown> {
  return Promise.all(
    enrichers.map(async ({ enricher, corrector, listMs }) => {
      for await (const _tick of ticks(clock, listMs, signal)) {
        await enricher.enrichOnce(signal)
        await corrector.correctOnce(signal)
      }
    }),
  )
}
