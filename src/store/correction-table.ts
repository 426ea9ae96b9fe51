import { isHost, type Prefix } from '../ownership/prefix.ts'
import type { Millis } from '../ownership/window.ts'
import type { Executor } from './executor.ts'
import { OBJECT_COLUMNS, type ObjectRow, objectOf } from './object-table.ts'
import type { FlowObject, StoredCorrection } from './port.ts'
import type { Column } from './tab-separated.ts'

const finite = (ms: Millis): Millis | null => (Number.isFinite(ms) ? ms : null)

export const CORRECTION_COLUMNS: readonly Column<StoredCorrection>[] = [
  ['stream_partition', correction => correction.partition],
  ['stream_offset', correction => correction.offset],
  ['part', correction => correction.part],
  ['domain', correction => correction.domain],
  ['prefix', correction => correction.prefix],
  ['from_ms', correction => finite(correction.fromMs)],
  ['until_ms', correction => correction.untilMs],
  ['enis', correction => correction.enis],
]

export type Corrected = { readonly enricher: string; readonly partition: number; readonly end: number }

export const CORRECTED_COLUMNS: readonly Column<Corrected>[] = [
  ['enricher', corrected => corrected.enricher],
  ['stream_partition', corrected => corrected.partition],
  ['end_offset', corrected => corrected.end],
]

const PENDING = `
  SELECT ${CORRECTION_COLUMNS.map(([name]) => name).join(', ')} FROM corrections FINAL
  WHERE stream_offset >= {from:Array(Int64)}[stream_partition + 1]
  ORDER BY stream_partition, stream_offset LIMIT {most:Int64} WITH TIES`
const CORRECTED = `
  SELECT stream_partition, max(end_offset) AS end_offset FROM corrected WHERE enricher = {enricher:String}
  GROUP BY stream_partition`
const OPEN = `
  SELECT ${OBJECT_COLUMNS.map(([name]) => name).join(', ')} FROM
  (
    SELECT * FROM objects FINAL WHERE state = 'committed' ORDER BY generation DESC LIMIT 1 BY object_id
  ) WHERE open_records > 0 ORDER BY object_id`

/** Of a record that lasts longer a correction may miss; AWS's longest aggregation interval is ten minutes. */
const LONGEST_RECORD_SECONDS = 24 * 3600

/** Time and address of a record within one of the stretches, which come in arrays side by side. */
const WITHIN = `
    least(start_seconds, end_seconds) * 1000 - {slack_ms:Int64} < until AND (end_seconds + 1) * 1000 > from`
const TOUCHED = `
  SELECT ${OBJECT_COLUMNS.map(([name]) => name).join(', ')} FROM objects FINAL
  WHERE state = 'committed' AND object_id IN
  (
    SELECT object_id FROM flows
    WHERE start_time >= fromUnixTimestamp64Milli(greatest({least_ms:Int64}, 0), 'UTC')
      AND start_time <= fromUnixTimestamp64Milli(least({most_ms:Int64}, 4294967295000), 'UTC')
      AND
      (
        ((src_ip IN {ips:Array(String)} OR dst_ip IN {ips:Array(String)}) AND arrayExists(
          (domain, ip, from, until) -> ${WITHIN} AND ((src_ip = ip AND (domain = '' OR src_domain IN (domain, '')))
            OR (dst_ip = ip AND (domain = '' OR dst_domain IN (domain, '')))),
          {host_domains:Array(String)}, {ips:Array(String)}, {host_from:Array(Int64)}, {host_until:Array(Int64)}))
        OR (interface_id IN {enis:Array(String)} AND arrayExists(
          (eni, from, until) -> ${WITHIN} AND interface_id = eni,
          {enis:Array(String)}, {eni_from:Array(Int64)}, {eni_until:Array(Int64)}))
        OR arrayExists(
          (domain, block, from, until) -> ${WITHIN}
            AND ((isIPAddressInRange(src_ip, block) AND (domain = '' OR src_domain IN (domain, '')))
              OR (isIPAddressInRange(dst_ip, block) AND (domain = '' OR dst_domain IN (domain, '')))),
          {block_domains:Array(String)}, {blocks:Array(String)}, {block_from:Array(Int64)}, {block_until:Array(Int64)})
      )
  )
  ORDER BY generation DESC LIMIT 1 BY object_id`

type CorrectionRow = {
  readonly stream_partition: number
  readonly stream_offset: string
  readonly part: number
  readonly domain: string
  readonly prefix: Prefix
  readonly from_ms: string | null
  readonly until_ms: string
  readonly enis: readonly string[]
}

/** `Store.corrections` */
export async function pendingCorrections(
  executor: Executor,
  from: readonly number[],
  most: number,
): Promise<readonly StoredCorrection[]> {
  const rows = await executor.rows<CorrectionRow>(PENDING, { from: [...from], most })
  return rows.map(row => ({
    partition: row.stream_partition,
    offset: Number(row.stream_offset),
    part: row.part,
    domain: row.domain,
    prefix: row.prefix,
    fromMs: row.from_ms === null ? Number.NEGATIVE_INFINITY : Number(row.from_ms),
    untilMs: Number(row.until_ms),
    enis: row.enis,
  }))
}

/** `Store.correctedUpTo` */
export async function correctedUpTo(executor: Executor, enricher: string): Promise<readonly number[]> {
  const rows = await executor.rows<{ stream_partition: number; end_offset: string }>(CORRECTED, { enricher })
  const ends: number[] = []
  for (const row of rows) ends[row.stream_partition] = Number(row.end_offset)
  return Array.from(ends, end => end ?? 0)
}

/** `Store.openObjects` */
export const openObjects = async (executor: Executor): Promise<readonly FlowObject[]> =>
  (await executor.rows<ObjectRow>(OPEN)).map(objectOf)

/** The stretches of one statement: each of their arrays is text in it. */
const MOST_AT_ONCE = 500
const EARLIEST_MS = -(2 ** 52)

/** `Store.touchedObjects` */
export async function touchedObjects(
  executor: Executor,
  corrections: readonly StoredCorrection[],
  { slackMs, anyDomain }: { readonly slackMs: Millis; readonly anyDomain: boolean },
): Promise<readonly FlowObject[]> {
  const found = new Map<string, FlowObject>()
  for (let first = 0; first < corrections.length; first += MOST_AT_ONCE) {
    const some = corrections.slice(first, first + MOST_AT_ONCE)
    const rows = await executor.rows<ObjectRow>(TOUCHED, parametersOf(some, slackMs, anyDomain))
    for (const row of rows) found.set(row.object_id, objectOf(row))
  }
  return [...found.values()]
}

function parametersOf(corrections: readonly StoredCorrection[], slackMs: Millis, anyDomain: boolean) {
  const hosts = corrections.filter(({ prefix }) => isHost(prefix))
  const blocks = corrections.filter(({ prefix }) => !isHost(prefix))
  const throughInterface = corrections.flatMap(one => one.enis.map(eni => ({ ...one, eni })))
  const domainsOf = (of: readonly StoredCorrection[]) => of.map(({ domain }) => (anyDomain ? '' : domain))
  const from = ({ fromMs }: StoredCorrection) => Math.max(fromMs, EARLIEST_MS)
  const until = ({ untilMs }: StoredCorrection) => untilMs
  return {
    slack_ms: slackMs,
    least_ms: Math.max(Math.min(...corrections.map(from)) - LONGEST_RECORD_SECONDS * 1000, EARLIEST_MS),
    most_ms: Math.max(...corrections.map(until)) + slackMs,
    host_domains: domainsOf(hosts),
    ips: hosts.map(({ prefix }) => prefix.slice(0, prefix.indexOf('/'))),
    host_from: hosts.map(from),
    host_until: hosts.map(until),
    enis: throughInterface.map(({ eni }) => eni),
    eni_from: throughInterface.map(from),
    eni_until: throughInterface.map(until),
    block_domains: domainsOf(blocks),
    blocks: blocks.map(({ prefix }) => prefix),
    block_from: blocks.map(from),
    block_until: blocks.map(until),
  }
}
