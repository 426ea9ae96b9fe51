import { decodeChange, encodeChange, leaveEncoded } from '../../src/changestream/codec.ts'
import { replayedIndex } from '../../src/enricher/view.ts'
import type { OwnershipIndex } from '../../src/ownership/ownership-index.ts'
import { Stopwatch } from '../stopwatch.ts'
import { DOMAIN, pollOf, truthOf } from './estate.ts'
import { openPlace, type Place } from './place.ts'

export type ReplayTask = {
  readonly place: Place
  readonly claims: number
  readonly polls: number
  readonly claimsOfAPoll: number
}

export type Replayed = {
  /** From opening the log to an index that holds all of it. */
  readonly seconds: number
  readonly cpuSeconds: number
  /** Reading without an index: every claim found to be whole, none made an object. */
  readonly readSeconds: number
  readonly readCpuSeconds: number
  /** Decoding alone, of as many messages, as a replay does it: found to be whole, and taken apart for the index. */
  readonly decodeSeconds: number
  /** The same messages decoded to objects, as whoever looks at claims does. */
  readonly decodeToObjectSeconds: number
  readonly applyAndCompactSeconds: number
  readonly residentBytes: number
}

const never = new AbortController().signal
const QUESTIONS = 2000

/** Into an index, as a process does that starts without a checkpoint. @throws Error where the index answers wrongly. */
async function replay(task: ReplayTask): Promise<Replayed> {
  const log = await openPlace(task.place)
  const replaying = new Stopwatch()
  const index = await replaying.timeUntilDone(async () => replayedIndex(log, await log.end(), never))
  verify(index, task)
  const residentBytes = process.memoryUsage.rss()
  const reading = new Stopwatch()
  await reading.timeUntilDone(async () => {
    let records = 0
    for await (const batch of log.read({ follow: false, encoded: true, signal: never })) records += batch.length
    if (records !== task.claims + task.polls + 1)
      throw new Error(`${records} records were read of ${task.claims} claims`)
  })
  await log.close()
  const decoded = timeDecoding(task)
  return {
    seconds: replaying.wallSeconds,
    cpuSeconds: replaying.cpuSeconds,
    readSeconds: reading.wallSeconds,
    readCpuSeconds: reading.cpuSeconds,
    ...decoded,
    applyAndCompactSeconds: Math.max(0, replaying.cpuSeconds - reading.cpuSeconds),
    residentBytes,
  }
}

function timeDecoding({ polls, claimsOfAPoll }: ReplayTask) {
  const takingApart = new Stopwatch()
  const making = new Stopwatch()
  for (let poll = 0; poll < polls; poll++) {
    const claims = pollOf(poll, claimsOfAPoll).filter(({ record }) => record === 'claim')
    const messages = claims.map(change => Buffer.from(encodeChange(change)))
    takingApart.time(() => {
      for (const message of messages)
        if (!leaveEncoded(message, 0, 0, 0)?.encoded()) throw new Error('our own message is not left encoded')
    })
    making.time(() => {
      for (const message of messages)
        if (!decodeChange(message).change) throw new Error('our own message is unreadable')
    })
  }
  return { decodeSeconds: takingApart.cpuSeconds, decodeToObjectSeconds: making.cpuSeconds }
}

function verify(index: OwnershipIndex, { polls, claimsOfAPoll }: ReplayTask): void {
  const tasks = (polls * claimsOfAPoll) / 2
  const { claims } = index.counts()
  if (claims !== tasks) throw new Error(`the index has ${claims} claims of ${tasks}`)
  for (let i = 0; i < QUESTIONS; i++) {
    // The last poll vouches for nothing after it.
    const task = Math.floor((i / QUESTIONS) * (tasks - claimsOfAPoll / 2))
    const { ip, atMs, owner } = truthOf(task, claimsOfAPoll)
    const answer = index.ask({ ip, domain: DOMAIN, fromMs: atMs, untilMs: atMs + 1, nowMs: Date.now() + 1e12 })
    if (answer.state === 'owned' && answer.holding?.owner.resourceId === owner) continue
    throw new Error(`${ip} at ${atMs}: ${answer.state} ${answer.reason}, the truth is ${owner}`)
  }
}

console.log(JSON.stringify(await replay(JSON.parse(process.argv[2] ?? '') as ReplayTask)))
