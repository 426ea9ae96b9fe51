import type { ChangeLog } from '../../src/changestream/port.ts'
import type { SourceState } from '../../src/ownership/snapshot-diff.ts'
import { adoptState } from '../../src/pollers/adopt.ts'
import type { Inventory } from '../../src/pollers/inventory.ts'
import { pollOnce } from '../../src/pollers/poll.ts'
import type { PollReport } from '../../src/pollers/report.ts'
import { ManualClock } from './manual-clock.ts'
import { POLL_MS, STORY_BOUNDS, STORY_SOURCES, STORY_START_MS, storySnapshot } from './polled-story.ts'

const never = new AbortController().signal
export const quietPolls: PollReport = {
  pollCompleted: () => {},
  pollRefused: () => {},
  publishFailed: () => {},
  adoptFailed: () => {},
}
export const pollTimeMs = (poll: number): number => STORY_START_MS + poll * POLL_MS

/**
 * The bridge spans one poll and not the time between two: who repeats the poll of a predecessor sees that holdings without a
 * lifetime id have gone on.
 */
const BOUNDS = { ...STORY_BOUNDS, bridgeMs: 10_000 }

/** A source of the story: what it lists is a matter of the clock alone, so that a poll can be repeated. */
export function storyInventory(sourceNumber: number, clock: ManualClock): Inventory {
  return {
    source: STORY_SOURCES[sourceNumber]?.source ?? '',
    kind: 'ec2',
    bounds: BOUNDS,
    list: async () => storySnapshot(sourceNumber, Math.round((clock.now() - STORY_START_MS) / POLL_MS)),
  }
}

export const setClock = (clock: ManualClock, atMs: number): void => clock.advance(atMs - clock.now())

/** A poller of the program, at the times that it is told. */
export class StoryPoller {
  state: SourceState | undefined
  private readonly inventory: Inventory
  private readonly clock = new ManualClock(STORY_START_MS)
  private readonly log: ChangeLog

  constructor(sourceNumber: number, log: ChangeLog) {
    this.inventory = storyInventory(sourceNumber, this.clock)
    this.log = log
  }

  async takeOver(): Promise<number> {
    this.state = await adoptState(this.inventory, this.log, this.clock, never)
    return this.state.epoch
  }

  async poll(poll: number, log: Pick<ChangeLog, 'append'> = this.log): Promise<void> {
    if (this.state === undefined) throw new Error('a poller polls once it has taken over')
    setClock(this.clock, pollTimeMs(poll))
    this.state = await pollOnce(this.inventory, this.state, { log, clock: this.clock, report: quietPolls }, never)
  }
}
