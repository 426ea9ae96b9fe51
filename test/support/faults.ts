import { randomUUID } from 'node:crypto'
import { appendFileSync } from 'node:fs'
import kafkajs, { type Admin } from 'kafkajs'
import type { RunningKafka } from '../../scripts/kafka.mjs'
import type { ChangeSink, Materialiser } from '../../src/changestream/materialise.ts'
import { startMaterialiser } from '../../src/changestream/materialise.ts'
import type { ChangeLog, LoggedChange } from '../../src/changestream/port.ts'
import type { FencedWrite } from '../../src/changestream/report.ts'
import type { Change } from '../../src/ownership/claim.ts'
import { createOwnershipIndex, type OwnershipIndex } from '../../src/ownership/ownership-index.ts'
import { type Random, seededRandom } from '../../src/simulator/random.ts'

/** The full drill (`npm run drill:changestream`) repeats more often what `npm test` does a few times, and takes its time. */
export const isDrill = process.env['WHOHAD_TEST_DRILL'] === 'full'

/** The same in every `npm test`; the drill draws one, and says it. */
const seed = Number(process.env['WHOHAD_TEST_SEED'] ?? 1)
export const randomFor = (purpose: string): Random => seededRandom(seed, purpose)

/** A line for whoever runs the drill. */
export function note(line: string): void {
  const path = process.env['WHOHAD_TEST_DRILL_NOTES']
  if (path) appendFileSync(path, `${line}\n`)
}

/** Says how far the drill is; nothing in `npm test`. */
export function progress(line: string): void {
  if (isDrill) process.stdout.write(`${line}\n`)
}

export const newTopic = (): string => `whohad.test.${randomUUID()}`

export const plainClient = (kafka: RunningKafka) =>
  new kafkajs.Kafka({ clientId: 'test', brokers: [...kafka.brokers], logLevel: kafkajs.logLevel.NOTHING })

/** As the broker's retention does, now. */
export async function deleteBefore(admin: Admin, topic: string, offsets: readonly number[]): Promise<void> {
  await admin.fetchTopicOffsets(topic) // the client deletes only from partitions whose leader it has met
  const partitions = offsets.map((offset, partition) => ({ partition, offset: String(offset) }))
  await admin.deleteTopicRecords({ topic, partitions })
}

/** Settings of the topic, as an operator would change them. */
export const configureTopic = (admin: Admin, topic: string, settings: Readonly<Record<string, string>>) =>
  admin.alterConfigs({
    validateOnly: false,
    resources: [
      {
        type: kafkajs.ConfigResourceTypes.TOPIC,
        name: topic,
        configEntries: Object.entries(settings).map(([name, value]) => ({ name, value })),
      },
    ],
  })

export type Following = {
  readonly index: OwnershipIndex
  readonly materialiser: Materialiser
  readonly fenced: readonly FencedWrite[]
  /** Resolves once all is in that the log holds now. */
  settled(): Promise<void>
  stop(): Promise<void>
}

/** An index that follows a log as the program's does. `before` may hold a batch back, or look at it. */
export function follow(
  log: ChangeLog,
  sinks: readonly ChangeSink[] = [],
  before: (batch: readonly LoggedChange[]) => Promise<void> | void = () => {},
): Following {
  const index = createOwnershipIndex()
  const stopping = new AbortController()
  const fenced: FencedWrite[] = []
  const materialiser = startMaterialiser({
    log,
    async index(batch) {
      await before(batch)
      for (const { change } of batch) index.apply(change)
    },
    sinks,
    signal: stopping.signal,
    report: { fencedWrite: d => fenced.push(d), deadLetter: refuse, sinkLacks: refuse },
  })
  return {
    index,
    materialiser,
    fenced,
    settled: async () => materialiser.reached(await log.end()),
    async stop() {
      stopping.abort()
      await materialiser.done
    },
  }
}

function refuse(d: unknown): never {
  throw new Error(`nothing of the kind may happen: ${JSON.stringify(d)}`)
}

export function shuffled<T>(items: readonly T[], random: Random): T[] {
  const left = [...items]
  return Array.from(items, () => left.splice(random.integer(0, left.length), 1)[0] as T)
}

/** The changes in any order that the fence allows: each epoch's as they fall, the epochs one after the other. */
export function inAnotherOrder(changes: readonly Change[], random: Random): readonly Change[] {
  const epochOf = (change: Change) => (change.record === 'horizon' ? 0 : change.revision.epoch)
  return shuffled(changes, random).toSorted((a, b) => epochOf(a) - epochOf(b))
}
