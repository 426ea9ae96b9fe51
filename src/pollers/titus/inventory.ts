import { type Sighting, spanOf } from '../../ownership/snapshot.ts'
import type { Clock } from '../../runtime/clock.ts'
import type { RetryPolicy } from '../../runtime/retry.ts'
import { pollerErrors } from '../errors.ts'
import type { Inventory } from '../inventory.ts'
import type { TargetedLook } from '../narrowing.ts'
import { titusClient } from './client.ts'
import { Departures } from './departures.ts'
import { titusLook } from './look.ts'
import { type TitusEstate, toSnapshot } from './snapshot.ts'

export type TitusSettings = TitusEstate & {
  /** Becomes part of the source's name: titus/main. */
  readonly name: string
  /** Of the gateway or federation, without /api/v3. */
  readonly url: string
  readonly clock: Clock
  readonly fetch?: typeof fetch
  readonly pageSize?: number
  readonly retries?: RetryPolicy
  readonly requestTimeoutMs?: number
}

/** `look` is for between two listings of the same inventory, which know of what it was told. */
export type TitusInventory = Inventory & { readonly look: TargetedLook }

/**
 * The tasks of one Titus, with the jobs that name their applications, as one source. `toSnapshot` takes what was listed,
 * whoever listed it: a stream of task events would keep such a listing up to date and feed the same claims.
 */
export function titusInventory(settings: TitusSettings): TitusInventory {
  const departures = new Departures(settings.clock)
  return {
    look: titusLook(onReply => titusClient({ ...settings, onReply }), departures, settings),
    source: `titus/${settings.name}`,
    kind: 'titus',
    bounds: settings.bounds,
    async list(signal, onPage) {
      const replies: Sighting[] = []
      const client = titusClient({ ...settings, onPage, onReply: sighting => replies.push(sighting) })
      const listed = await client.tasks(signal)
      const before = departures.listedBefore
      const { active, departed } = await departures.since(listed, (id, stop) => client.task(id, stop), signal)
      refuseHollow({ url: settings.url, before, listed: listed.length, active: active.length })
      const tasks = [...listed, ...active]
      // Jobs after tasks, else the youngest tasks would have none; those that still lack one are asked for by id.
      const jobs = new Map((await client.jobs(signal)).map(job => [job.value.id, job]))
      for (const id of new Set([...tasks, ...departed].map(task => task.value.jobId))) {
        const job = jobs.get(id) ?? (await client.job(id, signal))
        if (job) jobs.set(id, job)
      }
      return toSnapshot({ tasks, departed, jobs, sighting: replies.reduce(spanOf) }, settings)
    },
  }
}

/** Fewer tasks than this are too few for a share to mean anything. */
const FEWEST_TASKS = 20

/**
 * Refuses a walk without error that lacks at least half of the tasks of before, though by their ids they are active. Asking
 * for them would fill the listing up again, so that no guard doubts it; but whoever started meanwhile is in no list, and nobody
 * asks for it: its absence would be taken for proved.
 */
function refuseHollow(d: { url: string; before: number; listed: number; active: number }): void {
  const isHollow = d.listed === 0 ? d.active > 0 : d.before >= FEWEST_TASKS && 2 * d.active >= d.before
  if (!isHollow) return
  const what = `of ${d.before} tasks that it had listed before, the list lacks ${d.active} that are still active`
  throw pollerErrors.titusReplyMalformed({ url: d.url, what })
}
