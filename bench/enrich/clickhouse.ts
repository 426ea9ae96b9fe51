import { join } from 'node:path'
import { Session } from 'chdb'
import { HOST_OWNERS } from '../index/addresses.ts'
import { type Ask, loadVersions } from '../index/clickhouse.ts'
import { BASE_MS, Estate } from '../index/estate.ts'
import { answerTask } from './child.ts'
import { INTO_TABLE, type PeerResult, type PeerTask, timeWays, withFolder } from './peer.ts'
import { HEADER, SLACK_SECONDS } from './traffic.ts'

// ClickHouse gets the certain windows of the hosts alone, with 32-bit ranges and one numeric key. Each end is asked about as we are
// asked: who held it throughout the record's window. Bytes are added up by the answer, so that the columns that we read are read here too.

const report = (line: string) => console.error(`clickhouse: ${line}`)

const TYPES: Readonly<Record<string, string>> = {
  srcaddr: 'IPv4',
  dstaddr: 'IPv4',
  start: 'Int64',
  end: 'Int64',
  bytes: 'Int64',
  packets: 'Int64',
  srcport: 'UInt16',
  dstport: 'UInt16',
}

/** Both ends of a range belong to it, and the end is asked for as well. */
const DICTIONARY = `
  CREATE DICTIONARY bench.holders (
    ip UInt64, certain_from UInt32, certain_to UInt32, owner UInt32 DEFAULT 0, held_to UInt32 DEFAULT 0)
  PRIMARY KEY ip
  SOURCE(CLICKHOUSE(QUERY 'SELECT ip, certain_from, certain_to, owner, certain_to AS held_to FROM bench.versions'))
  LIFETIME(0)
  LAYOUT(RANGE_HASHED())
  RANGE(MIN certain_from MAX certain_to)`

/** Two ways of reading text with a space between the fields, as one may be quicker than the other. */
const RECORDS: Readonly<Record<'typed fields' | 'split lines', (folder: string) => string>> = {
  'typed fields': folder => {
    const columns = HEADER.split(' ').map(name => `\`${name}\` ${TYPES[name] ?? 'String'}`)
    return `file('${folder}/*.log.gz', 'CustomSeparatedWithNames', '${columns.join(', ')}')`
  },
  'split lines': folder => {
    const field = (name: string) => `fields[${HEADER.split(' ').indexOf(name) + 1}]`
    return `(
      SELECT toIPv4(${field('srcaddr')}) AS srcaddr, toIPv4(${field('dstaddr')}) AS dstaddr,
        toInt64(${field('bytes')}) AS bytes, toInt64(${field('start')}) AS start, toInt64(${field('end')}) AS end,
        ${['account-id', 'interface-id', 'action'].map(name => `${field(name)} AS \`${name}\``).join(', ')},
        toUInt8(${field('protocol')}) AS protocol, toInt64(${field('packets')}) AS packets,
        toUInt16(${field('srcport')}) AS srcport, toUInt16(${field('dstport')}) AS dstport
      FROM (
        SELECT splitByChar(' ', line) AS fields
        FROM file('${folder}/*.log.gz', 'LineAsString', 'line String') WHERE NOT startsWith(line, 'version')))`
  },
}

/** One row for each end: its address, and the window of its record as the versions have their times. */
const endsOf = (records: string): string => `(
    SELECT toUInt32(arrayJoin([srcaddr, dstaddr])) AS ip, bytes,
      toUInt32((start - ${SLACK_SECONDS}) * 1000 - ${BASE_MS}) AS from_ms,
      toUInt32((end + 1) * 1000 - ${BASE_MS}) AS until_ms
    FROM ${records})`

const byDictionary = (records: string): string => `
  SELECT countIf(until_ms <= held_to + 1), sumIf(bytes, until_ms <= held_to + 1), count()
  FROM (SELECT until_ms, bytes, dictGet('bench.holders', 'held_to', toUInt64(ip), from_ms) AS held_to FROM ${endsOf(records)})`

const byAsof = (records: string): string => `
  SELECT countIf(until_ms <= certain_to + 1), sumIf(bytes, until_ms <= certain_to + 1), count()
  FROM ${endsOf(records)} AS ends
  ASOF LEFT JOIN bench.versions AS versions ON ends.ip = versions.ip AND ends.from_ms >= versions.certain_from`

const LOW = 'LowCardinality(String)'
const NAMES = ['app', 'cluster', 'resource', 'account', 'region', 'zone']

/** What owners are called, by number, and a table for records with both ends' owners. Claims, states and reasons it has none. */
function makeNames(ask: Ask): void {
  ask(`
    CREATE TABLE bench.owners (owner UInt64, ${NAMES.map(name => `${name} String`).join(', ')})
    ENGINE = MergeTree ORDER BY owner`)
  ask(`
    INSERT INTO bench.owners SELECT number, concat('application-', toString(number % 2000)),
      concat('application-', toString(number % 2000), '-main'), concat('container-', toString(number)), '123456789012',
      'us-east-1', 'us-east-1c' FROM numbers(1, ${HOST_OWNERS})`)
  ask(`
    CREATE DICTIONARY bench.owner_names (owner UInt64, ${NAMES.map(name => `${name} String`).join(', ')})
    PRIMARY KEY owner SOURCE(CLICKHOUSE(DB 'bench' TABLE 'owners')) LIFETIME(0) LAYOUT(FLAT())`)
  ask('SYSTEM RELOAD DICTIONARY bench.owner_names')
  const end = (side: string) =>
    [`${side}addr String`, `${side}port Int32`, `${side}_owner UInt32`].concat(
      NAMES.map(name => `${side}_${name} ${name === 'resource' ? 'String' : LOW}`),
    )
  ask(`
    CREATE TABLE bench.attributed (
      account ${LOW}, interface_id ${LOW}, protocol Int32, packets Int64, bytes Int64, start Int64, end Int64, action ${LOW},
      ${[...end('src'), ...end('dst')].join(', ')})
    ENGINE = MergeTree ORDER BY intDiv(start, 3600)`)
}

function intoTable(records: string): string {
  const held = (side: string) =>
    `dictGet('bench.holders', ('owner', 'held_to'), toUInt64(toUInt32(${side}addr)), from_ms) AS ${side}_held,
     if(until_ms <= ${side}_held.2 + 1, ${side}_held.1, 0) AS ${side}_owner`
  const named = (side: string) => NAMES.map(name => `dictGet('bench.owner_names', '${name}', toUInt64(${side}_owner))`)
  const end = (side: string) => [`toString(${side}addr)`, `${side}port`, `${side}_owner`, ...named(side)].join(', ')
  return `
    INSERT INTO bench.attributed
    SELECT \`account-id\`, \`interface-id\`, protocol, packets, bytes, start, end, action, ${end('src')}, ${end('dst')}
    FROM (
      SELECT *, toUInt32((start - ${SLACK_SECONDS}) * 1000 - ${BASE_MS}) AS from_ms,
        toUInt32((end + 1) * 1000 - ${BASE_MS}) AS until_ms, ${held('src')}, ${held('dst')}
      FROM ${records})`
}

const settings = (threads: number): string =>
  ` SETTINGS max_threads = ${threads}, max_parsing_threads = ${threads},
    format_custom_escaping_rule = 'CSV', format_custom_field_delimiter = ' '`

/** chDB lives in the main thread of its process, once. */
async function run(task: PeerTask): Promise<PeerResult> {
  return withFolder(task.folder, async folder => {
    const clickhouse = new Session(join(folder, 'store'))
    const ask = (statement: string) => clickhouse.query(statement, 'TabSeparated').trim()
    ask('CREATE DATABASE bench')
    const estate = new Estate({ versions: task.versions, seed: task.seed })
    const insertSeconds = loadVersions(ask, estate, join(folder, 'versions.bin'))
    ask(DICTIONARY)
    const startedMs = performance.now()
    ask('SYSTEM RELOAD DICTIONARY bench.holders')
    const loadSeconds = insertSeconds + (performance.now() - startedMs) / 1000
    report(`${task.versions} versions loaded in ${loadSeconds.toFixed(1)} s`)
    const asking = (statement: string) => async (threads: number) =>
      Number(ask(statement + settings(threads)).split('\t')[0])
    const ways = Object.fromEntries(
      Object.entries(RECORDS).flatMap(([reading, recordsIn]) => [
        [`range_hashed dictionary, ${reading}`, asking(byDictionary(recordsIn(task.folder)))],
        [`asof join, ${reading}`, asking(byAsof(recordsIn(task.folder)))],
      ]),
    )
    makeNames(ask)
    for (const [reading, recordsIn] of Object.entries(RECORDS)) {
      ways[`${INTO_TABLE} by INSERT SELECT, ${reading}`] = async threads => {
        ask('TRUNCATE TABLE bench.attributed')
        ask(intoTable(recordsIn(task.folder)) + settings(threads))
        return Number(ask('SELECT countIf(src_owner > 0) + countIf(dst_owner > 0) FROM bench.attributed'))
      }
    }
    const timings = await timeWays(task, ways, report)
    const engine = ask('SELECT version()')
    clickhouse.cleanup()
    return { engine, loadSeconds, timings }
  })
}

await answerTask(run)
