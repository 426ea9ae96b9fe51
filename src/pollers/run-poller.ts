import type { SourceState } from '../ownership/snapshot-diff.ts'
import type { Inventory } from './inventory.ts'
import type { Narrowing } from './narrowing.ts'
import { type PollerParts, pollOnce } from './poll.ts'
import type { Turn } from './turns.ts'

export type RunningParts = PollerParts & {
  readonly adopt: () => Promise<SourceState>
  readonly turns: AsyncIterable<Turn>
  /** Looks at a few addresses between polls; left out where the inventory cannot. */
  readonly narrowing?: Narrowing | undefined
}

/**
 * Polls, or looks, at every turn until the signal aborts or the turns end. `adopt` takes a fencing epoch and reads the source's state
 * from the change stream. After a failed publish the state is adopted anew: some of the changes may be in the stream, and
 * only the stream knows which. Looks go on after the first complete poll of the new state.
 */
export async function runPoller(inventory: Inventory, parts: RunningParts, signal: AbortSignal): Promise<void> {
  const { adopt, turns, report, narrowing } = parts
  const { source } = inventory
  let state: SourceState | undefined
  for await (const turn of turns) {
    if (signal.aborted) return
    if (state === undefined) {
      try {
        state = await adopt()
      } catch (cause) {
        if (signal.aborted) return
        report.adoptFailed({ source, cause })
        continue
      }
    }
    try {
      if (turn === 'look') state = (await narrowing?.look(state, signal)) ?? state
      else {
        const before = state
        state = await pollOnce(inventory, before, parts, signal)
        narrowing?.polled(before, state)
      }
    } catch (cause) {
      report.publishFailed({ source, cause })
      state = undefined
      narrowing?.forget()
    }
  }
}
