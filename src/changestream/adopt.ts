import { type Claim, isGoodbye, type Progress, type SourceRecord, supersedes } from '../ownership/claim.ts'
import { EncodedChange } from './encoded-change.ts'
import { Fence } from './fence.ts'
import { type Incumbent, Incumbents } from './incumbents.ts'
import type { ChangeLog, DeadLetter } from './port.ts'

/** All that a poller needs to go on where its predecessor stopped. */
export type Adopted = {
  /** The highest epoch that was read, 0 where there is none. The successor takes the next one. */
  readonly epoch: number
  /** The newest revision of each claim that is open or missing. */
  readonly claims: readonly Claim[]
  readonly sourceRecord: SourceRecord | undefined
  /** Of a poll, complete or refused. */
  readonly lastProgress: Progress | undefined
  /** Who polls it, with times of the log's clock; undefined where nobody ever did. */
  readonly incumbent: Incumbent | undefined
}

/**
 * Reads the log to its present end for one source. To fence the predecessor off, append a source record with `epoch + 1`
 * first and then call this again: what it had on its way has then been read too, and what comes later counts no more.
 * @throws The signal's reason where it is aborted before the end.
 */
export async function readSourceClaims(
  log: ChangeLog,
  source: string,
  signal: AbortSignal,
  onDeadLetter?: (letter: DeadLetter) => void,
): Promise<Adopted> {
  const fence = new Fence()
  const incumbents = new Incumbents()
  const claims = new Map<string, Claim>()
  let sourceRecord: SourceRecord | undefined
  let lastProgress: Progress | undefined
  const options = { follow: false, encoded: true, signal, ...(onDeadLetter && { onDeadLetter }) }
  for await (const batch of log.read(options)) {
    for (const logged of batch) {
      if (logged instanceof EncodedChange && logged.source !== source) continue
      const { change, loggedAtMs } = logged
      if (change.record === 'horizon' || change.source !== source) continue
      if (fence.fencedBy(change) !== undefined) continue
      incumbents.take(change, loggedAtMs)
      if (change.record === 'claim') {
        const held = claims.get(change.id)
        if (!held || supersedes(change, held)) claims.set(change.id, change)
      } else if (change.record === 'progress') {
        if (isGoodbye(change)) continue
        if (!lastProgress || supersedes(change, lastProgress)) lastProgress = change
      } else if (!sourceRecord || supersedes(change, sourceRecord)) sourceRecord = change
    }
  }
  signal.throwIfAborted()
  const open = [...claims.values()].filter(({ state }) => state !== 'closed')
  const incumbent = incumbents.of(source)
  return { epoch: fence.epochOf(source), claims: open, sourceRecord, lastProgress, incumbent }
}
