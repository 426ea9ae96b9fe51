import type { Ip } from '../../ownership/address.ts'
import { type FieldFault, type Fields, fieldsOf, rememberedAddresses, Unreadable } from './field-reader.ts'
import type { Format, TransitColumns } from './fields.ts'

/** Why a line is not a record, or why reading stopped. A closed list: each is counted under its name. */
export type RejectionReason =
  | 'too-few-fields'
  | 'too-many-fields'
  | FieldFault
  | 'without-address'
  | 'line-too-long'
  | 'malformed-envelope'
  | 'truncated-gzip'
  | 'corrupt-gzip'
  | 'truncated-zstd'
  | 'corrupt-zstd'
  | 'truncated-parquet'
  | 'corrupt-parquet'
  | 'unsupported-parquet'
  | 'oversize-parquet'

/** One end as the record shows it. */
export type RecordEnd = {
  /** The packet-level address where the record has one, else the interface-level one. */
  readonly ip: Ip
  /** srcaddr or dstaddr: what the interface saw. */
  readonly observed: Ip | undefined
  /** pkt-srcaddr or pkt-dstaddr: what the packet carried. */
  readonly packet: Ip | undefined
  readonly port: number | undefined
}

/** The VPC of an end, whose it is, and the interface there by which the transit gateway is attached to it. */
export type TransitEnd = {
  readonly account: string | undefined
  readonly vpc: string | undefined
  readonly interfaceId: string | undefined
}

export type TransitEnds = { readonly source: TransitEnd; readonly destination: TransitEnd }

export type FlowRecord = {
  readonly kind: 'flow'
  /** Number of the line within the object, the header being 0. */
  readonly line: number
  /** Every field in the order of the header. */
  readonly tokens: readonly string[]
  readonly account: string | undefined
  readonly interfaceId: string | undefined
  readonly vpc: string | undefined
  readonly region: string | undefined
  readonly source: RecordEnd
  readonly destination: RecordEnd
  readonly protocol: number | undefined
  readonly packets: number | undefined
  readonly bytes: number | undefined
  /** Unix seconds of the first packet; undefined where the format carries no time. */
  readonly startSeconds: number | undefined
  readonly endSeconds: number | undefined
  readonly action: string | undefined
  readonly direction: 'ingress' | 'egress' | undefined
  /** What a transit gateway says of where each end was; undefined where the record is an interface's. */
  readonly transit: TransitEnds | undefined
  /** The regional NAT gateway or transit gateway attachment that recorded it, where no interface did. */
  readonly resourceId: string | undefined
}

/**
 * A line that stands for an interval without records (NODATA) or with records lost (SKIPDATA): a gap in what the log covers,
 * of this interface or resource from `startSeconds` to the end of `endSeconds`, as far as the line tells.
 */
export type SkippedLine = {
  readonly kind: 'skipped'
  readonly line: number
  readonly status: 'NODATA' | 'SKIPDATA'
  readonly tokens: readonly string[]
  readonly account: string | undefined
  readonly interfaceId: string | undefined
  readonly resourceId: string | undefined
  readonly startSeconds: number | undefined
  readonly endSeconds: number | undefined
}

export type RejectedLine = {
  readonly kind: 'rejected'
  readonly line: number
  readonly reason: RejectionReason
  /** The field at fault, or what the reader says; empty where the reason says all. */
  readonly detail: string
  /** The beginning of the line, as text. */
  readonly sample: string
}

export type ParsedLine = FlowRecord | SkippedLine | RejectedLine

const LARGEST_SECONDS = 2 ** 32 - 1
const SAMPLE_LENGTH = 256

export type LineParser = (line: string, number: number) => ParsedLine

/**
 * Reads the lines of one format. Fields are separated by runs of spaces and `-` is an absent one; a line whose field count
 * is not the header's is rejected whole, never shifted. A line without addresses is NODATA or SKIPDATA, and one with both
 * is a flow whatever its status says (both kinds of disagreement occur in public captures).
 */
export function lineParser(format: Format): LineParser {
  const parse = tokenParser(format)
  return (line, number) => parse(splitFields(line), number, line)
}

/** The same of a line that is in fields already. `sample` is what a rejection shows. */
export function tokenParser(format: Format): (tokens: readonly string[], number: number, sample: string) => ParsedLine {
  const toAddress = rememberedAddresses()
  return (tokens, number, sample) => {
    const surplus = tokens.length - format.columns.length
    if (surplus !== 0) return rejected(sample, number, surplus < 0 ? 'too-few-fields' : 'too-many-fields', '')
    try {
      const fields = fieldsOf(format, tokens, toAddress)
      return readRow(fields, format, tokens, number) ?? rejected(sample, number, 'without-address', '')
    } catch (error) {
      if (error instanceof Unreadable) return rejected(sample, number, error.reason, error.field)
      throw error
    }
  }
}

/** A rejected line with at most the first 256 characters of it. */
export const rejected = (line: string, number: number, reason: RejectionReason, detail: string): RejectedLine => ({
  kind: 'rejected',
  line: number,
  reason,
  detail,
  sample: line.slice(0, SAMPLE_LENGTH),
})

export function splitFields(line: string): readonly string[] {
  const tokens = (line.endsWith('\r') ? line.slice(0, -1) : line).split(' ')
  return tokens.includes('') ? tokens.filter(token => token !== '') : tokens
}

/** Undefined for a row with one address too few. */
function readRow(
  fields: Fields,
  format: Format,
  tokens: readonly string[],
  line: number,
): FlowRecord | SkippedLine | undefined {
  const { text, id, integer } = fields
  const source = readEnd(fields, format.sourceAddress, format.packetSource, format.sourcePort)
  const destination = readEnd(fields, format.destinationAddress, format.packetDestination, format.destinationPort)
  const startSeconds = integer(format.start, LARGEST_SECONDS)
  const endSeconds = integer(format.end, LARGEST_SECONDS)
  if (startSeconds !== undefined && endSeconds !== undefined && startSeconds > endSeconds) {
    throw new Unreadable('start-after-end', '')
  }
  const recorder = { account: id(format.account), interfaceId: id(format.interfaceId), resourceId: id(format.resource) }
  const common = { line, tokens, ...recorder, startSeconds, endSeconds }
  if (source === undefined && destination === undefined) {
    const status = skippedStatus(text(format.status))
    return status && { kind: 'skipped', status, ...common }
  }
  if (source === undefined || destination === undefined) return undefined
  return {
    kind: 'flow',
    ...common,
    vpc: id(format.vpc),
    region: id(format.region),
    transit: format.transit && {
      source: readTransitEnd(fields, format.transit.source),
      destination: readTransitEnd(fields, format.transit.destination),
    },
    source,
    destination,
    protocol: integer(format.protocol, 255),
    packets: integer(format.packets, Number.MAX_SAFE_INTEGER),
    bytes: integer(format.bytes, Number.MAX_SAFE_INTEGER),
    action: text(format.action),
    direction: directionOf(text(format.direction)),
  }
}

function readEnd(
  { address, integer }: Fields,
  observedAt: number,
  packetAt: number,
  portAt: number,
): RecordEnd | undefined {
  const observed = address(observedAt)
  const packet = address(packetAt)
  const port = integer(portAt, 65_535)
  const ip = packet ?? observed
  return ip && { ip, observed, packet, port }
}

const readTransitEnd = ({ id }: Fields, { account, vpc, interfaceId }: TransitColumns): TransitEnd => ({
  account: id(account),
  vpc: id(vpc),
  interfaceId: id(interfaceId),
})

/** No addresses and no status is NODATA; no addresses with status OK is a record that lost them. */
function skippedStatus(status: string | undefined): SkippedLine['status'] | undefined {
  if (status === 'SKIPDATA') return status
  return status === 'OK' ? undefined : 'NODATA'
}

const directionOf = (text: string | undefined) => (text === 'ingress' || text === 'egress' ? text : undefined)
