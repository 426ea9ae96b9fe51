import { createOwnershipIndex, type OwnershipIndex } from '../ownership/ownership-index.ts'
import type { Millis } from '../ownership/window.ts'
import { applyTo, EncodedChange, fencedBy } from './encoded-change.ts'
import { Fence } from './fence.ts'
import type { ChangeLog, DeadLetter, LoggedChange, Position } from './port.ts'

/** What a log tells of an earlier moment. */
export type ReadAsOf = {
  /** Of what had been logged by then, that moment included, and was not fenced off. */
  readonly index: OwnershipIndex
  /** All that had been logged by then lies before it; 0 for a partition that had nothing. */
  readonly position: Position
  /**
   * Whether that is all that was known. False where retention has since let go of a part of it: what was kept then answers for the
   * time above the horizon that was raised with it, and for that alone.
   */
  readonly isWhole: boolean
}

/** Reads the log from its beginning to its end: the log's times tell what was known when, and a checkpoint has none of them. */
export async function readAsOf(
  log: Pick<ChangeLog, 'partitions' | 'read' | 'start' | 'forgetting'>,
  asOfMs: Millis,
  options: { readonly signal: AbortSignal; readonly onDeadLetter: (letter: DeadLetter) => void },
): Promise<ReadAsOf> {
  const hasLetGo = await hasLetGoOf(log)
  const index = createOwnershipIndex()
  const fence = new Fence()
  const position = new Array<number>(log.partitions).fill(0)
  let isHorizonLater = false
  for await (const batch of log.read({ follow: false, encoded: true, ...options })) {
    for (const logged of batch) {
      if (logged.loggedAtMs > asOfMs) {
        isHorizonLater ||= isHorizon(logged)
        continue
      }
      position[logged.partition] = logged.offset + 1
      if (fencedBy(fence, logged) === undefined) applyTo(index, logged)
    }
    if (index.needsCompaction(true)) index.compact()
  }
  return { index, position, isWhole: !(hasLetGo && isHorizonLater) }
}

/** Whether its beginning shows what was kept of a history, and not the history itself. */
async function hasLetGoOf({ start, forgetting }: Pick<ChangeLog, 'start' | 'forgetting'>): Promise<boolean> {
  const first = (await start?.()) ?? []
  return first.some(offset => offset > 0) && ((await forgetting?.isWhole()) ?? true)
}

/** Claims are the most, and are left encoded. */
const isHorizon = (logged: LoggedChange): boolean =>
  !(logged instanceof EncodedChange) && logged.change.record === 'horizon'
