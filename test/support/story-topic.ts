import { setTimeout as sleep } from 'node:timers/promises'
import type { ChangeLog, Forgetting } from '../../src/changestream/port.ts'
import type { StoryPoll } from './polled-story.ts'

/**
 * When the broker was told what of the story. Its clock is the real one, and the story's horizons are on the story's: a log of
 * `onStoryClock` takes the one for the other, so that retention finds on the broker what the story says is old.
 */
export class StoryTopic {
  private readonly told: { readonly atMs: number; readonly reallyMs: number }[] = []

  async tell(log: ChangeLog, polls: readonly StoryPoll[]): Promise<void> {
    for (const { atMs, changes } of polls) {
      await sleep(3) // no two polls in one millisecond of the broker's
      this.told.push({ atMs, reallyMs: Date.now() })
      await sleep(3)
      await log.append(changes)
    }
  }

  onStoryClock(log: ChangeLog): ChangeLog & { readonly forgetting: Forgetting } {
    const { forgetting } = log
    if (forgetting === undefined) throw new Error('this log cannot let go of anything')
    const reallyMs = (atMs: number) => this.told.find(told => told.atMs >= atMs)?.reallyMs ?? Date.now()
    return {
      ...log,
      forgetting: { ...forgetting, loggedBefore: (atMs, upTo) => forgetting.loggedBefore(reallyMs(atMs), upTo) },
    }
  }
}
