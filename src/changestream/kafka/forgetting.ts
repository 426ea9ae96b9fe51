import { randomUUID } from 'node:crypto'
import type { Millis } from '../../ownership/window.ts'
import type { ChangeLog, Forgetting, Kept, Position } from '../port.ts'
import type { CarriedTopic, KeptMessage, PlacedHead } from './carried-topic.ts'
import type { Offsets } from './offsets.ts'
import type { RecordCodec } from './records.ts'

export type ForgettingParts = {
  readonly carried: CarriedTopic
  readonly codec: Pick<RecordCodec, 'encode'>
  readonly offsets: () => Promise<Offsets>
  /** By partition the first offset that was logged at this time or later, or the end. */
  readonly loggedFrom: (atMs: Millis) => Promise<Position>
  readonly deleteBefore: (position: Position) => Promise<void>
  /** The log is not parted again before its horizon has moved so far: whatever is needed is written anew each time. */
  readonly stepMs: number
  readonly signal: AbortSignal
}

/** From where on every record is there: the broker may have removed more than retention has, or not yet all of it. */
export const startOf = ({ first }: Offsets, head: PlacedHead | undefined): Position =>
  first.map((offset, partition) => Math.max(offset, head?.before[partition] ?? 0))

/** Whether what is needed of all that is gone was kept: the broker has removed nothing on its own behind that. */
export const isWhole = ({ first }: Offsets, head: Pick<PlacedHead, 'before'> | undefined): boolean =>
  first.every((offset, partition) => offset <= (head?.before[partition] ?? 0))

/** Retention on Kafka: what is needed goes to the topic beside, then a head, then the broker deletes what lies before. */
export function kafkaForgetting(parts: ForgettingParts): Forgetting & { ended(): Promise<void> } {
  const { carried, offsets, loggedFrom, stepMs } = parts
  let plan: Plan | undefined
  let running: Promise<boolean> = Promise.resolve(false)
  return {
    isWhole: async () => isWhole(await offsets(), await carried.head()),
    async loggedBefore(atMs, upTo) {
      plan = undefined
      await offsets() // says so where the log was closed
      const head = await carried.head()
      // The head is all that counts; a run that was killed after it has left the rest to the next one.
      if (head) await letGo(parts, head)
      const found = await offsets()
      const start = startOf(found, head)
      if (head && atMs < head.beforeMs + stepMs) return start
      const logged = await loggedFrom(atMs)
      const before = start.map((offset, partition) => {
        const last = (found.end[partition] ?? 0) - 1
        return Math.max(offset, Math.min(logged[partition] ?? 0, upTo[partition] ?? 0, last))
      })
      plan = { base: head, beforeMs: atMs, before }
      return before
    },
    forget(before, kept, read) {
      const planned = plan
      plan = undefined
      if (planned === undefined || before.some((offset, i) => offset !== planned.before[i]))
        return Promise.resolve(false)
      running = running.catch(() => false).then(() => forget(parts, planned, kept, read))
      return running
    },
    ended: async () => {
      await running.catch(() => {}) // told to whoever called
    },
  }
}

/** What `loggedBefore` found: the head of the time counts as long as no other has come. */
type Plan = { readonly base: PlacedHead | undefined; readonly beforeMs: Millis; readonly before: Position }

async function forget(
  parts: ForgettingParts,
  { base, beforeMs, before }: Plan,
  kept: Kept,
  read: ChangeLog['read'],
): Promise<boolean> {
  const { carried } = parts
  const run = randomUUID()
  const firstOffset = await carried.nextOffset()
  const records = await carry(parts, run, kept, read)
  const floors = Object.fromEntries(kept.floors)
  await carried.writeHead({ run, turn: (base?.turn ?? 0) + 1, beforeMs, before, firstOffset, records, floors })
  const head = await carried.head()
  if (head?.run !== run) return false
  await letGo(parts, head)
  return true
}

/** Writes the kept records in the order of their partitions, and counts them. */
async function carry(parts: ForgettingParts, run: string, { offsets }: Kept, read: ChangeLog['read']): Promise<number> {
  const { carried, codec, signal } = parts
  const wanted = offsets.reduce((sum, { length }) => sum + length, 0)
  const next = offsets.map(() => 0)
  let records = 0
  if (wanted === 0) return 0
  for await (const batch of read({ follow: false, signal })) {
    const found: KeptMessage[] = []
    for (const { change, ...place } of batch) {
      const at = next[place.partition] ?? 0
      if (place.offset !== offsets[place.partition]?.[at]) continue
      next[place.partition] = at + 1
      found.push({ ...place, message: codec.encode(change) })
    }
    if (found.length > 0) await carried.write(run, found)
    records += found.length
    if (records === wanted) return records
  }
  signal.throwIfAborted()
  throw new Error(`${wanted - records} records are to be kept, but are not in the log`)
}

async function letGo({ carried, deleteBefore }: ForgettingParts, head: PlacedHead): Promise<void> {
  await deleteBefore(head.before)
  await carried.trim(head)
}
