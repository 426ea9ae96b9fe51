import type { LoggedChange, Position } from '../changestream/port.ts'
import type { Store, StoredChange } from '../store/port.ts'
import { cliErrors } from './errors.ts'

/** Takes every change of the log, in the order of its partition, claims encoded or not. */
export type Recorder = {
  /** One past what the store has of each partition. */
  readonly stored: Position
  record(batch: readonly LoggedChange[]): Promise<void>
}

/**
 * Copies into the store what it does not have yet; a replay from the log's start costs no insert. A record counts as stored by
 * its offset alone, so the log must be the one that the store was filled from: it has not gone back, and the record that was
 * stored last is still the same.
 * @throws WHOHAD_STORE_OF_ANOTHER_STREAM, here or while recording.
 */
export async function recorderOf(
  store: Pick<Store, 'changesEnd' | 'insertChanges' | 'readChanges'>,
  logEnd: Position,
): Promise<Recorder> {
  const stored = await store.changesEnd()
  for (const [partition, end] of stored.entries()) {
    const has = logEnd[partition] ?? 0
    if (end > has) throw cliErrors.storeOfAnotherStream({ partition, offset: end - 1, found: `it ends at ${has}` })
  }
  const last = await lastStored(store, stored)
  return {
    stored,
    async record(batch) {
      for (const { partition, offset, loggedAtMs } of batch) {
        const expected = last.get(partition)
        if (expected === undefined || offset !== expected.offset || loggedAtMs === expected.loggedAtMs) continue
        const found = `there is one of ${new Date(loggedAtMs).toISOString()}`
        throw cliErrors.storeOfAnotherStream({ partition, offset, found })
      }
      const fresh = batch.filter(({ partition, offset }) => offset >= (stored[partition] ?? 0))
      if (fresh.length > 0) await store.insertChanges(fresh.map(asObject))
    },
  }
}

/** What lies encoded in the log is made an object here, and only what the store lacks. */
const asObject = ({ change, partition, offset, loggedAtMs }: LoggedChange): StoredChange => ({
  change,
  partition,
  offset,
  loggedAtMs,
})

async function lastStored(
  store: Pick<Store, 'readChanges'>,
  stored: Position,
): Promise<ReadonlyMap<number, { readonly offset: number; readonly loggedAtMs: number }>> {
  const last = new Map<number, { readonly offset: number; readonly loggedAtMs: number }>()
  const from = stored.map(end => Math.max(0, end - 1))
  for await (const batch of store.readChanges(from, stored, new AbortController().signal)) {
    for (const { partition, offset, loggedAtMs } of batch) last.set(partition, { offset, loggedAtMs })
  }
  return last
}
