import { Fence } from '../../src/changestream/fence.ts'
import type { ChangeLog } from '../../src/changestream/port.ts'
import { StreamState } from '../../src/changestream/state-export.ts'
import { createOwnershipIndex, type OwnershipIndex } from '../../src/ownership/ownership-index.ts'
import { POLL_MS, STORY_ADDRESSES, STORY_SOURCES, STORY_START_MS } from './polled-story.ts'
import { readAll } from './retained-state.ts'

/** What two runs have in common where nothing was lost, doubled or let in that does not count. */
export type Outcome = {
  /** The exported state (`StreamState`). */
  readonly lines: readonly string[]
  /** One line for each question. */
  readonly answers: readonly string[]
}

/** Who held each address of the story, at each poll and between, and for one window that spans all of it. */
export function answersOf(index: OwnershipIndex, polls: number): readonly string[] {
  const nowMs = STORY_START_MS + polls * POLL_MS
  const instants = Array.from({ length: polls * 2 }, (_, half) => STORY_START_MS + (half * POLL_MS) / 2)
  const windows = [...instants.map(fromMs => [fromMs, fromMs + 1] as const), [STORY_START_MS, nowMs] as const]
  return STORY_SOURCES.flatMap(({ domain }) =>
    STORY_ADDRESSES.flatMap(ip =>
      windows.map(([fromMs, untilMs]) =>
        JSON.stringify(index.ask({ domain, ip, fromMs, untilMs, nowMs }), withInfinity),
      ),
    ),
  )
}

const withInfinity = (_: string, value: unknown) =>
  typeof value === 'number' && !Number.isFinite(value) ? String(value) : value

/** What a log comes to that is read from its beginning. */
export async function outcomeOf(log: Pick<ChangeLog, 'read'>, polls: number): Promise<Outcome> {
  const index = createOwnershipIndex()
  const fence = new Fence()
  const state = new StreamState()
  for (const { change } of await readAll(log)) {
    state.take(change)
    if (fence.fencedBy(change) === undefined) index.apply(change)
  }
  return { lines: [...state.lines()], answers: answersOf(index, polls) }
}
