import type { AnswerState } from '../ownership/answer.ts'
import type { Executor } from './executor.ts'
import type { Traffic, TrafficBy, TrafficEnd, TrafficQuery } from './port.ts'

const COLUMN_OF: Readonly<Record<TrafficBy, string>> = {
  app: 'app',
  cluster: 'cluster',
  account: 'account',
  zone: 'zone',
}

/** Interfaces that carry what others send: NAT gateways, balancers, endpoints of transit and firewalls. */
const MIDDLE_KINDS = [
  'nat_gateway',
  'network_load_balancer',
  'load_balancer',
  'gateway_load_balancer',
  'gateway_load_balancer_endpoint',
  'transit_gateway',
  'network_firewall',
]

/** `Store.traffic` */
export async function traffic(executor: Executor, query: TrafficQuery): Promise<readonly Traffic[]> {
  const { by, withMiddles, direction, domains, most } = query
  const seconds = secondsOf(query)
  const rows = await executor.rows<TrafficRow>(statement(COLUMN_OF[by], query, seconds), {
    ...seconds,
    most,
    ...(withMiddles && { middle_kinds: MIDDLE_KINDS }),
    ...(direction !== undefined && { direction }),
    ...(domains !== undefined && { domains }),
  })
  return rows.map(row => ({
    source: endOf(row, 'src'),
    destination: endOf(row, 'dst'),
    flows: Number(row.flows),
    bytes: Number(row.bytes),
    packets: Number(row.packets),
    rejectedFlows: Number(row.rejected_flows),
    rejectedBytes: Number(row.rejected_bytes),
  }))
}

type Side = 'src' | 'dst'
type TrafficRow = Readonly<Record<string, string>>

const endOf = (row: TrafficRow, side: Side): TrafficEnd => ({
  domain: row[`${side}_domain`] ?? '',
  // The column's values are those of the type (flow-table.ts).
  state: row[`${side}_state`] as AnswerState,
  name: row[`${side}_name`] ?? '',
  middle: row[`${side}_middle`] || null,
})

const HOUR_SECONDS = 3600

/** Where the window begins and ends, and its whole hours: none where the second is not before the third. */
function secondsOf({ fromMs, untilMs }: TrafficQuery) {
  const from = Math.floor(fromMs / 1000)
  const until = Math.ceil(untilMs / 1000)
  const hours = [Math.ceil(from / HOUR_SECONDS), Math.floor(until / HOUR_SECONDS)] as const
  return { from, first_hour: hours[0] * HOUR_SECONDS, hours_end: hours[1] * HOUR_SECONDS, until }
}

type Seconds = ReturnType<typeof secondsOf>

/**
 * Of every object its newest committed generation, each record once. A record belongs to the second in which it starts. Whole hours
 * are read as they were added up, where nothing is asked that only single records tell.
 */
function statement(column: string, { withMiddles, direction, domains }: TrafficQuery, seconds: Seconds): string {
  const asks = `
    ${direction === undefined ? '' : 'AND direction = {direction:String}'}
    ${domains === undefined ? '' : 'AND (src_domain IN {domains:Array(String)} OR dst_domain IN {domains:Array(String)})'}`
  const columns = `${endColumns('src', column, withMiddles)}, ${endColumns('dst', column, withMiddles)}, action`
  const records = (from: keyof Seconds, until: keyof Seconds): string => `
    SELECT ${columns}, toInt64(1) AS flows, bytes, packets FROM flows_committed
    WHERE start_seconds >= {${from}:Int64} AND start_seconds < {${until}:Int64}
      AND start_time >= toDateTime({${from}:Int64}, 'UTC') AND start_time <= toDateTime({${until}:Int64}, 'UTC') ${asks}`
  const hours = `
    SELECT ${columns}, flows, bytes, packets FROM flow_hours_committed
    WHERE hour_seconds >= {first_hour:Int64} AND hour_seconds < {hours_end:Int64} ${asks}`
  const hasHours = !withMiddles && seconds.first_hour < seconds.hours_end
  const parts = hasHours
    ? [records('from', 'first_hour'), hours, records('hours_end', 'until')]
    : [records('from', 'until')]
  return `
  SELECT
    src_domain, src_state, src_name, src_middle, dst_domain, dst_state, dst_name, dst_middle,
    sum(part.flows) AS flows,
    sum(part.bytes) AS bytes,
    sum(part.packets) AS packets,
    sumIf(part.flows, action = 'REJECT') AS rejected_flows,
    sumIf(part.bytes, action = 'REJECT') AS rejected_bytes
  FROM (${parts.join(' UNION ALL ')}) AS part
  GROUP BY src_domain, src_state, src_name, src_middle, dst_domain, dst_state, dst_name, dst_middle
  ORDER BY bytes DESC, src_name, dst_name, src_state, dst_state, src_domain, dst_domain LIMIT {most:Int64}`
}

const endColumns = (side: Side, column: string, withMiddles: boolean): string => `
    ${side}_domain,
    ${side}_state,
    multiIf(${side}_state = 'owned', toString(${side}_${column}),
      ${side}_state = 'external', toString(${side}_service), '') AS ${side}_name,
    ${
      withMiddles
        ? `if(${side}_claim IN (SELECT claim_id FROM claims WHERE kind IN {middle_kinds:Array(String)}), ${side}_resource, '')`
        : "''"
    } AS ${side}_middle`
