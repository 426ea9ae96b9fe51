// A child process of the fault tests: a poller of the story. It says what was acknowledged, and can be made to stay where it is:
// "before" a poll until it hears "go", or "between" a poll's claims and its progress for ever.
import { openStoryLog, type StoryLogPlace } from './story-log.ts'
import { StoryPoller } from './story-pollers.ts'
import { told } from './told-child.ts'

export type ProducingChild = StoryLogPlace & {
  readonly sourceNumber: number
  readonly from: number
  readonly until: number
  readonly stays?: { readonly where: 'before' | 'between'; readonly poll: number }
}

const { given, say, hears } = told<ProducingChild>()
const { sourceNumber, from, until, stays } = given
const log = await openStoryLog(given)
const poller = new StoryPoller(sourceNumber, log)
say(`took over with epoch ${await poller.takeOver()}`)
for (let poll = from; poll < until; poll++) {
  const staysHere = (where: string) => stays?.where === where && stays.poll === poll
  if (staysHere('before')) {
    say(`before ${poll}`)
    await hears('go')
  }
  await poller.poll(poll, {
    async append(changes) {
      if (changes.length > 1) await log.append(changes.slice(0, -1))
      say(`claims ${poll} of ${changes.length - 1}`)
      if (staysHere('between')) await new Promise(() => {})
      await log.append(changes.slice(-1))
    },
  })
  say(`polled ${poll}`)
}
await log.close()
say('done')
process.exit(0)
