// A child process of the fault tests: consumes the change stream as `whohad up` does, into an index with checkpoints and into the
// store, until it is killed or told to finish. With a story of its own it writes the stream too, as the embedded log has one process.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { StreamState } from '../../src/changestream/state-export.ts'
import { openPipeline, type Pipeline } from '../../src/cli/pipeline.ts'
import { loadSettings } from '../../src/cli/settings.ts'
import { createTelemetry } from '../../src/cli/telemetry.ts'
import { systemClock } from '../../src/runtime/clock.ts'
import { withLateWrites } from './late-writes.ts'
import { answersOf, type Outcome } from './outcome.ts'
import { polledStory } from './polled-story.ts'
import { told } from './told-child.ts'

export type ConsumingChild = {
  readonly data: string
  readonly polls: number
  readonly tells: boolean
  readonly kafka?: { readonly brokers: readonly string[]; readonly topic: string; readonly partitions: number }
}

export type Consumed = Outcome & {
  /** By partition, the offsets that the store has, in its order. */
  readonly offsets: readonly (readonly number[])[]
}

const RECORDS_A_CHECKPOINT = 40
const { given, say, hears } = told<ConsumingChild>()
const overrides = { data: { path: given.data }, ...(given.kafka && { kafka: { ...given.kafka } }) }
const telemetry = createTelemetry({ level: 'error', version: 'test' })
const pipeline = await openPipeline(loadSettings({}, { overrides }), {
  clock: systemClock,
  telemetry,
  threadPoolSize: 4,
})
const sum = (position: readonly number[]) => position.reduce((all, offset) => all + offset, 0)
say(`from ${sum(pipeline.materialiser.position())}`)
pipeline.materialiser.done.catch(error => {
  process.stderr.write(`${error.stack}\n`)
  process.exit(1)
})

let finishing = false
const finish = hears('finish').then(() => {
  finishing = true
})
if (given.tells) void tell(pipeline)
let written = 0
for (let read = -1; !finishing; await Promise.race([sleep(2), finish])) {
  const now = sum(pipeline.materialiser.position())
  if (now === read) continue
  read = now
  say(`read ${read}`)
  if (read < written + RECORDS_A_CHECKPOINT) continue
  written = read
  say('writes a checkpoint')
  await pipeline.checkpoints.write()
  say('wrote it')
}
await pipeline.settled()
await writeFile(join(given.data, 'consumed.json'), JSON.stringify(await consumed(pipeline)))
await pipeline.close()
say('finished')
process.exit(0)

/** Goes on where the log ends: its offsets are places in the story. */
async function tell({ log }: Pipeline): Promise<void> {
  let toldBefore = 0
  const [end = 0] = await log.end()
  for (const changes of withLateWrites(polledStory(given.polls).map(poll => poll.changes))) {
    const left = changes.slice(Math.max(0, end - toldBefore))
    toldBefore += changes.length
    if (left.length > 0) await log.append(left)
  }
  say('told')
}

async function consumed({ store, index }: Pipeline): Promise<Consumed> {
  const end = await store.changesEnd()
  const state = new StreamState()
  const offsets = end.map((): number[] => [])
  for await (const batch of store.readChanges([], end, new AbortController().signal)) {
    for (const { change, partition, offset } of batch) {
      state.take(change)
      offsets[partition]?.push(offset)
    }
  }
  return { lines: [...state.lines()], answers: answersOf(index, given.polls), offsets }
}
