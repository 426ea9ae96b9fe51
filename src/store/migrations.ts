import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import type { Clock } from '../runtime/clock.ts'
import { storeErrors } from './errors.ts'
import type { Executor } from './executor.ts'
import type { StoreReport } from './report.ts'
import { type Column, encodeRow } from './tab-separated.ts'

/** Beside src/ and dist/ alike, so the same path serves the sources and the build. */
export const MIGRATIONS_FOLDER = new URL('../../schemas/sql/', import.meta.url)

type Migration = {
  readonly number: number
  readonly file: string
  readonly hash: string
  readonly statements: readonly string[]
}

const LEDGER = `
  CREATE TABLE IF NOT EXISTS schema_migrations
  (number Int32, file String, hash String, applied_at_ms Int64)
  ENGINE = ReplacingMergeTree ORDER BY number`
const HAS_LEDGER = "SELECT name FROM system.tables WHERE database = currentDatabase() AND name = 'schema_migrations'"
const APPLIED = 'SELECT number, file, hash FROM schema_migrations FINAL ORDER BY number'
const COLUMNS: readonly Column<Migration & { readonly appliedAtMs: number }>[] = [
  ['number', m => m.number],
  ['file', m => m.file],
  ['hash', m => m.hash],
  ['applied_at_ms', m => m.appliedAtMs],
]

/**
 * Applies the migrations that are not recorded yet, in the order of their numbers. Safe to repeat, and to run in several
 * processes at once. Throws WHOHAD_STORE_MIGRATION_CHANGED and WHOHAD_STORE_SCHEMA_NEWER before it changes anything.
 */
export async function applyMigrations(
  executor: Executor,
  { clock, report, folder = MIGRATIONS_FOLDER }: { clock: Clock; report: StoreReport; folder?: URL },
): Promise<void> {
  const known = await readMigrations(folder)
  await executor.define(LEDGER)
  for (const migration of await pendingOf(executor, known)) {
    for (const statement of migration.statements) await executor.define(statement)
    await executor.insert({
      table: 'schema_migrations',
      columns: COLUMNS.map(([name]) => name),
      lines: [encodeRow(COLUMNS, { ...migration, appliedAtMs: clock.now() })],
    })
    report.migrationApplied({ file: migration.file })
  }
}

/**
 * How many migrations there are, and the files of those that the store has not got yet: all, where it has no database.
 * Changes nothing. Throws as `applyMigrations`.
 */
export async function missingMigrations(
  executor: Executor,
  hasDatabase: boolean,
): Promise<{ readonly known: number; readonly missing: readonly string[] }> {
  const known = await readMigrations(MIGRATIONS_FOLDER)
  const hasLedger = hasDatabase && (await executor.rows(HAS_LEDGER)).length > 0
  const missing = hasLedger ? await pendingOf(executor, known) : known
  return { known: known.length, missing: missing.map(({ file }) => file) }
}

async function pendingOf(executor: Executor, known: readonly Migration[]): Promise<readonly Migration[]> {
  const applied = await executor.rows<{ number: number; file: string; hash: string }>(APPLIED)
  const newest = known.at(-1)?.number ?? 0
  for (const { number, hash } of applied) {
    if (number > newest) throw storeErrors.schemaNewer({ recorded: number, known: newest })
    const migration = known.find(m => m.number === number)
    if (migration?.hash !== hash)
      throw storeErrors.migrationChanged({
        file: migration?.file ?? `number ${number}`,
        recorded: hash.slice(0, 12),
        found: migration?.hash.slice(0, 12) ?? 'not there',
      })
  }
  const done = new Set(applied.map(({ number }) => number))
  return known.filter(({ number }) => !done.has(number))
}

async function readMigrations(folder: URL): Promise<readonly Migration[]> {
  const files = (await readdir(folder)).filter(file => /^\d{4}_\w+\.sql$/.test(file)).sort()
  return Promise.all(
    files.map(async file => {
      const text = await readFile(new URL(file, folder), 'utf8')
      const hash = createHash('sha256').update(text).digest('hex')
      return { number: Number(file.slice(0, 4)), file, hash, statements: statementsOf(text) }
    }),
  )
}

/** Comment lines go, so that what is sent holds no semicolon and no apostrophe but its own. */
const statementsOf = (text: string): readonly string[] =>
  text
    .split(/^-- statement$/m)
    .map(part => part.replace(/^--.*\n/gm, '').trim())
    .filter(statement => statement !== '')
