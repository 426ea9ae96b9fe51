import { declareError } from '../runtime/errors.ts'

/** What can go wrong with the store, embedded or by URL. */
export const storeErrors = {
  locked: declareError(
    'WHOHAD_STORE_LOCKED',
    'state',
    (d: { path: string; holder: string }) =>
      `The store in ${d.path} is held by ${d.holder}, and only one process can open it. Stop that process, ask it over HTTP instead, or name another folder in data.path (WHOHAD_DATA__PATH).`,
  ),
  pathUnusable: declareError(
    'WHOHAD_STORE_PATH_UNUSABLE',
    'state',
    (d: { path: string; reason: string }) =>
      `The store cannot be opened in ${d.path}: ${d.reason}. Make it a folder that this user may read and write, or name another in data.path (WHOHAD_DATA__PATH).`,
  ),
  engineMissing: declareError(
    'WHOHAD_STORE_ENGINE_MISSING',
    'state',
    (d: { reason: string }) =>
      `The embedded engine cannot be loaded: ${d.reason}. Install the "chdb" package (Linux with glibc, or macOS), or name a ClickHouse server in clickhouse.url (WHOHAD_CLICKHOUSE__URL).`,
  ),
  urlMalformed: declareError(
    'WHOHAD_CLICKHOUSE_URL_MALFORMED',
    'usage',
    (d: { url: string; reason: string }) =>
      `Cannot use ${d.url} as clickhouse.url (WHOHAD_CLICKHOUSE__URL): ${d.reason}. Write it like https://clickhouse.example.net:8443, with the credentials in clickhouse.username and clickhouse.password.`,
  ),
  unreachable: declareError(
    'WHOHAD_CLICKHOUSE_UNREACHABLE',
    'unreachable',
    (d: { url: string; reason: string }) =>
      `ClickHouse does not answer at ${d.url}: ${d.reason}. Start it, or correct clickhouse.url (WHOHAD_CLICKHOUSE__URL).`,
    true,
  ),
  refused: declareError(
    'WHOHAD_CLICKHOUSE_REFUSED',
    'state',
    (d: { url: string; reason: string }) =>
      `ClickHouse at ${d.url} refuses us: ${d.reason}. Check clickhouse.username, clickhouse.password and clickhouse.database, and what that user is granted.`,
  ),
  busy: declareError(
    'WHOHAD_STORE_BUSY',
    'failure',
    (d: { statement: string; reason: string }) =>
      `The store is too busy or too full for "${d.statement}": ${d.reason}. It is safe to try again; if it lasts, give ClickHouse more memory, disk or time.`,
    true,
  ),
  statementFailed: declareError(
    'WHOHAD_STORE_STATEMENT_FAILED',
    'failure',
    (d: { statement: string; reason: string }) =>
      `ClickHouse could not run "${d.statement}": ${d.reason}. If tables or columns are missing, run the migrations with this version; otherwise report it with this message.`,
  ),
  statementRefused: declareError(
    'WHOHAD_STORE_STATEMENT_REFUSED',
    'failure',
    (d: { statement: string; reason: string }) =>
      `A statement was not sent to the store: ${d.reason} in "${d.statement}". This is a defect of whohad; report it with this message.`,
  ),
  closed: declareError(
    'WHOHAD_STORE_CLOSED',
    'state',
    (d: { statement: string }) =>
      `The store was closed before "${d.statement}". Open it again, or finish writing first.`,
  ),
  migrationChanged: declareError(
    'WHOHAD_STORE_MIGRATION_CHANGED',
    'state',
    (d: { file: string; recorded: string; found: string }) =>
      `Migration ${d.file} was applied with content ${d.recorded}, but the file is now ${d.found}. Restore the file as released, and put changes into a new migration.`,
  ),
  schemaNewer: declareError(
    'WHOHAD_STORE_SCHEMA_NEWER',
    'state',
    (d: { recorded: number; known: number }) =>
      `The store has migration ${d.recorded}, this whohad knows only up to ${d.known}. Run a whohad at least as new as the one that wrote the store.`,
  ),
} as const
