import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { HOST_OWNERS } from '../index/addresses.ts'
import { loadVersions } from '../index/duckdb.ts'
import { BASE_MS, Estate } from '../index/estate.ts'
import { answerTask } from './child.ts'
import { INTO_TABLE, type PeerResult, type PeerTask, timeWays, withFolder } from './peer.ts'
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

const part = (address: string, number: number): string => `split_part(${address}, '.', ${number})::UINTEGER`
const wordOf = (address: string): string =>
  `(${part(address, 1)} << 24) + (${part(address, 2)} << 16) + (${part(address, 3)} << 8) + ${part(address, 4)}`
const FROM_MS = `(("start" - ${SLACK_SECONDS}) * 1000 - ${BASE_MS})::UINTEGER`
const UNTIL_MS = `(("end" + 1) * 1000 - ${BASE_MS})::UINTEGER`

/** One row for each end: its address, and the window of its record as the versions have their times. */
const endsOf = (folder: string): string => `
  ends AS (
    SELECT ${wordOf('address')} AS ip, bytes, ${FROM_MS} AS from_ms, ${UNTIL_MS} AS until_ms
    FROM (SELECT unnest([srcaddr, dstaddr]) AS address, bytes, "start", "end" FROM ${flowsOf(folder)}))`

const asof = (folder: string): string => `
  WITH ${endsOf(folder)}
  SELECT count(*) FILTER (until_ms <= certain_until)::DOUBLE, sum(bytes) FILTER (until_ms <= certain_until)::DOUBLE, count(*)
  FROM ends ASOF LEFT JOIN versions ON ends.ip = versions.ip AND from_ms >= certain_from`

/** What owners are called. */
const OWNERS = `
  CREATE TABLE owners AS
  SELECT number::UINTEGER AS owner, 'application-' || number % 2000 AS app, 'application-' || number % 2000 || '-main' AS cluster,
    'container-' || number AS resource, '123456789012' AS account, 'us-east-1' AS region, 'us-east-1c' AS zone
  FROM range(1, ${HOST_OWNERS + 1}) AS numbers(number)`

const OWNED = 'SELECT (count(src_owner) + count(dst_owner))::DOUBLE FROM attributed'

/** Records with both ends' owners. Claims, states and reasons it has none. */
const intoTable = (folder: string): string => `
  CREATE OR REPLACE TABLE attributed AS
  WITH flows AS (
    SELECT *, ${wordOf('srcaddr')} AS src_ip, ${wordOf('dstaddr')} AS dst_ip, ${FROM_MS} AS from_ms, ${UNTIL_MS} AS until_ms
    FROM ${flowsOf(folder)}),
  held AS (
    SELECT flows.*, CASE WHEN until_ms <= src.certain_until THEN src.owner END AS src_owner,
      CASE WHEN until_ms <= dst.certain_until THEN dst.owner END AS dst_owner
    FROM flows
    ASOF LEFT JOIN versions AS src ON flows.src_ip = src.ip AND from_ms >= src.certain_from
    ASOF LEFT JOIN versions AS dst ON flows.dst_ip = dst.ip AND from_ms >= dst.certain_from)
  SELECT held.*, src_names.* EXCLUDE (owner), dst_names.* EXCLUDE (owner)
  FROM held LEFT JOIN owners AS src_names ON src_names.owner = src_owner LEFT JOIN owners AS dst_names ON dst_names.owner = dst_owner`

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
    await duckdb.run(OWNERS)
    const insert = async (threads: number) => {
      await duckdb.run(`SET threads = ${threads}`)
      await duckdb.run(intoTable(task.folder))
      return Number((await duckdb.runAndReadAll(OWNED)).getRows()[0]?.[0])
    }
    const timings = await timeWays(task, { asof: ask, [`${INTO_TABLE} by asof`]: insert }, report)
    const engine = String((await duckdb.runAndReadAll('SELECT version()')).getRows()[0]?.[0])
    duckdb.closeSync()
    database.closeSync()
    return { engine, loadSeconds, timings }
  })
}

await answerTask(run)
