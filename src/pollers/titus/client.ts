import type { Sighted, Sighting } from '../../ownership/snapshot.ts'
import type { Clock } from '../../runtime/clock.ts'
import { reasonOfFetch, WhohadError } from '../../runtime/errors.ts'
import { type RetryPolicy, retry } from '../../runtime/retry.ts'
import { pollerErrors } from '../errors.ts'
import type { OnPage } from '../inventory.ts'
import { type TitusJob, type TitusPage, type TitusTask, titusReader } from './reply.ts'

/** Titus' REST API v3, read whole. Gateway and federation look alike. */
export type TitusClient = {
  /** The active tasks, each once, as the newest page showed it. */
  tasks(signal: AbortSignal): Promise<readonly Sighted<TitusTask>[]>
  /** Those of these tasks that are active. */
  tasksOf(ids: readonly string[], signal: AbortSignal): Promise<readonly Sighted<TitusTask>[]>
  /** One task, from the archive where it is not active any more; undefined where Titus has no such task. */
  task(id: string, signal: AbortSignal): Promise<Sighted<TitusTask> | undefined>
  jobs(signal: AbortSignal): Promise<readonly Sighted<TitusJob>[]>
  /** Those of these jobs that are active. */
  jobsOf(ids: readonly string[], signal: AbortSignal): Promise<readonly Sighted<TitusJob>[]>
  /** Undefined where Titus has no such job. */
  job(id: string, signal: AbortSignal): Promise<Sighted<TitusJob> | undefined>
}

export type TitusClientSettings = {
  /** Of the gateway or federation, without /api/v3. */
  readonly url: string
  readonly clock: Clock
  readonly fetch?: typeof fetch
  readonly pageSize?: number
  readonly retries?: RetryPolicy
  readonly requestTimeoutMs?: number
  /** Told of every reply, so that the snapshot can span them all. */
  readonly onReply: (sighting: Sighting) => void
  readonly onPage?: OnPage | undefined
}

/** Ids in one address: with as many of 36 letters it stays below half of the 8 KiB that servers take. */
export const MOST_IDS = 100
const RETRIES: RetryPolicy = { attempts: 4, firstDelayMs: 250, longestDelayMs: 5_000 }

export function titusClient(settings: TitusClientSettings): TitusClient {
  const { clock, pageSize = 500, retries = RETRIES, requestTimeoutMs = 30_000, onReply } = settings
  const request = settings.fetch ?? fetch
  const base = `${settings.url.replace(/\/+$/, '')}/api/v3`

  /** The reply's JSON and when the attempt that brought it was sent and received; undefined for 404. */
  async function attempt(url: string, signal: AbortSignal): Promise<Sighted<unknown> | undefined> {
    const sentAtMs = clock.now()
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(requestTimeoutMs)])
    const reply = await request(url, { signal: deadline, headers: { accept: 'application/json' } })
    const text = await reply.text()
    const sighting = { sentAtMs, receivedAtMs: clock.now() }
    const { status } = reply
    if (status === 429 || status >= 500) throw pollerErrors.titusUnreachable({ url, why: `status ${status}` })
    if (status === 401 || status === 403) throw pollerErrors.titusDenied({ url, status })
    if (status === 404) return undefined
    if (status !== 200) throw pollerErrors.titusFailed({ url, status })
    onReply(sighting)
    return { value: parse(text, url), sighting }
  }

  const get = (path: string, signal: AbortSignal): Promise<Sighted<unknown> | undefined> => {
    const url = `${base}/${path}`
    const once = async () => {
      try {
        return await attempt(url, signal)
      } catch (cause) {
        const why = reasonOfFetch(cause)
        throw cause instanceof WhohadError ? cause : pollerErrors.titusUnreachable({ url, why }, cause)
      }
    }
    return retry(once, retries, error => error instanceof WhohadError && error.retriable, clock, signal)
  }

  async function walk<T extends { readonly id: string }>(
    kind: 'tasks' | 'jobs',
    read: (url: string, value: unknown) => TitusPage<T>,
    signal: AbortSignal,
    filter = '',
  ): Promise<readonly Sighted<T>[]> {
    const found = new Map<string, Sighted<T>>()
    const cursors = new Set<string>()
    for (let cursor: string | null = ''; cursor !== null; ) {
      // The cursor is standard base64, whose "+", "/" and "=" mean something else in a query.
      const path: string = `${kind}?pageSize=${pageSize}${filter}${cursor && `&cursor=${encodeURIComponent(cursor)}`}`
      const url = `${base}/${path}`
      const reply = await get(path, signal)
      if (reply === undefined) throw pollerErrors.titusFailed({ url, status: 404 })
      const page = read(url, reply.value)
      settings.onPage?.(page.items.length)
      for (const value of page.items) found.set(value.id, { value, sighting: reply.sighting })
      cursor = page.next
      if (cursor === null) continue
      if (cursors.has(cursor))
        throw pollerErrors.titusReplyMalformed({ url, what: 'a cursor came twice in one listing' })
      cursors.add(cursor)
    }
    return [...found.values()]
  }

  /** One request for each part of the ids: gateways refuse long addresses. */
  async function walkOf<T extends { readonly id: string }>(
    kind: 'tasks' | 'jobs',
    ids: readonly string[],
    read: (url: string, value: unknown) => TitusPage<T>,
    signal: AbortSignal,
  ): Promise<readonly Sighted<T>[]> {
    const found: Sighted<T>[] = []
    for (let from = 0; from < ids.length; from += MOST_IDS) {
      const part = ids.slice(from, from + MOST_IDS).map(encodeURIComponent)
      const filter = `&${kind === 'tasks' ? 'taskIds' : 'jobIds'}=${part.join(',')}`
      found.push(...(await walk(kind, read, signal, filter)))
    }
    return found
  }

  async function one<T>(
    kind: 'tasks' | 'jobs',
    id: string,
    read: (url: string, value: unknown) => T,
    signal: AbortSignal,
  ): Promise<Sighted<T> | undefined> {
    const path = `${kind}/${encodeURIComponent(id)}`
    const reply = await get(path, signal)
    return reply && { value: read(`${base}/${path}`, reply.value), sighting: reply.sighting }
  }

  return {
    tasks: signal => walk('tasks', (url, value) => titusReader(url).tasks(value), signal),
    tasksOf: (ids, signal) => walkOf('tasks', ids, (url, value) => titusReader(url).tasks(value), signal),
    task: (id, signal) => one('tasks', id, (url, value) => titusReader(url).task(value), signal),
    jobs: signal => walk('jobs', (url, value) => titusReader(url).jobs(value), signal),
    jobsOf: (ids, signal) => walkOf('jobs', ids, (url, value) => titusReader(url).jobs(value), signal),
    job: (id, signal) => one('jobs', id, (url, value) => titusReader(url).job(value), signal),
  }
}

function parse(text: string, url: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw pollerErrors.titusReplyMalformed({ url, what: 'it is not JSON' }, cause)
  }
}
