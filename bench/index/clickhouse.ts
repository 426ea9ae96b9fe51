import { closeSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { Session } from 'chdb'
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

// ClickHouse gets the least that answers the question, in the layout that was cheapest of those tried: one numeric key, 32-bit
// ranges (Int64 ranges and a complex key cost more of everything), the certain window and the owner. It has no domains, no
// prefixes and no possible windows to carry.

const VERSION_COLUMNS = 'ip UInt32, certain_from UInt32, certain_to UInt32, owner UInt32'
const PROBE_COLUMNS = 'ip UInt32, at_ms UInt32'
const VERSIONS_TABLE = `CREATE TABLE bench.versions (${VERSION_COLUMNS}) ENGINE = MergeTree ORDER BY (ip, certain_from)`
const PROBES_TABLE = `CREATE TABLE bench.probes (${PROBE_COLUMNS}) ENGINE = MergeTree ORDER BY tuple()`
const DICTIONARY = `
  CREATE DICTIONARY bench.holders (ip UInt64, certain_from UInt32, certain_to UInt32, owner UInt32 DEFAULT 0)
  PRIMARY KEY ip
  SOURCE(CLICKHOUSE(DB 'bench' TABLE 'versions'))
  LIFETIME(0)
  LAYOUT(RANGE_HASHED())
  RANGE(MIN certain_from MAX certain_to)`
const ASK = `SELECT sum(dictGet('bench.holders', 'owner', ip, at_ms)) FROM bench.probes`
const WAY = 'range_hashed dictionary'

/** chDB lives in the main thread of its process, once: run this in a process of its own (`runPeer`). */
export async function run(options: PeerOptions, report: Report): Promise<PeerResult> {
  return withEstate(options, 'clickhouse', async (estate, probes, folder) => {
    const clickhouse = new Session(join(folder, 'store'))
    const ask = (statement: string) => clickhouse.query(statement, 'TabSeparated').trim()
    ask('CREATE DATABASE bench')
    const insertSeconds = loadVersions(ask, estate, join(folder, 'versions.bin'))
    loadProbes(ask, probes, join(folder, 'probes.bin'))
    ask(DICTIONARY)
    const startedMs = performance.now()
    ask('SYSTEM RELOAD DICTIONARY bench.holders')
    const dictionarySeconds = secondsSince(startedMs)
    report(
      `clickhouse: ${estate.versions} versions stored in ${insertSeconds.toFixed(1)} s, dictionary loaded in ${dictionarySeconds.toFixed(1)} s`,
    )
    const bytes = Number(ask(`SELECT bytes_allocated FROM system.dictionaries WHERE name = 'holders'`))
    const timings: Timing[] = []
    for (const threads of [2, 1]) {
      const sum = () => Number(ask(`${ASK} SETTINGS max_threads = ${threads}`))
      timings.push(await timed({ way: WAY, threads }, options, probes, line => report(`clickhouse: ${line}`), sum))
    }
    const engine = ask('SELECT version()')
    const residentBytes = process.memoryUsage.rss()
    clickhouse.cleanup()
    return {
      peer: 'clickhouse',
      engine,
      versions: estate.versions,
      probes: probes.count,
      kind: options.kind,
      loadSeconds: insertSeconds + dictionarySeconds,
      bytesPerVersion: bytes / estate.versions,
      residentBytes,
      ...figuresOf(timings, WAY),
      timings,
      checksum: checksumOf(probes),
    }
  })
}

export type Ask = (statement: string) => string

/** Returns the seconds that it took to write the rows down and to insert them. */
export function loadVersions(ask: Ask, estate: Estate, path: string): number {
  ask(VERSIONS_TABLE)
  const file = openSync(path, 'w')
  let seconds = 0
  for (const { rows, ip, versions } of hostVersions(estate)) {
    const startedMs = performance.now()
    const { startLatest, endEarliest, owner } = versions
    // Both ends of a range belong to it.
    writeRows(file, rows, [ip, startLatest, endEarliest.map(untilMs => untilMs - 1), owner])
    seconds += secondsSince(startedMs)
  }
  closeSync(file)
  const startedMs = performance.now()
  ask(`INSERT INTO bench.versions SELECT * FROM file('${path}', 'RowBinary', '${VERSION_COLUMNS}')`)
  return seconds + secondsSince(startedMs)
}

function loadProbes(ask: Ask, probes: Probes, path: string): void {
  ask(PROBES_TABLE)
  const file = openSync(path, 'w')
  writeRows(file, probes.count, [probes.words.filter((_, i) => i % 4 === 0), probes.fromMs])
  closeSync(file)
  ask(`INSERT INTO bench.probes SELECT * FROM file('${path}', 'RowBinary', '${PROBE_COLUMNS}')`)
}

/** Appends rows in ClickHouse's RowBinary: little-endian numbers, one row after another. */
function writeRows(file: number, rows: number, columns: readonly Uint32Array[]): void {
  const bytes = new DataView(new ArrayBuffer(rows * columns.length * 4))
  for (const [place, column] of columns.entries()) {
    for (let row = 0; row < rows; row++) {
      bytes.setUint32((row * columns.length + place) * 4, column[row] as number, true)
    }
  }
  for (let written = 0; written < bytes.byteLength; ) written += writeSync(file, bytes, written)
}

if (process.argv[1] === import.meta.filename) await runFromCommandLine(run)
