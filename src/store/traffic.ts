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
  const { fromMs, untilMs, by, withMiddles, direction, domains, most } = query
  const rows = await executor.rows<TrafficRow>(statement(COLUMN_OF[by], query), {
    from_seconds: Math.floor(fromMs / 1000),
    until_seconds: Math.ceil(untilMs / 1000),
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

/** Of every object its newest committed generation, each record once. A record belongs to the second in which it starts. */
const statement = (column: string, { withMiddles, direction, domains }: TrafficQuery): string => `
  SELECT
    ${endColumns('src', column, withMiddles)},
    ${endColumns('dst', column, withMiddles)},
    count() AS flows,
    sum(flow.bytes) AS bytes,
    sum(flow.packets) AS packets,
    countIf(action = 'REJECT') AS rejected_flows,
    sumIf(flow.bytes, action = 'REJECT') AS rejected_bytes
  FROM flows_committed AS flow
  WHERE start_seconds >= {from_seconds:Int64} AND start_seconds < {until_seconds:Int64}
    AND start_time >= toDateTime({from_seconds:Int64}, 'UTC') AND start_time <= toDateTime({until_seconds:Int64}, 'UTC')
    ${direction === undefined ? '' : 'AND direction = {direction:String}'}
    ${domains === undefined ? '' : 'AND (flow.src_domain IN {domains:Array(String)} OR flow.dst_domain IN {domains:Array(String)})'}
  GROUP BY src_domain, src_state, src_name, src_middle, dst_domain, dst_state, dst_name, dst_middle
  ORDER BY bytes DESC, src_name, dst_name, src_state, dst_state, src_domain, dst_domain LIMIT {most:Int64}`

const endColumns = (side: Side, column: string, withMiddles: boolean): string => `
    flow.${side}_domain AS ${side}_domain,
    flow.${side}_state AS ${side}_state,
    multiIf(flow.${side}_state = 'owned', toString(flow.${side}_${column}),
      flow.${side}_state = 'external', toString(flow.${side}_service), '') AS ${side}_name,
    ${
      withMiddles
        ? `if(flow.${side}_claim IN (SELECT claim_id FROM claims WHERE kind IN {middle_kinds:Array(String)}), flow.${side}_resource, '')`
        : "''"
    } AS ${side}_middle`
