import { readSourceClaims } from '../changestream/adopt.ts'
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
 * @throws `WHOHAD_POLLER_SUPERSEDED` where another poller took a higher epoch meanwhile.
 */
export async function adoptState(
  { source, kind, bounds }: Inventory,
  log: ChangeLog,
  clock: Clock,
  signal: AbortSignal,
): Promise<SourceState> {
  const before = await readSourceClaims(log, source, signal)
  const epoch = before.epoch + 1
  const registration: SourceRecord = {
    record: 'source',
    source,
    revision: { epoch, sequence: 0 },
    kind,
    scope: before.sourceRecord?.scope ?? [],
    bounds,
    validity: before.sourceRecord?.validity ?? { fromMs: clock.now(), untilMs: Number.POSITIVE_INFINITY },
  }
  await log.append([registration])
  const { epoch: newest, claims, sourceRecord, lastProgress } = await readSourceClaims(log, source, signal)
  if (newest > epoch) throw pollerErrors.superseded({ source, epoch, newest })
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
