import type { AttributedFlow } from '../store/port.ts'
import type { Attributed } from './attribute.ts'
import type { FlowRecord } from './flowlogs/parse.ts'

/** A record with its answers as the store keeps it. What the format lacks is 0 or empty, as the port says. */
export const toRow = (
  record: FlowRecord,
  { source, destination }: Attributed,
  objectId: string,
  generation: number,
): AttributedFlow => ({
  objectId,
  record: record.line,
  generation,
  startSeconds: record.startSeconds ?? 0,
  endSeconds: record.endSeconds ?? 0,
  account: record.account ?? '',
  interfaceId: record.interfaceId ?? '',
  vpc: record.vpc ?? '',
  protocol: record.protocol ?? 0,
  packets: record.packets ?? 0,
  bytes: record.bytes ?? 0,
  action: record.action ?? '',
  direction: record.direction ?? '',
  interfaceSource: record.source.observed ?? '',
  interfaceDestination: record.destination.observed ?? '',
  source,
  destination,
})
