import { pollerErrors } from '../errors.ts'

export type TitusStatus = { readonly state: string; readonly reason: string; readonly atMs: number | null }

/** A task as far as it says who holds an address (titus-api-definitions, titus_job_api.proto). */
export type TitusTask = {
  readonly id: string
  readonly jobId: string
  readonly state: string
  readonly context: Readonly<Record<string, string>>
  /** When the task was last said to enter a state, on the control plane's clock; the current status included. */
  readonly statuses: readonly TitusStatus[]
}

export type TitusJob = {
  readonly id: string
  readonly application: string | null
  readonly stack: string | null
  readonly detail: string | null
  readonly team: string | null
}

export type TitusPage<T> = { readonly items: readonly T[]; readonly next: string | null }

type Json = { readonly [key: string]: unknown }

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)
const objectAt = (json: Json, key: string): Json => (isObject(json[key]) ? json[key] : {})
const listAt = (json: Json, key: string): readonly unknown[] => (Array.isArray(json[key]) ? json[key] : [])
/** Protobuf JSON prints what is not set as "". */
const textAt = (json: Json, key: string): string | null => {
  const value = json[key]
  return typeof value === 'string' && value !== '' ? value : null
}

/** Reads replies of one address, which its complaints name. */
export function titusReader(url: string) {
  const malformed = (what: string) => pollerErrors.titusReplyMalformed({ url, what })
  const objectOf = (value: unknown, what: string): Json => {
    if (isObject(value)) return value
    throw malformed(`${what} is not an object`)
  }
  const needed = (json: Json, key: string, what: string): string => {
    const text = textAt(json, key)
    if (text === null) throw malformed(`${what} has no ${key}`)
    return text
  }

  /**
   * Goes on while `hasMore` says so, whatever the size of the page. A page that does not say, or says so without a cursor, is
   * no page: to stop there would be to take the tasks behind it for gone.
   */
  const page = <T>(value: unknown, itemOf: (item: unknown) => T): TitusPage<T> => {
    const json = objectOf(value, 'the page')
    if (!Array.isArray(json['items'])) throw malformed('the page has no items')
    const pagination = objectOf(json['pagination'], 'pagination')
    const hasMore = pagination['hasMore']
    if (typeof hasMore !== 'boolean') throw malformed('pagination has no hasMore')
    const next = hasMore ? needed(pagination, 'cursor', 'pagination with hasMore') : null
    return { items: json['items'].map(itemOf), next }
  }

  const task = (value: unknown): TitusTask => {
    const json = objectOf(value, 'a task')
    const id = needed(json, 'id', 'a task')
    const status = objectOf(json['status'], `the status of task ${id}`)
    const context = Object.entries(objectAt(json, 'taskContext')).flatMap(([key, text]) =>
      typeof text === 'string' && text !== '' ? [[key, text] as const] : [],
    )
    return {
      id,
      jobId: needed(json, 'jobId', `task ${id}`),
      state: needed(status, 'state', `the status of task ${id}`),
      context: Object.fromEntries(context),
      // The history never has the current status.
      statuses: [status, ...listAt(json, 'statusHistory').filter(isObject)].map(entry => ({
        state: textAt(entry, 'state') ?? '',
        reason: textAt(entry, 'reasonCode') ?? '',
        atMs: millisOf(entry['timestamp']),
      })),
    }
  }

  const job = (value: unknown): TitusJob => {
    const json = objectOf(value, 'a job')
    const descriptor = objectAt(json, 'jobDescriptor')
    const group = objectAt(descriptor, 'jobGroupInfo')
    return {
      id: needed(json, 'id', 'a job'),
      application: textAt(descriptor, 'applicationName'),
      stack: textAt(group, 'stack'),
      detail: textAt(group, 'detail'),
      team: textAt(objectAt(descriptor, 'owner'), 'teamEmail'),
    }
  }

  return { tasks: (value: unknown) => page(value, task), jobs: (value: unknown) => page(value, job), task, job }
}

/** Protobuf JSON writes 64-bit integers as strings. Zero is "not set". */
function millisOf(value: unknown): number | null {
  const millis = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value
  return typeof millis === 'number' && Number.isSafeInteger(millis) && millis > 0 ? millis : null
}
