import { type Adopted, readSourceClaims } from '../changestream/adopt.ts'
import type { ChangeLog } from '../changestream/port.ts'
import type { SourceRecord } from '../ownership/claim.ts'
import type { SourceState } from '../ownership/snapshot-diff.ts'
import type { Clock } from '../runtime/clock.ts'
import { pollerErrors } from './errors.ts'
import type { Inventory } from './inventory.ts'

/**
 * Takes the next epoch of a source and reads where its predecessor stopped, so that open claims go on under their ids.
 * The registration is written first and everything is read after it: what a predecessor had on its way is then either in
 * what was read, or fenced off (design.md §4).
 * @throws `WHOHAD_POLLER_SUPERSEDED` where another poller took this epoch or a higher one meanwhile, and
 * `WHOHAD_SOURCE_REMOVED` where the source was removed: it has one validity, and nothing would count.
 */
export async function adoptState(
  { source, kind, bounds }: Inventory,
  log: ChangeLog,
  clock: Clock,
  signal: AbortSignal,
): Promise<SourceState> {
  const before = await readSourceClaims(log, source, signal)
  refuseRemoved(before)
  const epoch = before.epoch + 1
  const registration: SourceRecord = {
    record: 'source',
    source,
    revision: { epoch, sequence: 0 },
    kind,
    scope: before.sourceRecord?.scope ?? [],
    bounds,
    validity: before.sourceRecord?.validity ?? {
      // The first poll may show a moment as early as this, and is the first to speak.
      fromMs: clock.now() - bounds.lagMs - bounds.clockErrorMs,
      untilMs: Number.POSITIVE_INFINITY,
    },
  }
  await log.append([registration])
  const adopted = await readSourceClaims(log, source, signal)
  refuseRemoved(adopted)
  const { epoch: newest, incumbent } = adopted
  // Whose registration came second sees both, so at most one of two goes on under an epoch.
  if (newest > epoch || (incumbent?.contenders ?? 1) > 1) throw pollerErrors.superseded({ source, epoch, newest })
  return stateOf(adopted, registration)
}

/** What is known of a source, without taking it over: for a look that writes nothing. */
export async function readState(source: string, log: ChangeLog, signal: AbortSignal): Promise<SourceState> {
  return stateOf(await readSourceClaims(log, source, signal), null)
}

function refuseRemoved({ sourceRecord }: Adopted): void {
  const { source, validity } = sourceRecord ?? {}
  if (source === undefined || validity === undefined || validity.untilMs === Number.POSITIVE_INFINITY) return
  throw pollerErrors.sourceRemoved({ source, atMs: validity.untilMs })
}

function stateOf(
  { epoch, claims, sourceRecord, lastProgress }: Adopted,
  registration: SourceRecord | null,
): SourceState {
  const completeUpToMs = lastProgress?.completeUpToMs ?? Number.NEGATIVE_INFINITY
  return {
    epoch,
    sequence: 0,
    completeUpToMs: Number.isFinite(completeUpToMs) ? completeUpToMs : null,
    addresses: lastProgress?.counts.addresses ?? 0,
    claims: new Map(claims.map(claim => [claim.id, claim])),
    record: sourceRecord ?? registration,
  }
}
