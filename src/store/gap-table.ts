import type { Executor } from './executor.ts'
import type { CaptureGap, GapQuery, StoredGap } from './port.ts'
import type { Column } from './tab-separated.ts'

export const GAP_COLUMNS: readonly Column<StoredGap>[] = [
  ['object_id', gap => gap.objectId],
  ['record', gap => gap.record],
  ['generation', gap => gap.generation],
  ['status', gap => gap.status],
  ['account', gap => gap.account],
  ['recorder', gap => gap.recorder],
  ['domains', gap => gap.domains],
  ['from_ms', gap => gap.fromMs],
  ['until_ms', gap => gap.untilMs],
]

/** AWS's longest aggregation interval is ten minutes: a line that lasts longer may be missed by the look at its first second. */
const LONGEST_GAP_MS = 24 * 3_600_000

type GapRow = {
  readonly status: StoredGap['status']
  readonly account: string
  readonly recorder: string
  readonly domains: readonly string[]
  readonly from_ms: string
  readonly until_ms: string
  readonly lines: string
}

/** `Store.captureGaps` */
export async function captureGaps(executor: Executor, query: GapQuery): Promise<readonly CaptureGap[]> {
  const { fromMs, untilMs, status, domain, domains, most } = query
  const rows = await executor.rows<GapRow>(statement(query), {
    status,
    from_ms: fromMs,
    until_ms: untilMs,
    least_ms: fromMs - LONGEST_GAP_MS,
    most,
    ...(domain !== undefined && { domain }),
    ...(domains !== undefined && { domains: [...domains] }),
  })
  return rows.map(row => ({
    status: row.status,
    account: row.account,
    recorder: row.recorder,
    domains: row.domains,
    fromMs: Number(row.from_ms),
    untilMs: Number(row.until_ms),
    lines: Number(row.lines),
  }))
}

/** Lines of one interface whose times meet or overlap are one gap: a new one begins after the end of all before it. */
const statement = ({ domain, domains }: GapQuery): string => `
  SELECT status, account, recorder, domains, min(from_ms) AS from_ms, max(until_ms) AS until_ms, count() AS lines FROM
  (
    SELECT *, sum(begins) OVER (PARTITION BY account, recorder, domains ORDER BY from_ms, until_ms, record, object_id
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS gap
    FROM
    (
      SELECT *, from_ms > max(until_ms) OVER (PARTITION BY account, recorder, domains ORDER BY from_ms, until_ms, record, object_id
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS begins
      FROM
      (
        SELECT status, account, recorder, domains, record, object_id,
          assumeNotNull(gaps.from_ms) AS from_ms, assumeNotNull(gaps.until_ms) AS until_ms
        FROM capture_gaps_committed AS gaps
        WHERE status = {status:String} AND isNotNull(gaps.from_ms) AND isNotNull(gaps.until_ms)
          AND gaps.from_ms < {until_ms:Int64} AND gaps.until_ms > {from_ms:Int64} AND gaps.from_ms >= {least_ms:Int64}
          AND from_time >= fromUnixTimestamp64Milli(greatest({least_ms:Int64}, 0), 'UTC')
          AND from_time <= fromUnixTimestamp64Milli(least(greatest({until_ms:Int64}, 0), 4294967295000), 'UTC')
          ${domain === undefined ? '' : 'AND has(domains, {domain:String})'}
          ${domains === undefined ? '' : 'AND notEmpty(domains) AND hasAll({domains:Array(String)}, domains)'}
      )
    )
  )
  GROUP BY status, account, recorder, domains, gap
  ORDER BY until_ms DESC, from_ms DESC, recorder, account, domains LIMIT {most:Int64}`
