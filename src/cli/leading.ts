import type { Inventory } from '../pollers/inventory.ts'
import { Leadership } from '../pollers/leadership.ts'
import type { Clock } from '../runtime/clock.ts'
import { reasonOf } from '../runtime/errors.ts'
import type { Pipeline } from './pipeline.ts'
import type { Telemetry } from './telemetry.ts'

/** A log that takes nothing any more must not keep the process from ending. */
const GOODBYE_MS = 5_000

/** This process as one of those that may poll a source, over the configured change stream. */
export function leadershipOf(
  inventory: Inventory,
  { longestMs, silentPolls }: { readonly longestMs: number; readonly silentPolls: number },
  parts: {
    readonly pipeline: Pick<Pipeline, 'log' | 'incumbents' | 'hasOneWriter'>
    readonly clock: Clock
    readonly telemetry: Telemetry
  },
): Pick<Leadership, 'adopt' | 'log' | 'reporting'> & { resign(): Promise<void> } {
  const { pipeline, clock, telemetry } = parts
  const leadership = new Leadership(inventory, {
    log: pipeline.log,
    incumbents: pipeline.incumbents,
    clock,
    report: telemetry.report,
    longestMs: pipeline.hasOneWriter ? undefined : longestMs,
    silentPolls,
  })
  const resign = async () => {
    const waited = new AbortController()
    try {
      await Promise.race([leadership.resign(), clock.sleep(GOODBYE_MS, waited.signal).catch(() => {})])
    } catch (cause) {
      telemetry.log.warn({ source: inventory.source, reason: reasonOf(cause) }, 'poller ended without a word')
    } finally {
      waited.abort()
    }
  }
  return {
    adopt: signal => leadership.adopt(signal),
    log: leadership.log,
    reporting: report => leadership.reporting(report),
    resign,
  }
}
