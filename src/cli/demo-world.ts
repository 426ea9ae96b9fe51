import type { SourceState } from '../ownership/snapshot-diff.ts'
import { adoptState } from '../pollers/adopt.ts'
import type { Narrowing } from '../pollers/narrowing.ts'
import { pollOnce } from '../pollers/poll.ts'
import type { SimulatedCloud } from '../simulator/cloud.ts'
import { SIMULATED_CREDENTIALS } from './demo-settings.ts'
import { openPipeline, type Pipeline } from './pipeline.ts'
import { type BucketEnricher, enrichersOf, narrowingOf } from './running.ts'
import type { Settings } from './settings.ts'
import { inventoriesOf, type PolledInventory } from './sources.ts'
import type { Telemetry } from './telemetry.ts'

export type DemoWorld = {
  readonly cloud: SimulatedCloud
  readonly pipeline: Pipeline
  readonly inventories: readonly PolledInventory[]
  readonly enrichers: readonly BucketEnricher[]
  /** Lives `minutes` of simulated time as fast as this machine can: polls, follows, enriches, minute by minute. */
  fastForward(minutes: number, onMinute: (minute: number) => void, signal: AbortSignal): Promise<void>
  close(): Promise<void>
}

const MINUTE_MS = 60_000

/** The real pollers, change stream, store and enricher, wired to a simulated cloud and its clock. */
export async function openDemoWorld(
  cloud: SimulatedCloud,
  settings: Settings,
  parts: { readonly telemetry: Telemetry; readonly threadPoolSize: number },
): Promise<DemoWorld> {
  const { clock } = cloud
  const { telemetry } = parts
  const pipeline = await openPipeline(settings, { clock, ...parts })
  const inventories = inventoriesOf(settings, {
    index: pipeline.index,
    clock,
    report: telemetry.report,
    credentials: SIMULATED_CREDENTIALS,
  })
  const enrichers = enrichersOf(settings, { pipeline, clock, telemetry }, SIMULATED_CREDENTIALS)
  const states = new Map<string, SourceState>()
  const narrowings = new Map<PolledInventory, Narrowing>()
  const told = { log: pipeline.log, clock, report: telemetry.report }
  for (const polled of inventories)
    if (polled.looks) narrowings.set(polled, narrowingOf(polled.inventory, polled.looks.look, told))

  const pollAll = async (signal: AbortSignal) => {
    for (const polled of inventories) {
      const { inventory } = polled
      const { source } = inventory
      const before = states.get(source) ?? (await adoptState(inventory, pipeline.log, clock, signal))
      const after = await pollOnce(inventory, before, told, signal)
      states.set(source, after)
      narrowings.get(polled)?.polled(before, after)
      // The next inventory may need what this one found: Titus does not say where its interfaces are.
      await pipeline.settled()
    }
  }
  /** As the pollers do it, but for their jitter: none right before the next poll. */
  const lookUntil = async (untilMs: number, signal: AbortSignal) => {
    const turns = [...narrowings].map(([{ inventory, looks }, narrowing]) => {
      const everyMs = looks?.everyMs ?? Number.POSITIVE_INFINITY
      return { source: inventory.source, narrowing, everyMs, dueMs: clock.now() + everyMs }
    })
    while (!signal.aborted) {
      const [turn] = turns.filter(({ narrowing }) => narrowing.wanted()).sort((a, b) => a.dueMs - b.dueMs)
      if (turn === undefined || turn.dueMs >= untilMs) return
      cloud.advanceTo(Math.max(clock.now(), turn.dueMs))
      turn.dueMs = clock.now() + turn.everyMs
      const state = states.get(turn.source)
      if (state) states.set(turn.source, await turn.narrowing.look(state, signal))
    }
  }
  return {
    cloud,
    pipeline,
    inventories,
    enrichers,
    async fastForward(minutes, onMinute, signal) {
      const startMs = clock.now()
      for (let minute = 0; minute < minutes && !signal.aborted; minute++) {
        cloud.advanceTo(startMs + minute * MINUTE_MS)
        await pollAll(signal)
        await lookUntil(startMs + (minute + 1) * MINUTE_MS, signal)
        for (const { enricher } of enrichers) await enricher.enrichOnce(signal)
        onMinute(minute + 1)
      }
      cloud.advanceTo(startMs + minutes * MINUTE_MS)
    },
    async close() {
      for (const enricher of enrichers) await enricher.close()
      for (const { inventory } of inventories) inventory.close?.()
      await pipeline.close()
    },
  }
}
