import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import type { ClickHouseClient } from '@clickhouse/client'
import type { Clock } from '../runtime/clock.ts'
import { WhohadError } from '../runtime/errors.ts'
import { retry } from '../runtime/retry.ts'
import { storeErrors } from './errors.ts'
import { translateFailure } from './failure.ts'
import { createGate } from './gate.ts'
import { filesPattern, structureOf } from './native-files.ts'
import type { NativeTable } from './native-tables.ts'
import { ReplyRows } from './reply-rows.ts'
import type { StoreReport } from './report.ts'
import { safeToken, settingsClause } from './settings.ts'

/** No Date: the two drivers format one differently, and one of them drops the milliseconds. Times are Int64 ms. */
export type Parameter = string | number | readonly string[] | readonly number[]

export type Insert = {
  readonly table: string
  readonly columns: readonly string[]
  /** Rows in TabSeparated, each with its line feed. */
  readonly lines: Iterable<string>
  /** Drops a repeat on tables that keep a deduplication window. A split insert numbers its parts. */
  readonly token?: string
  /** No row is there twice: the engine need not look, which costs more than the insert. Reading looks for it anyway. */
  readonly areDistinct?: boolean
}

/** Files of Native blocks, in one folder. */
export type FileInsert = NativeTable & { readonly files: readonly string[] }

/**
 * Runs statements so that the traps of the two drivers cannot be met (docs/decisions/0003-embedded-store.md): settings
 * only in the text and from a closed list, one statement at a time, a time limit on each, 64-bit integers quoted.
 * Statements are constants of this program; values come in as parameters `{name:Type}`.
 */
export type Executor = {
  /** A SELECT without SETTINGS and FORMAT. 64-bit integers arrive as decimal strings. */
  rows<Row>(statement: string, parameters?: Readonly<Record<string, Parameter>>): Promise<Row[]>
  /** The same at a third of the cost, for many rows. */
  reply(statement: string, parameters?: Readonly<Record<string, Parameter>>): Promise<ReplyRows>
  /** A statement that defines something, or makes rows of rows. It must be harmless to repeat. */
  define(statement: string, parameters?: Readonly<Record<string, Parameter>>): Promise<void>
  /** Resolves with the number of rows once all are stored. Repeating it must be harmless: it is retried. */
  insert(insert: Insert): Promise<number>
  /**
   * Resolves once the rows of all files are stored, whose columns stand in the given order. No two of them may be one row.
   * Repeating it must be harmless, as above.
   */
  insertFiles(insert: FileInsert): Promise<void>
  ping(): Promise<void>
  /** Waits for running statements. */
  close(): Promise<void>
}

export type ExecutorOptions = {
  readonly client: ClickHouseClient
  /** For messages: the folder, or the URL without credentials. */
  readonly where: string
  readonly clock: Clock
  readonly report: StoreReport
  /** Whether the engine reads the files of this machine; else their bytes are sent to it. */
  readonly readsFiles?: boolean
  /** Statements at once; each holds a thread of Node's pool while the embedded engine runs it. */
  readonly concurrency: number
  readonly maxExecutionSeconds?: number
  /** Bytes of one insert's body. The embedded engine takes it as one string; beyond 64 MB it is not sound. */
  readonly bodyLimitBytes?: number
}

const RETRIES = { attempts: 4, firstDelayMs: 200, longestDelayMs: 5_000 }
const BODY_LIMIT_BYTES = 32 * 1024 * 1024
const FILE_CHUNK_BYTES = 256 * 1024

export function createExecutor(options: ExecutorOptions): Executor {
  const {
    client,
    clock,
    report,
    maxExecutionSeconds = 60,
    bodyLimitBytes = BODY_LIMIT_BYTES,
    readsFiles = false,
  } = options
  const gate = createGate(options.concurrency)
  let closed = false

  const run = <T>(statement: string, attempt: () => Promise<T>): Promise<T> => {
    const title = titleOf(statement)
    if (closed) return Promise.reject(storeErrors.closed({ statement: title }))
    const once = () =>
      gate.run(attempt).catch(error => {
        throw translateFailure(error, options.where, title)
      })
    const passes = (error: unknown) => {
      if (!(error instanceof WhohadError) || !error.retriable || closed) return false
      report.statementRetried({ statement: title, reason: error.message })
      return true
    }
    return retry(once, RETRIES, passes, clock)
  }

  const insertBody = async (insert: Insert, body: string, rows: number, part: number) => {
    const token = insert.token === undefined ? {} : { insert_deduplication_token: `${insert.token}:${part}` }
    const settings = settingsClause({
      max_execution_time: maxExecutionSeconds,
      // An archive may hold records of more than the 100 days that one insert may touch by default.
      max_partitions_per_insert_block: 0,
      ...(insert.areDistinct && { optimize_on_insert: 0 }),
      ...token,
    })
    const statement = `INSERT INTO ${insert.table} (${insert.columns.join(', ')}) ${settings} FORMAT TabSeparated`
    const startedMs = clock.now()
    await run(statement, async () => {
      const result = await client.exec({ query: statement, values: Readable.from([body], { objectMode: false }) })
      for await (const _ of result.stream); // The socket is free only once the reply is read.
    })
    report.inserted({ table: insert.table, rows, bytes: Buffer.byteLength(body), tookMs: clock.now() - startedMs })
  }

  return {
    async rows<Row>(statement: string, parameters: Readonly<Record<string, Parameter>> = {}) {
      refuseUnsafe(statement, parameters)
      const settings = settingsClause({
        max_execution_time: maxExecutionSeconds,
        output_format_json_quote_64bit_integers: 1,
      })
      return run(statement, async () => {
        const result = await client.query({
          query: `${statement}\n${settings}`,
          query_params: { ...parameters },
          format: 'JSONEachRow',
        })
        return result.json<Row>()
      })
    },
    async reply(statement, parameters = {}) {
      refuseUnsafe(statement, parameters)
      const settings = settingsClause({ max_execution_time: maxExecutionSeconds })
      const query = `${statement}\n${settings}\nFORMAT TabSeparated`
      const bytes = await run(statement, async () => {
        const result = await client.exec({ query, query_params: { ...parameters } })
        const chunks: Uint8Array[] = []
        for await (const chunk of result.stream) chunks.push(chunk)
        return Buffer.concat(chunks)
      })
      return new ReplyRows(bytes, titleOf(statement))
    },
    async define(statement, parameters = {}) {
      refuseUnsafe(statement, parameters)
      await run(statement, () => client.command({ query: statement, query_params: { ...parameters } }))
    },
    async insert(insert) {
      refuseUnsafeInsert(insert)
      let total = 0
      let part = 0
      for (const chunk of chunksOf(insert.lines, bodyLimitBytes)) {
        await insertBody(insert, chunk.body, chunk.rows, part++)
        total += chunk.rows
      }
      return total
    },
    async insertFiles(insert) {
      refuseUnsafeInsert({ table: insert.table, columns: insert.columns.map(([name]) => name), lines: [] })
      const names = insert.columns.map(([name]) => name).join(', ')
      const into = `INSERT INTO ${insert.table} (${names})`
      const settings = settingsClause({
        max_execution_time: maxExecutionSeconds,
        max_partitions_per_insert_block: 0,
        // Looks for the same row twice within an insert, at three times the cost of the insert. Reading looks for it anyway.
        optimize_on_insert: 0,
      })
      if (!readsFiles) {
        await run(into, async () => {
          const values = Readable.from(bytesOf(insert.files), { objectMode: false })
          const result = await client.exec({ query: `${into} ${settings} FORMAT Native`, values })
          for await (const _ of result.stream); // The socket is free only once the reply is read.
        })
        return
      }
      const from = `file({files:String}, 'Native', '${structureOf(insert)}')`
      const query = `${into} SELECT ${names} FROM ${from} ${settings}`
      const query_params = { files: filesPattern(insert.files) }
      await run(into, () => client.command({ query, query_params }))
    },
    async ping() {
      await run('ping', async () => {
        const answer = await client.ping({ select: true })
        if (!answer.success) throw answer.error
      })
    },
    async close() {
      if (closed) return
      closed = true
      await gate.idle()
      await client.close()
    },
  }
}

async function* bytesOf(files: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const file of files) yield* createReadStream(file, { highWaterMark: FILE_CHUNK_BYTES })
}

const titleOf = (statement: string): string => statement.trim().replace(/\s+/g, ' ').slice(0, 100)

function refuseUnsafe(statement: string, parameters: Readonly<Record<string, unknown>>): void {
  const refuse = (reason: string) => {
    throw storeErrors.statementRefused({ statement: titleOf(statement), reason })
  }
  // The embedded engine would run whatever follows a semicolon.
  if (statement.includes(';')) refuse('a semicolon')
  for (const [name, value] of Object.entries(parameters)) {
    if (typeof value === 'string' || (typeof value === 'number' && Number.isSafeInteger(value))) continue
    const ofOneKind =
      Array.isArray(value) &&
      (value.every(item => typeof item === 'string') || value.every(item => Number.isSafeInteger(item)))
    if (!ofOneKind) refuse(`parameter ${name} that is neither text nor a whole number nor a list of one of them`)
  }
}

function refuseUnsafeInsert(insert: Insert): void {
  const refuse = (reason: string) => {
    throw storeErrors.statementRefused({ statement: `INSERT INTO ${titleOf(insert.table)}`, reason })
  }
  for (const name of [insert.table, ...insert.columns]) {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) refuse(`a name "${name}"`)
  }
  if (insert.token !== undefined && !safeToken(insert.token)) refuse('a deduplication token outside [A-Za-z0-9:_.-]')
}

function* chunksOf(lines: Iterable<string>, limitBytes: number): Generator<{ body: string; rows: number }> {
  let held: string[] = []
  let bytes = 0
  for (const line of lines) {
    const size = Buffer.byteLength(line)
    if (size > limitBytes)
      throw storeErrors.statementRefused({
        statement: 'INSERT',
        reason: `a row of ${size} bytes (limit ${limitBytes})`,
      })
    if (bytes + size > limitBytes) {
      yield { body: held.join(''), rows: held.length }
      held = []
      bytes = 0
    }
    held.push(line)
    bytes += size
  }
  if (held.length > 0) yield { body: held.join(''), rows: held.length }
}
