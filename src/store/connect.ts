import { type ClickHouseClient, ClickHouseLogLevel, createClient } from '@clickhouse/client'
import { reasonOf } from '../runtime/errors.ts'
import { holderOf, prepareDataFolder } from './data-folder.ts'
import { storeErrors } from './errors.ts'

export type ChdbSettings = {
  readonly driver: 'chdb'
  /** Folder of the embedded store; made where it is missing. One per process. */
  readonly path: string
  /** UV_THREADPOOL_SIZE that Node was started with; its default is 4. */
  readonly threadPoolSize?: number
}
export type ServerSettings = {
  readonly driver: 'server'
  readonly url: string
  readonly username?: string
  readonly password?: string
  /** Made by `migrate` where it is missing. */
  readonly database?: string
  /** How long a silent server is waited for; longer than the engine may take for a statement where it is left out. */
  readonly requestTimeoutMs?: number
}
export type StoreSettings = ChdbSettings | ServerSettings

export type Connected = {
  readonly client: ClickHouseClient
  readonly where: string
  readonly concurrency: number
  /** Whether the engine reads the files of this machine. */
  readonly readsFiles: boolean
  /** A statement that makes the database, where there is something to make. */
  readonly makeDatabase?: () => Promise<void>
}

/** Below this, statements leave too few threads of Node's pool for DNS, files and gzip. */
export const WANTED_THREADS = 8
export const DEFAULT_THREADS = 4
/** The client gives up on a silent server later than the engine gives up on a statement. */
const REQUEST_TIMEOUT_MS = 90_000

// The client's own log goes to the console; what it would say arrives as an error anyway.
const quiet = { log: { level: ClickHouseLogLevel.OFF } } as const

export async function connectChdb(settings: ChdbSettings): Promise<Connected> {
  const { path, threadPoolSize = DEFAULT_THREADS } = settings
  await prepareDataFolder(path, process.pid)
  // Loaded only here: 540 MB that a process with a server never needs, and an image may leave out.
  const { createChdbConnection } = await import('chdb/connection').catch(cause => {
    throw storeErrors.engineMissing({ reason: reasonOf(cause) }, cause)
  })
  try {
    const connection = createChdbConnection({ path }) as unknown as InjectedConnection
    const client = createClient({ connection, ...quiet })
    // Statements that define things cannot carry a SETTINGS clause of their own.
    await client.command({ query: 'SET max_execution_time = 60' })
    return { client, where: path, readsFiles: true, concurrency: Math.max(1, Math.floor(threadPoolSize / 2)) }
  } catch (cause) {
    const holder = await holderOf(path)
    if (holder !== undefined && holder.pid !== process.pid)
      throw storeErrors.locked({ path, holder: `process ${holder.pid}, since ${holder.since}` }, cause)
    const reason = `${reasonOf(cause)} (a process in another container may hold it, or this one holds another folder)`
    throw storeErrors.pathUnusable({ path, reason }, cause)
  }
}

export function connectServer(settings: ServerSettings): Connected {
  const { url, username, password, database, requestTimeoutMs = REQUEST_TIMEOUT_MS } = settings
  const access = {
    url,
    request_timeout: requestTimeoutMs,
    ...quiet,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
  }
  const where = withoutCredentials(url)
  const client = clientOf({ ...access, ...(database === undefined ? {} : { database }) }, where)
  if (database === undefined) return { client, where, readsFiles: false, concurrency: SERVER_CONNECTIONS }
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(database))
    throw storeErrors.refused({
      url: where,
      reason: `"${database}" is not a name for a database (letters, digits, "_")`,
    })
  const makeDatabase = async () => {
    const outside = createClient(access) // A session in a database that is not there cannot make it.
    try {
      await outside.command({ query: `CREATE DATABASE IF NOT EXISTS ${database}` })
    } finally {
      await outside.close()
    }
  }
  return { client, where, readsFiles: false, concurrency: SERVER_CONNECTIONS, makeDatabase }
}

/** chDB declares the same interface against a second copy of the client's types, whose private members cannot match. */
type InjectedConnection = NonNullable<NonNullable<Parameters<typeof createClient>[0]>['connection']>

/** As many as the client opens by default. */
const SERVER_CONNECTIONS = 10

/** The client checks the URL's own parameters; its message names them, and shows no credentials. */
function clientOf(config: Parameters<typeof createClient>[0], where: string): ClickHouseClient {
  try {
    return createClient(config)
  } catch (cause) {
    throw storeErrors.urlMalformed({ url: where, reason: reasonOf(cause) }, cause)
  }
}

/** The URL as it may be shown: no user, no password, no query. Throws WHOHAD_CLICKHOUSE_URL_MALFORMED. */
export function withoutCredentials(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (parsed === undefined || !/^https?:$/.test(parsed.protocol))
    throw storeErrors.urlMalformed({ url: 'the value given', reason: 'it does not begin with http:// or https://' })
  return parsed.pathname === '/' ? parsed.origin : parsed.origin + parsed.pathname
}
