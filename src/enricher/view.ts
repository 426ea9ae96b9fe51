import { setImmediate } from 'node:timers/promises'
import { applyTo, EncodedChange, fencedBy } from '../changestream/encoded-change.ts'
import { Fence } from '../changestream/fence.ts'
import type { ChangeLog, DeadLetter, LoggedChange, Position } from '../changestream/port.ts'
import type { Restored } from '../changestream/restore.ts'
import { LastRecords, resumedFrom } from '../changestream/resuming.ts'
import { refuseLetGo } from '../changestream/retention/retain.ts'
import { type IndexImage, imageOf } from '../ownership/index-image.ts'
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
  /**
   * Adds what counts of a batch of the log (the materialiser’s `index`), after the work that has the index pinned and before the
   * work that comes later. While a history is replayed and nobody asks, it is folded less often.
   */
  apply(batch: readonly LoggedChange[], isReplaying?: boolean): Promise<void>
  /** Offset of the next record by partition. */
  position(): Position
  /**
   * The index as bytes of their own, taken between two batches, and what `read` says at that moment. Changes wait for the
   * copy alone, not for its being written somewhere.
   */
  snapshot<T>(read: () => T): Promise<{ readonly image: IndexImage; readonly read: T }>
}

/**
 * A view over a live index that holds all before `from` already. Whoever follows the log hands every batch to `apply`, and
 * nobody else changes the index. `beforeEach` is told of every change before the index has it; nobody gets the index pinned
 * with a batch, nor a snapshot of it, before what `afterBatch` does about it is done.
 */
export function followingView(
  index: OwnershipIndex,
  log: ChangeLog,
  signal: AbortSignal,
  {
    from = Array<number>(log.partitions).fill(0),
    beforeEach = () => {},
    afterBatch = async () => {},
  }: {
    readonly from?: Position | undefined
    readonly beforeEach?: (logged: LoggedChange) => void
    readonly afterBatch?: () => Promise<void>
  } = {},
): FollowingView {
  const position = [...from]
  let compacted: Promise<void> = Promise.resolve()
  let forgotten: Promise<void> | undefined
  const compact = (isNeeded: () => boolean): Promise<void> => {
    // What is let go of is folded on the way; changes do not wait for that.
    if (forgotten === undefined) compacted = compacted.then(() => (isNeeded() ? compactInSteps(index) : undefined))
    return compacted
  }
  let turn: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = turn.then(work)
    // The next in turn comes whatever becomes of this one, whose caller learns of it.
    turn = result.catch(() => undefined)
    return result
  }
  /** After a horizon was raised: memory is given back, answers stay. */
  const forget = async (): Promise<void> => {
    await compacted
    const putInPlace = await inSteps(index.forgetting())
    await inTurn(async () => {
      putInPlace()
      forgotten = undefined
    })
  }
  return {
    pin: work => inTurn(() => work({ index, position: [...position] })),
    at: wanted => replayedIndex(log, wanted, signal),
    async apply(batch, isReplaying) {
      await inTurn(async () => {
        for (const logged of batch) {
          const { partition, offset } = logged
          beforeEach(logged)
          applyTo(index, logged)
          position[partition] = Math.max(position[partition] ?? 0, offset + 1)
        }
        await afterBatch()
      })
      await compact(() => index.needsCompaction(isReplaying))
      if (!isReplaying && forgotten === undefined && batch.some(isHorizon)) forgotten = forget()
    },
    async snapshot(read) {
      await forgotten
      // Most of it before others have to wait.
      await compact(() => true)
      return inTurn(async () => {
        await compacted
        return { image: copied(imageOf(index.columns())), read: read() }
      })
    },
    position: () => [...position],
  }
}

/** Between its steps others ask the index, pinned or not: a compaction changes no answer. */
const compactInSteps = (index: OwnershipIndex): Promise<void> => inSteps(index.compacting())

async function inSteps<T>(steps: Generator<void, T>): Promise<T> {
  for (;;) {
    const { done, value } = steps.next()
    if (done) return value
    await setImmediate()
  }
}

/** Claims are the most, and are left encoded. */
const isHorizon = (logged: LoggedChange): boolean =>
  !(logged instanceof EncodedChange) && logged.change.record === 'horizon'

const copied = ({ header, sections }: IndexImage): IndexImage => ({
  header,
  sections: sections.map(({ name, bytes }) => ({ name, bytes: Uint8Array.from(bytes) })),
})

/**
 * Reads the log from its beginning up to `position`, exclusive; from where a checkpoint had come to, where that is given,
 * which must not be further.
 * @throws WHOHAD_CHECKPOINT_OF_ANOTHER_STREAM, WHOHAD_STREAM_POSITION_GONE where retention has let go of what was there then
 */
export async function replayedIndex(
  log: Pick<ChangeLog, 'read' | 'start' | 'forgetting'>,
  position: Position,
  signal: AbortSignal,
  {
    restored,
    onDeadLetter,
  }: { readonly restored?: Restored; readonly onDeadLetter?: (letter: DeadLetter) => void } = {},
): Promise<OwnershipIndex> {
  await refuseLetGo(log, position)
  const index = restored?.index ?? createOwnershipIndex()
  const fence = new Fence(restored?.read.epochs)
  const lastRecords = new LastRecords(restored?.read)
  const from = restored && resumedFrom((await log.start?.()) ?? [], restored.read)
  const options = { follow: false, encoded: true, signal, ...(onDeadLetter && { onDeadLetter }), ...(from && { from }) }
  for await (const batch of log.read(options)) {
    lastRecords.check(batch)
    for (const logged of batch) {
      if (logged.offset < (position[logged.partition] ?? 0) && fencedBy(fence, logged) === undefined) {
        applyTo(index, logged)
      }
    }
    if (index.needsCompaction(true)) await compactInSteps(index)
  }
  return index
}
