import type { Millis } from '../ownership/window.ts'
import type { Faults } from './faults.ts'
import type { Job } from './jobs.ts'
import type { Reply, Request } from './loopback.ts'
import type { Random } from './random.ts'
import { isListed, jobOf, type Task } from './tasks.ts'
import { type Json, jobJson, statesOf, taskJson } from './titus-entities.ts'
import type { View } from './view.ts'
import type { World } from './world.ts'

/** Where an entity stands in a walk: by time of acceptance, then by id. */
type Entry = { readonly id: string; readonly acceptedMs: Millis; readonly json: Json }

/**
 * Titus' REST API v3: tasks and jobs, by id or by pages. A walk is no snapshot: each page has a view of its own. The control
 * plane's clock is ahead of the world's by `clockOffsetMs`.
 */
export function titusApi(
  world: World,
  faults: Faults,
  random: Random,
  viewOf: () => View,
  clockOffsetMs = 0,
): (request: Request) => Reply {
  return ({ method, path, query }) => {
    if (random.chance(faults.titusErrorProbability)) return refusal(503, 'Service unavailable')
    const [, collection = '', id] = /^\/api\/v3\/(tasks|jobs)(?:\/([^/]+))?$/.exec(path) ?? []
    if (method !== 'GET' || collection === '') return refusal(404, `Not found: ${path}`)
    const shown = { view: viewOf(), clockOffsetMs }
    if (id !== undefined) return oneReply(world, collection, decodeURIComponent(id), shown)
    return pageReply(collection === 'tasks' ? taskEntries(world, query, shown) : jobEntries(world, query), query)
  }
}

type Shown = { readonly view: View; readonly clockOffsetMs: number }

const jsonReply = (status: number, json: Json): Reply => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(json),
})

const refusal = (statusCode: number, message: string): Reply => jsonReply(statusCode, { statusCode, message })

function oneReply(world: World, collection: string, id: string, { view, clockOffsetMs }: Shown): Reply {
  if (collection === 'jobs') {
    const job = world.containers.jobs.find(candidate => candidate.id === id)
    return job ? jsonReply(200, jobJson(job)) : refusal(404, `Job with id ${id} does not exist`)
  }
  const atMs = view(id)
  const task = world.containers.acceptedBy(atMs).find(candidate => candidate.id === id)
  return task ? jsonReply(200, taskJson(task, atMs, clockOffsetMs)) : refusal(404, `Task with id ${id} does not exist`)
}

const listOf = (query: URLSearchParams, name: string): readonly string[] | null => {
  const text = query.get(name)
  return text === null || text === '' ? null : text.split(',')
}

/** Active tasks; finished ones where both the job and the state are asked for, or where they are still in the list. */
function taskEntries(world: World, query: URLSearchParams, { view, clockOffsetMs }: Shown): Entry[] {
  const taskIds = listOf(query, 'taskIds')
  const jobIds = listOf(query, 'jobIds')
  const states = listOf(query, 'taskStates')
  const wanted = (task: Task, atMs: Millis) => {
    const state = statesOf(task, atMs).at(-1)?.state
    if (state === undefined || (!isListed(task, atMs) && !(jobIds && states?.includes('Finished')))) return false
    return (
      (taskIds?.includes(task.id) ?? true) &&
      (jobIds?.includes(jobOf(task, atMs).id) ?? true) &&
      (states?.includes(state) ?? true)
    )
  }
  return world.containers.acceptedBy(Number.POSITIVE_INFINITY).flatMap(task => {
    const atMs = view(task.id)
    if (!wanted(task, atMs)) return []
    return [{ id: task.id, acceptedMs: task.acceptedMs, json: taskJson(task, atMs, clockOffsetMs) }]
  })
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
