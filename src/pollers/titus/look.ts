import type { Claim } from '../../ownership/claim.ts'
import { type Sighting, spanOf } from '../../ownership/snapshot.ts'
import type { TargetedLook } from '../narrowing.ts'
import { MOST_IDS, type TitusClient } from './client.ts'
import type { Departures } from './departures.ts'
import { type TitusEstate, toSnapshot } from './snapshot.ts'

/** Makes a client that tells of each reply. */
export type TitusClientFor = (onReply: (sighting: Sighting) => void) => TitusClient

/**
 * A look at the tasks that are known to have some addresses: by their ids, in one request, and those that are not shown one by
 * one, as after a whole listing. So it tells of their ends. Which tasks come next it does not tell, for Titus cannot be asked
 * for an address; when they began they say themselves. Addresses that tasks share are left out: others may share them by now.
 */
export function titusLook(clientFor: TitusClientFor, departures: Departures, estate: TitusEstate): TargetedLook {
  return {
    laneOf: claim => (isOfOneTask(claim) ? 'task' : undefined),
    mostAtOnce: MOST_IDS,
    async at(claims, signal) {
      const ids = new Set(claims.filter(({ state }) => state !== 'closed').flatMap(taskOf))
      if (ids.size === 0) return null
      const replies: Sighting[] = []
      const client = clientFor(sighting => replies.push(sighting))
      const shown = await client.tasksOf([...ids], signal)
      const seen = new Set(shown.map(({ value }) => value.id))
      const unseen = [...ids].filter(id => !seen.has(id))
      // An API under load answers with nothing: nobody is asked after, and the reply is not believed.
      const { active, departed, answered } =
        shown.length === 0
          ? { active: [], departed: [], answered: [] }
          : await departures.missing(unseen, (id, stop) => client.task(id, stop), signal)
      const tasks = [...shown, ...active]
      const jobIds = new Set([...tasks, ...departed].map(({ value }) => value.jobId))
      const listed = await client.jobsOf([...jobIds], signal)
      const jobs = new Map(listed.map(job => [job.value.id, job]))
      for (const id of jobIds) {
        const job = jobs.get(id) ?? (await client.job(id, signal))
        if (job) jobs.set(id, job)
      }
      const sighting = replies.reduce(spanOf)
      const { bindings } = toSnapshot({ tasks, departed, jobs, sighting }, estate)
      const told = new Set([...seen, ...answered])
      return {
        sighting,
        bindings: bindings.filter(({ lifetimeId }) => lifetimeId !== null),
        asked: [],
        wouldShow: claim => isOfOneTask(claim) && taskOf(claim).every(id => told.has(id)),
      }
    },
  }
}

const isOfOneTask = ({ layer, lifetimeId }: Claim): boolean => layer === 'container' && lifetimeId !== null

/** The lifetime of a task's own address is the task. */
const taskOf = ({ lifetimeId }: Claim): readonly string[] => (lifetimeId === null ? [] : [lifetimeId])
