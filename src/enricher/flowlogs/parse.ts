import { type Ip, toIp } from '../../ownership/address.ts'
import type { Format } from './fields.ts'

/** Why a line is not a record, or why reading stopped. A closed list: each is counted under its name. */
export type RejectionReason =
  | 'too-few-fields'
  | 'too-many-fields'
  | 'malformed-number'
  | 'malformed-address'
  | 'start-after-end'
  | 'without-address'
  | 'line-too-long'
  | 'truncated-gzip'
  | 'corrupt-gzip'

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
}

/** A line that stands for an interval without records (NODATA) or with records lost (SKIPDATA). */
export type SkippedLine = {
  readonly kind: 'skipped'
  readonly line: number
  readonly status: 'NODATA' | 'SKIPDATA'
  readonly tokens: readonly string[]
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

const SAMPLE_LENGTH = 256
const REMEMBERED_ADDRESSES = 65_536
const LARGEST_SECONDS = 2 ** 32 - 1

export type LineParser = (line: string, number: number) => ParsedLine

/** Thrown and caught within this file only: a field that cannot be read ends its line, not the file. */
class Unreadable extends Error {
  readonly reason: RejectionReason
  readonly field: string
  constructor(reason: RejectionReason, field: string) {
    super(reason)
    this.reason = reason
    this.field = field
  }
}

/**
 * Reads the lines of one format. Fields are separated by runs of spaces and `-` is an absent one; a line whose field count
 * is not the header's is rejected whole, never shifted. A line without addresses is NODATA or SKIPDATA, and one with both
 * is a flow whatever its status says (both kinds of disagreement occur in public captures).
 */
export function lineParser(format: Format): LineParser {
  const addresses = new Map<string, Ip | undefined>()
  const remembered = (text: string): Ip | undefined => {
    const known = addresses.get(text)
    if (known !== undefined) return known
    const ip = toIp(text)
    if (addresses.size >= REMEMBERED_ADDRESSES) addresses.clear()
    if (ip !== undefined) addresses.set(text, ip)
    return ip
  }

  return (line, number) => {
    const tokens = splitFields(line)
    const surplus = tokens.length - format.columns.length
    if (surplus !== 0) return rejected(line, number, surplus < 0 ? 'too-few-fields' : 'too-many-fields', '')
    try {
      return readRecord(format, tokens, number, remembered) ?? rejected(line, number, 'without-address', '')
    } catch (error) {
      if (error instanceof Unreadable) return rejected(line, number, error.reason, error.field)
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

function splitFields(line: string): readonly string[] {
  const tokens = (line.endsWith('\r') ? line.slice(0, -1) : line).split(' ')
  return tokens.includes('') ? tokens.filter(token => token !== '') : tokens
}

function readRecord(
  format: Format,
  tokens: readonly string[],
  line: number,
  toAddress: (text: string) => Ip | undefined,
): FlowRecord | SkippedLine | undefined {
  const text = (at: number): string | undefined => {
    const token = at < 0 ? '-' : tokens[at]
    return token === '-' ? undefined : token
  }
  const integer = (at: number, largest: number): number | undefined => {
    const token = text(at)
    if (token === undefined) return undefined
    const value = toCount(token)
    if (value === undefined || value > largest) throw new Unreadable('malformed-number', format.columns[at] ?? '')
    return value
  }
  const address = (at: number): Ip | undefined => {
    const token = text(at)
    if (token === undefined) return undefined
    const ip = toAddress(token)
    if (ip === undefined) throw new Unreadable('malformed-address', format.columns[at] ?? '')
    return ip
  }
  const end = (observedAt: number, packetAt: number, portAt: number): RecordEnd | undefined => {
    const observed = address(observedAt)
    const packet = address(packetAt)
    const port = integer(portAt, 65_535)
    const ip = packet ?? observed
    return ip && { ip, observed, packet, port }
  }

  const source = end(format.sourceAddress, format.packetSource, format.sourcePort)
  const destination = end(format.destinationAddress, format.packetDestination, format.destinationPort)
  const startSeconds = integer(format.start, LARGEST_SECONDS)
  const endSeconds = integer(format.end, LARGEST_SECONDS)
  if (startSeconds !== undefined && endSeconds !== undefined && startSeconds > endSeconds) {
    throw new Unreadable('start-after-end', '')
  }
  if (source === undefined && destination === undefined) return skippedLine(text(format.status), line, tokens)
  if (source === undefined || destination === undefined) return undefined
  return {
    kind: 'flow',
    line,
    tokens,
    account: text(format.account),
    interfaceId: text(format.interfaceId),
    vpc: text(format.vpc),
    region: text(format.region),
    source,
    destination,
    protocol: integer(format.protocol, 255),
    packets: integer(format.packets, Number.MAX_SAFE_INTEGER),
    bytes: integer(format.bytes, Number.MAX_SAFE_INTEGER),
    startSeconds,
    endSeconds,
    action: text(format.action),
    direction: directionOf(text(format.direction)),
  }
}

/** No addresses and no status is NODATA; no addresses with status OK is a record that lost them. */
function skippedLine(status: string | undefined, line: number, tokens: readonly string[]): SkippedLine | undefined {
  if (status === 'SKIPDATA') return { kind: 'skipped', line, status, tokens }
  return status === 'OK' ? undefined : { kind: 'skipped', line, status: 'NODATA', tokens }
}

const directionOf = (text: string | undefined) => (text === 'ingress' || text === 'egress' ? text : undefined)

/** The value of decimal digits alone: no sign, no exponent, nothing that a number cannot hold exactly. */
function toCount(text: string): number | undefined {
  if (text.length === 0 || text.length > 16) return undefined
  let value = 0
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48
    if (digit < 0 || digit > 9) return undefined
    value = value * 10 + digit
  }
  return Number.isSafeInteger(value) ? value : undefined
}
