import { setImmediate } from 'node:timers/promises'
import { Fence } from '../changestream/fence.ts'
import type { ChangeLog, DeadLetter, LoggedChange, Position } from '../changestream/port.ts'
import { createOwnershipIndex, type OwnershipIndex } from '../ownership/ownership-index.ts'

/** The index as it stands at a position of the change stream. */
export type PinnedIndex = { readonly index: OwnershipIndex; readonly position: Position }

/** The index that follows the change stream, and the ways in which the enricher may look at it. */
export type IndexView = {
  /** Runs `work` on an index that no change reaches until `work` has settled. */
  pin<T>(work: (pinned: PinnedIndex) => Promise<T>): Promise<T>
  /** An index of exactly what the log held before `position`: what a started object was joined at. */
  at(position: Position): Promise<OwnershipIndex>
}

export type FollowingView = IndexView & {
  /** Adds what counts of a batch of the log (the materialiser's `index`), after the work that has the index pinned and before the work that comes later. */
  apply(batch: readonly LoggedChange[]): Promise<void>
  /** Offset of the next record by partition. */
  position(): Position
}

/** A view over a live index. Whoever follows the log hands every batch to `apply`, and nobody else changes the index. */
export function followingView(index: OwnershipIndex, log: ChangeLog, signal: AbortSignal): FollowingView {
  const position = Array<number>(log.partitions).fill(0)
  let turn: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = turn.then(work)
    // The next in turn comes whatever becomes of this one, whose caller learns of it.
    turn = result.catch(() => undefined)
    return result
  }
  return {
    pin: work => inTurn(() => work({ index, position: [...position] })),
    at: wanted => replayedIndex(log, wanted, signal),
    async apply(batch) {
      await inTurn(async () => {
        for (const { change, partition, offset } of batch) {
          index.apply(change)
          position[partition] = Math.max(position[partition] ?? 0, offset + 1)
        }
      })
      await compactIfNeeded(index)
    },
    position: () => [...position],
  }
}

/** Between its steps others ask the index, pinned or not: a compaction changes no answer. */
async function compactIfNeeded(index: OwnershipIndex): Promise<void> {
  if (!index.needsCompaction()) return
  for (const _ of index.compacting()) await setImmediate()
}

/** Reads the log from its beginning up to `position`, exclusive. */
export async function replayedIndex(
  log: Pick<ChangeLog, 'read'>,
  position: Position,
  signal: AbortSignal,
  onDeadLetter?: (letter: DeadLetter) => void,
): Promise<OwnershipIndex> {
  const index = createOwnershipIndex()
  const fence = new Fence()
  for await (const batch of log.read({ follow: false, signal, ...(onDeadLetter && { onDeadLetter }) })) {
    for (const { change, partition, offset } of batch) {
      if (offset < (position[partition] ?? 0) && fence.fencedBy(change) === undefined) index.apply(change)
    }
    await compactIfNeeded(index)
  }
  return index
}
