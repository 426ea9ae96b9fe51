import { columnsOf } from '../ownership/index-image.ts'
import { OwnershipIndex } from '../ownership/ownership-index.ts'
import { reasonOf, WhohadError } from '../runtime/errors.ts'
import { type CheckpointImage, type ReadState, readCheckpoint } from './checkpoint/checkpoint.ts'
import { type ChangeLog, hasReached, type Position } from './port.ts'
import type { CheckpointReport } from './report.ts'

/** An index as a checkpoint held it, and where in the change stream to read on. */
export type Restored = { readonly index: OwnershipIndex; readonly read: ReadState }

/**
 * The index of the checkpoint at `path`, or undefined where there is none that can be used: a checkpoint is a shortcut, and
 * without it the stream is read from its beginning. Why one was not used is reported.
 * @param stored One past the last record that the store behind the log has of each partition, where there is one.
 */
export async function restoreIndex(
  path: string,
  log: Pick<ChangeLog, 'partitions' | 'end' | 'start'>,
  report: CheckpointReport,
  stored: Position = [],
): Promise<Restored | undefined> {
  try {
    const checkpoint = await readCheckpoint(path)
    if (checkpoint === undefined) return undefined
    const { positions } = checkpoint.read
    if (positions.length !== log.partitions) {
      throw new RangeError(`it has ${positions.length} partitions, the change stream has ${log.partitions}`)
    }
    if (!hasReached(await log.end(), positions)) {
      throw new RangeError(`it comes to ${positions.join(', ')}, where the change stream has not come yet`)
    }
    const start = (await log.start?.()) ?? []
    const reached = positions.map((offset, partition) => Math.max(offset, stored[partition] ?? 0))
    if (!hasReached(reached, start)) {
      const [from, first] = [reached.join(', '), start.join(', ')]
      throw new RangeError(`what follows it is known up to ${from}, and the change stream begins at ${first}`)
    }
    return { index: indexOf(checkpoint.image), read: checkpoint.read }
  } catch (error) {
    if (!isAboutTheFile(error)) throw error
    report.checkpointUnusable({ path, reason: reasonOf(error) })
    return undefined
  }
}

const indexOf = (image: CheckpointImage): OwnershipIndex => new OwnershipIndex(columnsOf(image))

const isAboutTheFile = (error: unknown): boolean =>
  error instanceof RangeError || (error instanceof WhohadError && error.code.startsWith('WHOHAD_CHECKPOINT_'))
