// A child process of retention-crash.test.ts: goes on telling the story to the log in the given folder, and lets go of history
// after each poll, until it is told or killed.
import { openEmbeddedLog } from '../../src/changestream/embedded/embedded-log.ts'
import { retain } from '../../src/changestream/retention/retain.ts'
import { ManualClock } from './manual-clock.ts'
import { POLL_MS, polledStory, STORY_START_MS } from './polled-story.ts'
import { readAll } from './retained-state.ts'

const [, , folder = '', polls = '0'] = process.argv
const clock = new ManualClock(STORY_START_MS)
const log = await openEmbeddedLog({ folder, segmentBytes: 7_000, clock, onTornTail: () => {} })
const signal = new AbortController().signal
const known = new Set((await readAll(log)).map(({ change }) => JSON.stringify(change)))
const story = polledStory(Number(polls))
const told = story.findLastIndex(({ changes }) => known.has(JSON.stringify(changes.at(-1)))) + 1
process.stdout.write('open\n')
for (const { atMs, changes } of story.slice(told)) {
  clock.advance(Math.max(0, atMs - clock.now()))
  await log.append(changes)
  process.stdout.write('poll\n')
  const beforeMs = clock.now() - 8 * POLL_MS
  if (await retain(log, { beforeMs, upTo: await log.end(), signal })) process.stdout.write('retained\n')
}
await log.close()
process.stdout.write('told\n')
