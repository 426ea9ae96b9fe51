import type { Progress, Revision, SourceRecord } from './claim.ts'
import { PollStep } from './poll-step.ts'
import { extendScope } from './scope.ts'
import type { Snapshot } from './snapshot.ts'
import type { Diff, DiffContext, SourceState } from './source-state.ts'
import { opensAt } from './start-window.ts'
import type { Millis } from './window.ts'

export type { Diff, DiffContext, SourceState } from './source-state.ts'

/**
 * From one whole snapshot to the changes that it proves: the source's registration where that changed, then claims, then
 * the progress that vouches for them (design.md §1, rules 1 to 6). A function of its arguments alone.
 */
export function diffSnapshot(state: SourceState, snapshot: Snapshot, context: DiffContext): Diff {
  const revision: Revision = { epoch: state.epoch, sequence: state.sequence + 1 }
  const { lagMs, clockErrorMs } = context.bounds
  const completeUpToMs = snapshot.sighting.sentAtMs - lagMs - clockErrorMs
  const overAtMs = snapshot.sighting.receivedAtMs + clockErrorMs
  const shown = { fromMs: completeUpToMs, overAtMs, notBefore: opensAt(state) }
  const step = new PollStep(state, context, revision, shown)
  const addresses = step.seeAll(snapshot.bindings)
  step.missTheRest()

  const record = nextRecord(state, snapshot, context, revision, completeUpToMs)
  const progress: Progress = {
    record: 'progress',
    source: context.source,
    revision,
    completeUpToMs,
    overAtMs,
    counts: { addresses, changed: step.changed.size },
    refused: null,
  }
  return {
    changes: [...(record === state.record ? [] : [record]), ...step.changed.values(), progress],
    next: {
      epoch: state.epoch,
      sequence: revision.sequence,
      completeUpToMs,
      addresses,
      claims: step.remaining(),
      record,
    },
    contradictions: step.hearing.contradictions,
  }
}

/** A poll that does not count moves no progress and closes nothing; why is published. */
export function refusePoll(
  state: SourceState,
  refused: { readonly reason: string; readonly detail: string },
  context: DiffContext,
): Diff {
  const revision: Revision = { epoch: state.epoch, sequence: state.sequence + 1 }
  const progress: Progress = {
    record: 'progress',
    source: context.source,
    revision,
    completeUpToMs: state.completeUpToMs ?? Number.NEGATIVE_INFINITY,
    overAtMs: Number.NEGATIVE_INFINITY,
    counts: { addresses: 0, changed: 0 },
    refused,
  }
  return { changes: [progress], next: { ...state, sequence: revision.sequence }, contradictions: [] }
}

function nextRecord(
  state: SourceState,
  snapshot: Snapshot,
  context: DiffContext,
  revision: Revision,
  completeUpToMs: Millis,
): SourceRecord {
  const held = state.record
  const scope = extendScope(held?.scope ?? [], snapshot.scope, completeUpToMs)
  const unchanged =
    held !== null &&
    held.revision.epoch === state.epoch &&
    held.scope.length === scope.length &&
    JSON.stringify(held.bounds) === JSON.stringify(context.bounds)
  if (unchanged) return held
  const validity = held?.validity ?? { fromMs: completeUpToMs, untilMs: Number.POSITIVE_INFINITY }
  return {
    record: 'source',
    source: context.source,
    revision,
    kind: context.kind,
    scope,
    bounds: context.bounds,
    validity,
  }
}
