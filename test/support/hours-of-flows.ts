const END = ['domain', 'state', 'app', 'cluster', 'account', 'zone', 'service']
const KEYS = ['action', 'direction', ...END.map(text => `src_${text}`), ...END.map(text => `dst_${text}`)].join(', ')

/** What counts in `flow_hours`, and what the flows that count come to: the same rows. */
export const HOURS_AND_FLOWS = {
  hours: `SELECT object_id, toInt64(hour_seconds) AS hour_seconds, ${KEYS}, flows, bytes, packets
          FROM flow_hours_committed ORDER BY ALL`,
  flows: `SELECT object_id, toInt64(intDiv(start_seconds, 3600) * 3600) AS hour_seconds, ${KEYS},
            toInt64(count()) AS flows, sum(flow.bytes) AS bytes, sum(flow.packets) AS packets
          FROM flows_committed AS flow GROUP BY object_id, hour_seconds, ${KEYS} ORDER BY ALL`,
} as const
