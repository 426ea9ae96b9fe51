import { type Progress, type Revision, STOPPED } from '../ownership/claim.ts'
import type { Millis } from '../ownership/window.ts'

/** What a poller writes last, after the record with this revision, so that another one need not wait for its silence. */
export const goodbye = (source: string, last: Revision, completeUpToMs: Millis): Progress => ({
  record: 'progress',
  source,
  revision: { epoch: last.epoch, sequence: last.sequence + 1 },
  completeUpToMs,
  overAtMs: Number.NEGATIVE_INFINITY,
  counts: { addresses: 0, changed: 0 },
  refused: { reason: STOPPED, detail: 'the poller ended in good order, and another one may take over' },
})
