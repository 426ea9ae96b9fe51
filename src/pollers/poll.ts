import { createHash } from 'node:crypto'
import type { ChangeLog } from '../changestream/port.ts'
import type { Snapshot } from '../ownership/snapshot.ts'
import { type Diff, type DiffContext, diffSnapshot, refusePoll, type SourceState } from '../ownership/snapshot-diff.ts'
import type { Millis } from '../ownership/window.ts'
import type { Clock } from '../runtime/clock.ts'
import { DEFAULT_GUARDS, type GuardLimits, guard } from './guards.ts'
import type { Inventory } from './inventory.ts'
import { type Refusal, refusalOf } from './refusal.ts'
import type { PollReport } from './report.ts'

export type PollerParts = {
  readonly log: Pick<ChangeLog, 'append'>
  readonly clock: Clock
  readonly report: PollReport
  readonly guards?: GuardLimits
}

/** 128 bits of SHA-256: enough for no two claims of a lifetime of a log to meet. */
const identify = (key: string): string => createHash('sha256').update(key).digest('hex').slice(0, 32)

/**
 * One poll: list, guard, diff, publish. Returns the state to go on from, once the change stream has what led to it.
 * A listing that failed or is not believable publishes why, moves no progress and closes nothing (design.md §5).
 * Throws only what the change stream throws; the state to go on from is then unknown, because any part may be written.
 */
export async function pollOnce(
  inventory: Inventory,
  state: SourceState,
  { log, clock, report, guards = DEFAULT_GUARDS }: PollerParts,
  signal: AbortSignal,
): Promise<SourceState> {
  const { source, kind, bounds } = inventory
  const begunAtMs = clock.now()
  const look = await lookAt(inventory, state, guards, signal)
  if (look === undefined) return state
  const context: DiffContext = { source, kind, bounds, identify }
  if ('reason' in look) {
    const { cause, ...refusal } = look
    const { changes, next } = refusePoll(state, refusal, context)
    await log.append(changes)
    report.pollRefused({ source, ...refusal, cause })
    return next
  }
  const diff = diffSnapshot(state, look, context)
  await log.append(diff.changes)
  reportCompleted(diff, source, clock.now() - begunAtMs, report)
  return diff.next
}

/** A whole and believable snapshot, or why there is none; undefined where the poller is being stopped. */
async function lookAt(
  inventory: Inventory,
  state: SourceState,
  guards: GuardLimits,
  signal: AbortSignal,
): Promise<Snapshot | (Refusal & { readonly cause: unknown }) | undefined> {
  try {
    const snapshot = await inventory.list(signal)
    const refusal = guard(state.claims.values(), snapshot, guards)
    return refusal ? { ...refusal, cause: null } : snapshot
  } catch (cause) {
    return signal.aborted ? undefined : { ...refusalOf(cause), cause }
  }
}

function reportCompleted(
  { changes, next, contradictions }: Diff,
  source: string,
  tookMs: Millis,
  report: PollReport,
): void {
  report.pollCompleted({
    source,
    bindings: next.addresses,
    changed: changes.filter(change => change.record === 'claim').length,
    completeUpToMs: next.completeUpToMs ?? Number.NEGATIVE_INFINITY,
    tookMs,
    contradictions,
  })
}

/**
 * Polls at every tick until the signal aborts or the ticks end. `adopt` takes a fencing epoch and reads the source's state
 * from the change stream. After a failed publish the state is adopted anew: some of the changes may be in the stream, and
 * only the stream knows which.
 */
export async function runPoller(
  inventory: Inventory,
  parts: PollerParts & { readonly adopt: () => Promise<SourceState>; readonly ticks: AsyncIterable<Millis> },
  signal: AbortSignal,
): Promise<void> {
  const { adopt, ticks, report } = parts
  const { source } = inventory
  let state: SourceState | undefined
  for await (const _tick of ticks) {
    if (signal.aborted) return
    if (state === undefined) {
      try {
        state = await adopt()
      } catch (cause) {
        if (signal.aborted) return
        report.adoptFailed({ source, cause })
        continue
      }
    }
    try {
      state = await pollOnce(inventory, state, parts, signal)
    } catch (cause) {
      report.publishFailed({ source, cause })
      state = undefined
    }
  }
}
