import { join } from 'node:path'
import { openEmbeddedLog } from '../../src/changestream/embedded/embedded-log.ts'
import type { LoggedChange } from '../../src/changestream/port.ts'
import { retain } from '../../src/changestream/retention/retain.ts'
import { temporaryFolder } from './clickhouse-folder.ts'
import { ManualClock } from './manual-clock.ts'
import { POLL_MS, STORY_SOURCES, STORY_START_MS, type StoryPoll } from './polled-story.ts'
import { readAll } from './retained-state.ts'

/**
 * A data folder in which the story was logged as it went on, by the story's clock; at its end horizons six polls back were raised.
 * `isCut`: by retention, which has let go of what was before.
 */
export async function storyFolder(
  story: readonly StoryPoll[],
  { isCut }: { readonly isCut: boolean },
): Promise<{ readonly data: string; readonly logged: readonly LoggedChange[] }> {
  const data = await temporaryFolder(isCut ? 'cut' : 'whole')
  const clock = new ManualClock(STORY_START_MS)
  const folder = join(data, 'changes')
  const log = await openEmbeddedLog({ folder, segmentBytes: 5_000, clock, onTornTail: () => {} })
  for (const { atMs, changes } of story) {
    clock.advance(Math.max(0, atMs - clock.now()))
    await log.append(changes)
  }
  clock.advance(1000)
  const beforeMs = clock.now() - 6 * POLL_MS
  if (isCut) await retain(log, { beforeMs, upTo: await log.end(), signal: new AbortController().signal })
  else await log.append(STORY_SOURCES.map(({ domain }) => ({ record: 'horizon', domain, beforeMs })))
  const logged = await readAll(log)
  await log.close()
  return { data, logged }
}
