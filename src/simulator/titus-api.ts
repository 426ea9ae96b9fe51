import type { Millis } from '../ownership/window.ts'
import type { Job, Task } from './containers.ts'
import type { Faults } from './faults.ts'
import type { Reply, Request } from './loopback.ts'
import type { Random } from './random.ts'
import { type Json, jobJson, statesOf, taskJson } from './titus-entities.ts'
import type { World } from './world.ts'

/** Where an entity stands in a walk: by time of acceptance, then by id. */
type Entry = { readonly id: string; readonly acceptedMs: Millis; readonly json: Json }

/** Titus' REST API v3: tasks and jobs, by id or by pages. A walk is no snapshot: each page shows a moment of its own. */
export function titusApi(
  world: World,
  faults: Faults,
  random: Random,
  momentOf: () => Millis,
): (request: Request) => Reply {
  return ({ method, path, query }) => {
    if (random.chance(faults.titusErrorProbability)) return refusal(503, 'Service unavailable')
    const [, collection = '', id] = /^\/api\/v3\/(tasks|jobs)(?:\/([^/]+))?$/.exec(path) ?? []
    if (method !== 'GET' || collection === '') return refusal(404, `Not found: ${path}`)
    const atMs = momentOf()
    if (id !== undefined) return oneReply(world, collection, decodeURIComponent(id), atMs)
    return pageReply(collection === 'tasks' ? taskEntries(world, query, atMs) : jobEntries(world, query), query)
  }
}

const jsonReply = (status: number, json: Json): Reply => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(json),
})

const refusal = (statusCode: number, message: string): Reply => jsonReply(statusCode, { statusCode, message })

function oneReply(world: World, collection: string, id: string, atMs: Millis): Reply {
  if (collection === 'jobs') {
    const job = world.containers.jobs.find(candidate => candidate.id === id)
    return job ? jsonReply(200, jobJson(job)) : refusal(404, `Job with id ${id} does not exist`)
  }
  const task = world.containers.acceptedBy(atMs).find(candidate => candidate.id === id)
  return task ? jsonReply(200, taskJson(task, atMs)) : refusal(404, `Task with id ${id} does not exist`)
}

const listOf = (query: URLSearchParams, name: string): readonly string[] | null => {
  const text = query.get(name)
  return text === null || text === '' ? null : text.split(',')
}

/** Active tasks; finished ones only where both the job and the state are asked for. */
function taskEntries(world: World, query: URLSearchParams, atMs: Millis): Entry[] {
  const taskIds = listOf(query, 'taskIds')
  const jobIds = listOf(query, 'jobIds')
  const states = listOf(query, 'taskStates')
  const wanted = (task: Task) => {
    const state = statesOf(task, atMs).at(-1)?.state
    if (state === undefined || (state === 'Finished' && !(jobIds && states?.includes('Finished')))) return false
    return (
      (taskIds?.includes(task.id) ?? true) &&
      (jobIds?.includes(task.job.id) ?? true) &&
      (states?.includes(state) ?? true)
    )
  }
  const tasks = world.containers.acceptedBy(atMs).filter(wanted)
  return tasks.map(task => ({ id: task.id, acceptedMs: task.acceptedMs, json: taskJson(task, atMs) }))
}

function jobEntries(world: World, query: URLSearchParams): Entry[] {
  const jobIds = listOf(query, 'jobIds')
  const entry = (job: Job) => ({ id: job.id, acceptedMs: 1, json: jobJson(job) })
  return world.containers.jobs
    .filter(({ id }) => jobIds?.includes(id) ?? true)
    .map(entry)
    .sort((a, b) => (a.id < b.id ? -1 : 1))
}

/** `<id>@<time of acceptance>` in standard base64, as Titus makes them. */
const cursorOf = ({ id, acceptedMs }: Entry): string => Buffer.from(`${id}@${acceptedMs}`).toString('base64')

function pageReply(entries: readonly Entry[], query: URLSearchParams): Reply {
  const pageSize = Number(query.get('pageSize') ?? 10)
  const pageNumber = Number(query.get('page') ?? 0)
  const cursor = query.get('cursor') ?? ''
  if (!Number.isInteger(pageSize) || pageSize <= 0) return refusal(400, 'pageSize must be > 0')
  const first = cursor === '' ? pageNumber * pageSize : firstAfter(entries, cursor)
  if (first === null) return refusal(400, `Invalid cursor: ${cursor}`)
  const items = entries.slice(first, first + pageSize)
  const last = items.at(-1)
  return jsonReply(200, {
    items: items.map(({ json }) => json),
    pagination: {
      currentPage: { pageNumber, pageSize, cursor },
      hasMore: first + items.length < entries.length,
      totalPages: Math.ceil(entries.length / pageSize),
      totalItems: entries.length,
      cursor: last ? cursorOf(last) : '',
      cursorPosition: first + items.length - 1,
    },
  })
}

function firstAfter(entries: readonly Entry[], cursor: string): number | null {
  const [, id, time] = /^(.+)@(\d+)$/.exec(Buffer.from(cursor, 'base64').toString()) ?? []
  if (id === undefined) return null
  const acceptedMs = Number(time)
  const found = entries.findIndex(
    entry => entry.acceptedMs > acceptedMs || (entry.acceptedMs === acceptedMs && entry.id > id),
  )
  return found < 0 ? entries.length : found
}
