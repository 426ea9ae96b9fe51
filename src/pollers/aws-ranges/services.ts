import { blockKey, type Prefix, prefixBits } from '../../ownership/prefix.ts'
import type { ServiceRange } from './reply.ts'

/** Who uses a prefix, as an answer names it. */
export type NamedRange = {
  readonly prefix: Prefix
  /** The service; several that stand side by side are joined by "+". */
  readonly service: string
  /** Null where the rows of this prefix do not agree. */
  readonly region: string | null
  readonly borderGroup: string | null
  /** All services listed for this very prefix, the umbrellas included. */
  readonly listed: readonly string[]
}

/** Lists every range of every service once more: it names nobody where anything else does. */
const UMBRELLA = 'AMAZON'
/** Addresses of EC2 may be any customer's: it gives way to a service that stands beside it on the same prefix. */
const CUSTOMERS = 'EC2'

/**
 * One name for each prefix. The longest prefix decides at an address, so a service within a range of EC2 or AMAZON wins by
 * its length. On one and the same prefix AMAZON gives way to any other, and EC2 to any but AMAZON; what is left of several
 * is named together, because the file does not tell them apart. A prefix that only AMAZON lists is left out within a range
 * of another service: it would hide the name that is known (aws.md §4.2).
 */
export function namedRanges(ranges: readonly ServiceRange[]): readonly NamedRange[] {
  const byPrefix = new Map<Prefix, ServiceRange[]>()
  for (const range of ranges) {
    const rows = byPrefix.get(range.prefix)
    if (rows) rows.push(range)
    else byPrefix.set(range.prefix, [range])
  }
  const named = [...byPrefix].map(([prefix, rows]) => nameOf(prefix, rows))
  const telling = new Set(named.filter(({ service }) => service !== UMBRELLA).map(({ prefix }) => keyOf(prefix)))
  return named.filter(({ prefix, service }) => service !== UMBRELLA || !isWithin(prefix, telling))
}

function nameOf(prefix: Prefix, rows: readonly ServiceRange[]): NamedRange {
  const listed = [...new Set(rows.map(({ service }) => service))].sort()
  const ranked = [listed.filter(isService), [CUSTOMERS].filter(name => listed.includes(name)), listed]
  const services = ranked.find(names => names.length > 0) ?? listed
  const deciding = rows.filter(({ service }) => services.includes(service))
  return {
    prefix,
    service: services.join('+'),
    region: onlyOne(deciding.map(({ region }) => region)),
    borderGroup: onlyOne(deciding.map(({ borderGroup }) => borderGroup)),
    listed,
  }
}

const isService = (name: string): boolean => name !== UMBRELLA && name !== CUSTOMERS

const onlyOne = (values: readonly (string | null)[]): string | null =>
  values.every(value => value === values[0]) ? (values[0] ?? null) : null

function keyOf(prefix: Prefix): string {
  const bits = prefixBits(prefix)
  return blockKey(bits, bits.length)
}

function isWithin(prefix: Prefix, blocks: ReadonlySet<string>): boolean {
  const bits = prefixBits(prefix)
  for (let length = bits.length - 1; length >= 0; length--) if (blocks.has(blockKey(bits, length))) return true
  return false
}
