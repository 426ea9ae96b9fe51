import { encodeChange } from '../../src/changestream/codec.ts'
import { Stopwatch } from '../stopwatch.ts'
import { pollOf, sourceRecord } from './estate.ts'
import { openPlace, type Place } from './place.ts'

export type ProduceTask = { readonly place: Place; readonly claims: number; readonly claimsOfAPoll: number }

export type Produced = {
  readonly claims: number
  readonly polls: number
  /** Until everything was acknowledged. */
  readonly seconds: number
  readonly cpuSeconds: number
  /** Of that, what encoding alone takes, in a run of its own in the same process. */
  readonly encodeSeconds: number
  readonly encodedBytes: number
}

/** Appends poll after poll, each once the one before was acknowledged, as pollers do; making them up is not timed. */
async function produce({ place, claims, claimsOfAPoll }: ProduceTask): Promise<Produced> {
  const log = await openPlace(place)
  const appending = new Stopwatch()
  const encoding = new Stopwatch()
  let written = 0
  let polls = 0
  let encodedBytes = 0
  await log.append([sourceRecord()])
  for (; written < claims; polls++) {
    const changes = pollOf(polls, claimsOfAPoll)
    await appending.timeUntilDone(() => log.append(changes))
    encoding.time(() => {
      for (const change of changes) encodedBytes += encodeChange(change).length
    })
    written += changes.length - 1
  }
  await log.close()
  return {
    claims: written,
    polls,
    seconds: appending.wallSeconds,
    cpuSeconds: appending.cpuSeconds,
    encodeSeconds: encoding.cpuSeconds,
    encodedBytes,
  }
}

console.log(JSON.stringify(await produce(JSON.parse(process.argv[2] ?? '') as ProduceTask)))
