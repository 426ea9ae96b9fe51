import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type DuckDBAppender,
  type DuckDBConnection,
  DuckDBDataChunk,
  DuckDBInstance,
  type DuckDBUIntegerVector,
  UINTEGER,
} from '@duckdb/node-api'
import type { Estate } from './estate.ts'
import {
  figuresOf,
  hostVersions,
  type PeerOptions,
  type PeerResult,
  type Report,
  runFromCommandLine,
  secondsSince,
  type Timing,
  timed,
  withEstate,
} from './peer.ts'
import { checksumOf, type Probes } from './probes.ts'

// DuckDB gets the least that answers the question, as narrow as we hold it ourselves: address, certain window and owner,
// 16 bytes a version. It has no domains, no prefixes and no possible windows to carry.

const VERSIONS_TABLE =
  'CREATE TABLE versions (ip UINTEGER, certain_from UINTEGER, certain_until UINTEGER, owner UINTEGER)'
const PROBES_TABLE = 'CREATE TABLE probes (ip UINTEGER, at_ms UINTEGER)'

const WAYS = {
  asof: `
    SELECT sum(CASE WHEN at_ms < certain_until THEN owner ELSE 0 END)::DOUBLE
    FROM probes ASOF JOIN versions ON probes.ip = versions.ip AND at_ms >= certain_from`,
  /** Not what the figure compares with, but what somebody who knows DuckDB would try as well. */
  'hash join with a range': `
    SELECT sum(owner)::DOUBLE
    FROM probes JOIN versions ON probes.ip = versions.ip AND at_ms >= certain_from AND at_ms < certain_until`,
} as const

export async function run(options: PeerOptions, report: Report): Promise<PeerResult> {
  return withEstate(options, 'duckdb', async (estate, probes, folder) => {
    const file = join(folder, 'bench.duckdb')
    const database = await DuckDBInstance.create(file, { threads: '2' })
    const duckdb = await database.connect()
    const loadSeconds = await loadVersions(duckdb, estate)
    report(`duckdb: ${estate.versions} versions loaded in ${loadSeconds.toFixed(1)} s`)
    const bytesPerVersion = (await stat(file)).size / estate.versions
    await loadProbes(duckdb, probes)
    const timings = await timeAll(duckdb, probes, options, report)
    const engine = String((await duckdb.runAndReadAll('SELECT version()')).getRows()[0]?.[0])
    const residentBytes = process.memoryUsage.rss()
    duckdb.closeSync()
    database.closeSync()
    return {
      peer: 'duckdb',
      engine,
      versions: estate.versions,
      probes: probes.count,
      kind: options.kind,
      loadSeconds,
      bytesPerVersion,
      residentBytes,
      ...figuresOf(timings, 'asof'),
      timings,
      checksum: checksumOf(probes),
    }
  })
}

async function timeAll(
  duckdb: DuckDBConnection,
  probes: Probes,
  options: PeerOptions,
  report: Report,
): Promise<readonly Timing[]> {
  const timings: Timing[] = []
  for (const [way, statement] of Object.entries(WAYS)) {
    for (const threads of [2, 1]) {
      await duckdb.run(`SET threads = ${threads}`)
      const ask = async () => Number((await duckdb.runAndReadAll(statement)).getRows()[0]?.[0])
      timings.push(await timed({ way, threads }, options, probes, line => report(`duckdb: ${line}`), ask))
    }
  }
  return timings
}

/** Returns the seconds that DuckDB took. */
export async function loadVersions(duckdb: DuckDBConnection, estate: Estate): Promise<number> {
  await duckdb.run(VERSIONS_TABLE)
  const appender = await duckdb.createAppender('versions')
  let seconds = 0
  for (const { rows, ip, versions } of hostVersions(estate)) {
    const startedMs = performance.now()
    appendColumns([ip, versions.startLatest, versions.endEarliest, versions.owner], rows, appender)
    seconds += secondsSince(startedMs)
  }
  const startedMs = performance.now()
  appender.closeSync()
  await duckdb.run('CHECKPOINT')
  return seconds + secondsSince(startedMs)
}

async function loadProbes(duckdb: DuckDBConnection, probes: Probes): Promise<void> {
  await duckdb.run(PROBES_TABLE)
  const appender = await duckdb.createAppender('probes')
  const ips = probes.words.filter((_, i) => i % 4 === 0)
  appendColumns([ips, probes.fromMs], probes.count, appender)
  appender.closeSync()
  await duckdb.run('CHECKPOINT')
}

/** DuckDB's vectors hold this many rows. */
const CHUNK_ROWS = 2048

function appendColumns(columns: readonly Uint32Array[], rows: number, appender: DuckDBAppender): void {
  const chunk = DuckDBDataChunk.create(columns.map(() => UINTEGER))
  for (let row = 0; row < rows; row += CHUNK_ROWS) {
    const count = Math.min(CHUNK_ROWS, rows - row)
    chunk.rowCount = count
    for (const [place, column] of columns.entries()) {
      const vector = chunk.getColumnVector(place) as DuckDBUIntegerVector
      for (let i = 0; i < count; i++) vector.setItem(i, column[row + i] as number)
      vector.flush()
    }
    appender.appendDataChunk(chunk)
    chunk.reset()
  }
}

if (process.argv[1] === import.meta.filename) await runFromCommandLine(run)
