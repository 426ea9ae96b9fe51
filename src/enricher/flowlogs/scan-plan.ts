import type { Format } from './fields.ts'
import { ABSENT, type RecordBatch } from './record-batch.ts'

/** How a column is read, in an order that lets one comparison tell kinds apart: addresses, texts, the rest, numbers. */
export const KIND = {
  SOURCE: 0,
  DESTINATION: 1,
  PACKET_SOURCE: 2,
  PACKET_DESTINATION: 3,
  ACCOUNT: 4,
  INTERFACE: 5,
  VPC: 6,
  REGION: 7,
  ACTION: 8,
  CHECKED: 9,
  DIRECTION: 10,
  PASSED_OVER: 11,
  SOURCE_PORT: 12,
  DESTINATION_PORT: 13,
  PROTOCOL: 14,
  // Those from here on may be larger than 32 bits.
  PACKETS: 15,
  BYTES: 16,
  START: 17,
  END: 18,
} as const

/** The kind of each column of a format, and a last one that is no kind. */
export function planOf(format: Format): Uint8Array {
  const plan = new Uint8Array(format.columns.length + 1).fill(KIND.PASSED_OVER)
  const { transit } = format
  const ends = transit ? [transit.source, transit.destination] : []
  const checked = [format.resource, ...ends.flatMap(end => [end.account, end.vpc, end.interfaceId])]
  const kinds: readonly (readonly [number, number])[] = [
    ...checked.map(at => [at, KIND.CHECKED] as const),
    [format.sourceAddress, KIND.SOURCE],
    [format.destinationAddress, KIND.DESTINATION],
    [format.packetSource, KIND.PACKET_SOURCE],
    [format.packetDestination, KIND.PACKET_DESTINATION],
    [format.account, KIND.ACCOUNT],
    [format.interfaceId, KIND.INTERFACE],
    [format.vpc, KIND.VPC],
    [format.region, KIND.REGION],
    [format.action, KIND.ACTION],
    [format.direction, KIND.DIRECTION],
    [format.sourcePort, KIND.SOURCE_PORT],
    [format.destinationPort, KIND.DESTINATION_PORT],
    [format.protocol, KIND.PROTOCOL],
    [format.packets, KIND.PACKETS],
    [format.bytes, KIND.BYTES],
    [format.start, KIND.START],
    [format.end, KIND.END],
  ]
  for (const [at, kind] of kinds) if (at >= 0) plan[at] = kind
  plan[format.columns.length] = 255
  return plan
}

/** What every record of a format has in the columns that the format lacks. */
export function blankColumns(batch: RecordBatch): void {
  const { sourceAddress, destinationAddress, packetSource, packetDestination } = batch
  for (const { families } of [sourceAddress, destinationAddress, packetSource, packetDestination]) families.fill(0)
  for (const column of [
    batch.startSeconds,
    batch.endSeconds,
    batch.sourcePorts,
    batch.destinationPorts,
    batch.protocols,
    batch.packets,
    batch.bytes,
    batch.accounts,
    batch.interfaces,
    batch.vpcs,
    batch.regions,
    batch.actions,
  ]) {
    column.fill(ABSENT)
  }
  batch.directions.fill(0)
}
