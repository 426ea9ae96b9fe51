import { type Sighting, spanOf } from '../../ownership/snapshot.ts'
import type { Clock } from '../../runtime/clock.ts'
import type { RetryPolicy } from '../../runtime/retry.ts'
import type { Inventory } from '../inventory.ts'
import { titusClient } from './client.ts'
import { Departures } from './departures.ts'
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

/**
 * The tasks of one Titus, with the jobs that name their applications, as one source. `toSnapshot` takes what was listed,
 * whoever listed it: a stream of task events would keep such a listing up to date and feed the same claims.
 */
export function titusInventory(settings: TitusSettings): Inventory {
  const departures = new Departures(settings.clock)
  return {
    source: `titus/${settings.name}`,
    kind: 'titus',
    bounds: settings.bounds,
    async list(signal, onPage) {
      const replies: Sighting[] = []
      const client = titusClient({ ...settings, onPage, onReply: sighting => replies.push(sighting) })
      const listed = await client.tasks(signal)
      const { active, departed } = await departures.since(listed, (id, stop) => client.task(id, stop), signal)
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
