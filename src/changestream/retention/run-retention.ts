import type { Millis } from '../../ownership/window.ts'
import type { Clock } from '../../runtime/clock.ts'
import { ticks } from '../../runtime/ticks.ts'
import type { ChangeLog, Position } from '../port.ts'
import { type Retained, retain } from './retain.ts'

export type RetentionReport = {
  /** History was let go of. */
  historyLetGo(d: Retained & { readonly beforeMs: Millis; readonly tookMs: number }): void
  /** It is tried again at the next tick; until then all that was there is there. */
  retentionFailed(d: { readonly cause: unknown }): void
  /** Claims came again whose time the log has let go of; they were not taken. */
  oldClaimsRefused(d: { readonly source: string; readonly claims: number }): void
}

export type RetentionOptions = {
  readonly log: ChangeLog
  /** History is kept for so long. */
  readonly keepMs: number
  readonly everyMs: number
  /** Up to where all have read who need the history: what is behind stays. */
  readonly readUpTo: () => Position
  readonly clock: Clock
  readonly report: RetentionReport
}

/** Lets go of history at once and then every `everyMs`, until the signal. Whoever has the log's folder runs it, and nobody else. */
export async function runRetention(options: RetentionOptions, signal: AbortSignal): Promise<void> {
  const { log, keepMs, everyMs, readUpTo, clock, report } = options
  for await (const nowMs of ticks(clock, everyMs, signal)) {
    const beforeMs = nowMs - keepMs
    try {
      const retained = await retain(log, { beforeMs, upTo: readUpTo(), signal })
      if (retained) report.historyLetGo({ ...retained, beforeMs, tookMs: clock.now() - nowMs })
    } catch (cause) {
      if (signal.aborted) return
      report.retentionFailed({ cause })
    }
  }
}
