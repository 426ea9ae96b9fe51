import { identify } from '../changestream/claim-id.ts'
import type { ChangeLog } from '../changestream/port.ts'
import type { Snapshot } from '../ownership/snapshot.ts'
import { type Diff, type DiffContext, diffSnapshot, refusePoll, type SourceState } from '../ownership/snapshot-diff.ts'
import type { Millis } from '../ownership/window.ts'
import type { Clock } from '../runtime/clock.ts'
import { DEFAULT_GUARDS, type Doubt, doubtsAbout, type GuardLimits, refusalFor, worseThan } from './guards.ts'
import type { Inventory, OnPage } from './inventory.ts'
import { type Refusal, refusalOf } from './refusal.ts'
import type { PollReport } from './report.ts'

export type PollerParts = {
  readonly log: Pick<ChangeLog, 'append'>
  readonly clock: Clock
  readonly report: PollReport
  readonly guards?: GuardLimits
  /** What a person has looked at and believes, for this poll alone (docs/decisions/0022). */
  readonly accepted?: readonly Doubt[]
  /** Told of each page as it comes, for a listing that somebody waits for. */
  readonly onPage?: OnPage
}

/** What the diff needs to know of an inventory. */
export const diffContextOf = ({ source, kind, bounds }: Inventory): DiffContext => ({ source, kind, bounds, identify })

/**
 * One poll: list, guard, diff, publish. Returns the state to go on from, once the change stream has what led to it.
 * A listing that failed or is not believable publishes why, moves no progress and closes nothing (design.md §5).
 * Throws only what the change stream throws; the state to go on from is then unknown, because any part may be written.
 */
export async function pollOnce(
  inventory: Inventory,
  state: SourceState,
  parts: PollerParts,
  signal: AbortSignal,
): Promise<SourceState> {
  const { log, clock, report } = parts
  const { source } = inventory
  const begunAtMs = clock.now()
  const look = await lookAt(inventory, state, parts, signal)
  if (look === undefined) return state
  const context = diffContextOf(inventory)
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
  { guards = DEFAULT_GUARDS, accepted = [], onPage }: PollerParts,
  signal: AbortSignal,
): Promise<Snapshot | (Refusal & { readonly cause: unknown }) | undefined> {
  try {
    const snapshot = await inventory.list(signal, onPage)
    const refusal = refusalFor(worseThan(accepted, doubtsAbout(state.claims.values(), snapshot, guards)))
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
    changed: changes.reduce((sum, { record }) => (record === 'claim' ? sum + 1 : sum), 0),
    completeUpToMs: next.completeUpToMs ?? Number.NEGATIVE_INFINITY,
    tookMs,
    contradictions,
  })
}
