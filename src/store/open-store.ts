import type { Clock } from '../runtime/clock.ts'
import {
  byTable,
  CLAIM_COLUMNS,
  COVERAGE_COLUMNS,
  endsOf,
  HORIZON_COLUMNS,
  POSITION_COLUMNS,
  SOURCE_COLUMNS,
} from './change-tables.ts'
import { connectChdb, connectServer, DEFAULT_THREADS, type StoreSettings, WANTED_THREADS } from './connect.ts'
import {
  CORRECTED_COLUMNS,
  CORRECTION_COLUMNS,
  correctedUpTo,
  openObjects,
  pendingCorrections,
  touchedObjects,
} from './correction-table.ts'
import { createExecutor, type Executor, type Insert } from './executor.ts'
import { isMissingDatabase, translateFailure } from './failure.ts'
import { addUpHours, addUpMissingHours } from './flow-hours.ts'
import { FLOW_COLUMNS, type FlowRow, flowOf } from './flow-table.ts'
import { captureGaps, GAP_COLUMNS } from './gap-table.ts'
import { changesAbout } from './known-at.ts'
import { applyMigrations } from './migrations.ts'
import { NATIVE_TABLES } from './native-tables.ts'
import { DEAD_LETTER_COLUMNS, OBJECT_COLUMNS, type ObjectRow, objectOf } from './object-table.ts'
import type { AttributedFlow, FlowObject, PutOptions, StateCount, Store } from './port.ts'
import { readChanges } from './read-changes.ts'
import type { StoreReport } from './report.ts'
import { type Column, encodeRow } from './tab-separated.ts'
import { traffic } from './traffic.ts'

export type StoreDependencies = { readonly clock: Clock; readonly report: StoreReport }

const CHANGES_END =
  'SELECT stream_partition, max(end_offset) AS end_offset FROM stream_positions GROUP BY stream_partition'
const OBJECT = `
  SELECT ${OBJECT_COLUMNS.map(([name]) => name).join(', ')} FROM objects FINAL
  WHERE object_id = {object_id:String} ORDER BY generation DESC LIMIT 1`
const OBJECTS = `
  SELECT ${OBJECT_COLUMNS.map(([name]) => name).join(', ')} FROM objects FINAL
  WHERE object_id IN {object_ids:Array(String)} ORDER BY object_id, generation DESC LIMIT 1 BY object_id`
const COMMITTED = `
  SELECT object_id FROM objects FINAL GROUP BY object_id HAVING argMax(state, generation) = 'committed'`
const ANSWERED_UNTIL = "SELECT max(newest_end_ms) AS until_ms FROM objects WHERE state = 'committed'"
const FLOWS = `
  SELECT ${FLOW_COLUMNS.map(([name]) => name).join(', ')} FROM flows_committed
  WHERE object_id = {object_id:String} AND record > {after:Int64} ORDER BY record LIMIT {page:Int64}`
const STATES = `
  SELECT side, state, reason, sum(flows) AS flows, sum(quality.bytes) AS bytes FROM quality_1m AS quality
  GROUP BY side, state, reason ORDER BY side, state, reason`

/** The engine holds a whole reply in memory; a page of flows is some 40 MB. */
const PAGE_ROWS = 50_000
/** A statement has some 100 KB with them. */
const IDS_AT_A_TIME = 2000
const NONE: ReadonlySet<string> = new Set()

/**
 * Opens the store and proves that it answers. Throws WHOHAD_STORE_LOCKED, WHOHAD_STORE_PATH_UNUSABLE and
 * WHOHAD_STORE_ENGINE_MISSING for the embedded engine, WHOHAD_CLICKHOUSE_URL_MALFORMED,
 * WHOHAD_CLICKHOUSE_UNREACHABLE and WHOHAD_CLICKHOUSE_REFUSED for a server. Main thread only: the embedded engine hangs or crashes in workers.
 */
export async function openStore(settings: StoreSettings, { clock, report }: StoreDependencies): Promise<Store> {
  if (settings.driver === 'chdb') {
    const threads = settings.threadPoolSize ?? DEFAULT_THREADS
    if (threads < WANTED_THREADS) report.threadPoolSmall({ threads, wanted: WANTED_THREADS })
  }
  const connected = settings.driver === 'chdb' ? await connectChdb(settings) : connectServer(settings)
  const { client, where, concurrency, readsFiles, makeDatabase } = connected
  const executor = createExecutor({ client, where, concurrency, readsFiles, clock, report })
  const answer = await client.ping({ select: true })
  if (!answer.success && !(makeDatabase !== undefined && isMissingDatabase(answer.error))) {
    await executor.close()
    throw translateFailure(answer.error, where, 'ping')
  }
  report.opened({ driver: settings.driver, where })
  const prepare = async () => {
    await makeDatabase?.().catch(error => {
      throw translateFailure(error, where, 'CREATE DATABASE')
    })
    await applyMigrations(executor, { clock, report })
    await addUpMissingHours(executor)
  }
  return storeOn(executor, prepare)
}

function storeOn(executor: Executor, migrate: () => Promise<void>): Store {
  return {
    migrate,
    async insertChanges(changes) {
      const { claims, sources, coverage, horizons } = byTable(changes)
      await insertRows(executor, 'claims', CLAIM_COLUMNS, claims)
      await insertRows(executor, 'sources', SOURCE_COLUMNS, sources)
      await insertRows(executor, 'coverage', COVERAGE_COLUMNS, coverage)
      await insertRows(executor, 'horizons', HORIZON_COLUMNS, horizons)
      await insertRows(executor, 'stream_positions', POSITION_COLUMNS, endsOf(changes)) // last: see schemas/sql
    },
    async changesEnd() {
      const rows = await executor.rows<{ stream_partition: number; end_offset: string }>(CHANGES_END)
      const ends: number[] = []
      for (const row of rows) ends[row.stream_partition] = Number(row.end_offset)
      return Array.from(ends, end => end ?? 0)
    },
    readChanges: (from, until, signal) => readChanges(executor, from, until, signal),
    traffic: query => traffic(executor, query),
    changesAbout: (place, asOfMs) => changesAbout(executor, place, asOfMs),
    insertFlows: flows => insertRows(executor, 'flows', FLOW_COLUMNS, flows, { areDistinct: true }),
    insertFiles: (table, files) => executor.insertFiles({ ...NATIVE_TABLES[table], files }),
    putObject: object => putObjects(executor, [object]),
    putObjects: (objects, options) => putObjects(executor, objects, options),
    async findObject(objectId) {
      const [row] = await executor.rows<ObjectRow>(OBJECT, { object_id: objectId })
      return row === undefined ? undefined : objectOf(row)
    },
    async findObjects(objectIds) {
      const found: FlowObject[] = []
      for (let from = 0; from < objectIds.length; from += IDS_AT_A_TIME) {
        const object_ids = objectIds.slice(from, from + IDS_AT_A_TIME)
        found.push(...(await executor.rows<ObjectRow>(OBJECTS, { object_ids })).map(objectOf))
      }
      return found
    },
    async answeredUntilMs() {
      const [row] = await executor.rows<{ until_ms: string | null }>(ANSWERED_UNTIL)
      return row === undefined || row.until_ms === null ? Number.NEGATIVE_INFINITY : Number(row.until_ms)
    },
    async committedObjects() {
      const rows = await executor.rows<{ object_id: string }>(COMMITTED)
      return new Set(rows.map(row => row.object_id))
    },
    insertGaps: gaps => insertRows(executor, 'capture_gaps', GAP_COLUMNS, gaps),
    captureGaps: query => captureGaps(executor, query),
    insertDeadLetters: letters => insertRows(executor, 'dead_letters', DEAD_LETTER_COLUMNS, letters),
    openObjects: () => openObjects(executor),
    insertCorrections: corrections => insertRows(executor, 'corrections', CORRECTION_COLUMNS, corrections),
    corrections: (from, most) => pendingCorrections(executor, from, most),
    touchedObjects: (corrections, by) => touchedObjects(executor, corrections, by),
    correctedUpTo: enricher => correctedUpTo(executor, enricher),
    putCorrectedUpTo: (enricher, position) =>
      insertRows(
        executor,
        'corrected',
        CORRECTED_COLUMNS,
        position.map((end, partition) => ({ enricher, partition, end })),
      ),
    async flowsOf(objectId) {
      const flows: AttributedFlow[] = []
      for await (const page of flowPages(executor, objectId)) flows.push(...page)
      return flows
    },
    flowPages: objectId => flowPages(executor, objectId),
    async countStates() {
      const rows = await executor.rows<Record<keyof StateCount, string>>(STATES)
      return rows.map(row => ({
        side: row.side as StateCount['side'],
        state: row.state as StateCount['state'],
        reason: row.reason,
        flows: Number(row.flows),
        bytes: Number(row.bytes),
      }))
    },
    ping: () => executor.ping(),
    close: () => executor.close(),
  }
}

async function* flowPages(executor: Executor, objectId: string): AsyncGenerator<readonly AttributedFlow[]> {
  for (let after = -1; ; ) {
    const rows = await executor.rows<FlowRow>(FLOWS, { object_id: objectId, after, page: PAGE_ROWS })
    const page = rows.map(flowOf)
    yield page
    if (page.length < PAGE_ROWS) return
    after = page.at(-1)?.record ?? after
  }
}

/** What is committed is added up before it counts, so that sums by hour lack nothing of it. */
async function putObjects(
  executor: Executor,
  objects: readonly FlowObject[],
  { addedUp = NONE }: PutOptions = {},
): Promise<void> {
  await addUpHours(
    executor,
    objects.filter(({ objectId, state, records }) => state === 'committed' && records > 0 && !addedUp.has(objectId)),
  )
  await insertRows(executor, 'objects', OBJECT_COLUMNS, objects)
}

async function insertRows<Row>(
  executor: Executor,
  table: string,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  options: Pick<Insert, 'areDistinct'> = {},
): Promise<void> {
  await executor.insert({ table, columns: columns.map(([name]) => name), lines: encoded(columns, rows), ...options })
}

function* encoded<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): Generator<string> {
  for (const row of rows) yield encodeRow(columns, row)
}
