import type { Ip } from '../ownership/address.ts'
import type { InterfaceView } from '../ownership/ownership-index.ts'
import { covers, hostPrefix } from '../ownership/prefix.ts'
import type { FlowRecord, RecordEnd } from './flowlogs/parse.ts'

/**
 * Which end of a record is the recording interface's. `untold`: the record has no direction, and none of its addresses is
 * known to be the interface's (one of them always is: AWS writes the primary address in the place of foreign ones).
 */
export type LocalEnd = 'source' | 'destination' | 'both' | 'untold'

/**
 * An egress record leaves the interface, so its source is local; ingress mirrors it. Without a direction the interface's
 * own addresses tell, compared at the level at which the interface saw the record.
 */
export function localEndOf(record: FlowRecord, view: InterfaceView | undefined): LocalEnd {
  if (record.direction === 'egress') return 'source'
  if (record.direction === 'ingress') return 'destination'
  if (view === undefined) return 'untold'
  const isOwn = ({ observed, ip }: RecordEnd) => holds(view, observed ?? ip)
  const source = isOwn(record.source)
  const destination = isOwn(record.destination)
  if (source && destination) return 'both'
  return source ? 'source' : destination ? 'destination' : 'untold'
}

/** Whether the interface holds or may hold the address. The equal host prefix, which is the usual case, needs no parsing. */
export function holds(view: InterfaceView, ip: Ip): boolean {
  const host = hostPrefix(ip)
  return view.prefixes.includes(host) || view.prefixes.some(prefix => covers(prefix, ip))
}
