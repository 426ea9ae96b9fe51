import { type ClockDifference, differenceOf } from '../runtime/clock-difference.ts'
import { WhohadError } from '../runtime/errors.ts'
import { connectChdb, connectServer, type StoreSettings } from './connect.ts'
import { createExecutor, type Executor } from './executor.ts'
import { isMissingDatabase, translateFailure } from './failure.ts'
import { missingMigrations } from './migrations.ts'
import type { StoreDependencies } from './open-store.ts'

/** What was found out about the store; nothing is made and no row written. */
export type StoreCondition = {
  readonly where: string
  readonly version: string
  /** Its clock against this one. */
  readonly clock: ClockDifference
  /** The database is not there yet: the first start makes it. */
  readonly lacksDatabase: boolean
  readonly migrations: { readonly known: number; readonly missing: readonly string[] }
  /** Undefined where we may not ask. */
  readonly disks: readonly Disk[] | undefined
  /** Why rows cannot be written; null where they can, undefined where there are no tables yet to try it on. */
  readonly notWritable: WhohadError | null | undefined
}

export type Disk = { readonly name: string; readonly freeBytes: number; readonly totalBytes: number }

const VERSION_AND_TIME = 'SELECT version() AS version, toUnixTimestamp64Milli(now64(3)) AS now_ms'
const DISKS = 'SELECT name, free_space, total_space FROM system.disks ORDER BY name'
/** Asks for the right to insert, and inserts nothing. */
const NO_ROWS = `
  INSERT INTO corrected (enricher, stream_partition, end_offset)
  SELECT enricher, stream_partition, end_offset FROM corrected WHERE 0`

/**
 * Asks the store about itself. Throws as `openStore` does, and WHOHAD_STORE_MIGRATION_CHANGED or WHOHAD_STORE_SCHEMA_NEWER where
 * this whohad is not the one to use it. Main thread only.
 */
export async function examineStore(settings: StoreSettings, parts: StoreDependencies): Promise<StoreCondition> {
  const { client, where } = settings.driver === 'chdb' ? await connectChdb(settings) : connectServer(settings)
  const answer = await client.ping({ select: true })
  const lacksDatabase = !answer.success && isMissingDatabase(answer.error)
  if (!answer.success && !lacksDatabase) {
    await client.close()
    throw translateFailure(answer.error, where, 'ping')
  }
  if (lacksDatabase && settings.driver === 'server') {
    await client.close()
    // A session in a database that is not there can ask nothing.
    const { database: _, ...outside } = settings
    return examineWith(createExecutor({ ...connectServer(outside), ...parts }), where, parts, lacksDatabase)
  }
  return examineWith(createExecutor({ client, where, concurrency: 1, ...parts }), where, parts, false)
}

async function examineWith(
  executor: Executor,
  where: string,
  { clock }: StoreDependencies,
  lacksDatabase: boolean,
): Promise<StoreCondition> {
  try {
    const sentAtMs = clock.now()
    const [row] = await executor.rows<{ version: string; now_ms: string }>(VERSION_AND_TIME)
    const times = { sentAtMs, receivedAtMs: clock.now() }
    const migrations = await missingMigrations(executor, !lacksDatabase)
    return {
      where,
      version: row?.version ?? '',
      clock: differenceOf(Number(row?.now_ms), times, 1),
      lacksDatabase,
      migrations,
      disks: await disksOf(executor),
      notWritable: migrations.missing.length > 0 ? undefined : await refusalToWrite(executor),
    }
  } finally {
    await executor.close()
  }
}

async function disksOf(executor: Executor): Promise<readonly Disk[] | undefined> {
  try {
    const rows = await executor.rows<{ name: string; free_space: string; total_space: string }>(DISKS)
    return rows.map(row => ({
      name: row.name,
      freeBytes: Number(row.free_space),
      totalBytes: Number(row.total_space),
    }))
  } catch {
    return undefined // Whoever may only use one database is not let in there, and needs not be.
  }
}

async function refusalToWrite(executor: Executor): Promise<WhohadError | null> {
  try {
    await executor.define(NO_ROWS)
    return null
  } catch (error) {
    if (error instanceof WhohadError) return error
    throw error
  }
}
