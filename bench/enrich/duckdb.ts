import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { loadVersions } from '../index/duckdb.ts'
import { BASE_MS, Estate } from '../index/estate.ts'
import { answerTask } from './child.ts'
import { type PeerResult, type PeerTask, timeWays, withFolder } from './peer.ts'
import { HEADER, SLACK_SECONDS } from './traffic.ts'

// DuckDB gets the certain windows of the hosts alone. Each end is asked about as we are asked: who held it throughout the
// record's window. Bytes are added up by the answer, so that the columns that we read are read here too.

const report = (line: string) => console.error(`duckdb: ${line}`)

const TYPES: Readonly<Record<string, string>> = {
  start: 'BIGINT',
  end: 'BIGINT',
  bytes: 'BIGINT',
  packets: 'BIGINT',
  srcport: 'INTEGER',
  dstport: 'INTEGER',
}

const flowsOf = (folder: string): string => {
  const columns = HEADER.split(' ').map(name => `'${name}': '${TYPES[name] ?? 'VARCHAR'}'`)
  return `read_csv('${folder}/*.log.gz', delim = ' ', header = true, quote = '', escape = '', auto_detect = false,
    columns = {${columns.join(', ')}})`
}

const part = (number: number): string => `split_part(address, '.', ${number})::UINTEGER`
const WORD = `(${part(1)} << 24) + (${part(2)} << 16) + (${part(3)} << 8) + ${part(4)}`

/** One row for each end: its address, and the window of its record as the versions have their times. */
const endsOf = (folder: string): string => `
  ends AS (
    SELECT ${WORD} AS ip, bytes,
      (("start" - ${SLACK_SECONDS}) * 1000 - ${BASE_MS})::UINTEGER AS from_ms,
      (("end" + 1) * 1000 - ${BASE_MS})::UINTEGER AS until_ms
    FROM (SELECT unnest([srcaddr, dstaddr]) AS address, bytes, "start", "end" FROM ${flowsOf(folder)}))`

const asof = (folder: string): string => `
  WITH ${endsOf(folder)}
  SELECT count(*) FILTER (until_ms <= certain_until)::DOUBLE, sum(bytes) FILTER (until_ms <= certain_until)::DOUBLE, count(*)
  FROM ends ASOF LEFT JOIN versions ON ends.ip = versions.ip AND from_ms >= certain_from`

async function run(task: PeerTask): Promise<PeerResult> {
  return withFolder(task.folder, async folder => {
    const database = await DuckDBInstance.create(join(folder, 'bench.duckdb'), { threads: '2' })
    const duckdb = await database.connect()
    const loadSeconds = await loadVersions(duckdb, new Estate({ versions: task.versions, seed: task.seed }))
    report(`${task.versions} versions loaded in ${loadSeconds.toFixed(1)} s`)
    const ask = async (threads: number) => {
      await duckdb.run(`SET threads = ${threads}`)
      return Number((await duckdb.runAndReadAll(asof(task.folder))).getRows()[0]?.[0])
    }
    const timings = await timeWays(task, { asof: ask }, report)
    const engine = String((await duckdb.runAndReadAll('SELECT version()')).getRows()[0]?.[0])
    duckdb.closeSync()
    database.closeSync()
    return { engine, loadSeconds, timings }
  })
}

await answerTask(run)
