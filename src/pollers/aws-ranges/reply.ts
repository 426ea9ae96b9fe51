import { type Prefix, toPrefix } from '../../ownership/prefix.ts'

/** One row: a service announces that it uses a prefix in a region. */
export type ServiceRange = {
  readonly prefix: Prefix
  readonly service: string
  /** `GLOBAL` for ranges of no region in particular. */
  readonly region: string
  readonly borderGroup: string | null
}

/** One version of the file. */
export type AwsRanges = {
  /**
   * When it was published, in seconds since 1970, as text: it names the version and orders versions. `createDate` says the
   * same for people (YYYY-MM-DD-hh-mm-ss, UTC). It is no start of anything: ranges are used before and after.
   */
  readonly syncToken: string
  readonly ranges: readonly ServiceRange[]
}

type Json = { readonly [key: string]: unknown }
const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * Reads the text of an ip-ranges.json (aws.md §4.1): all of it or, by what `malformed` makes, none. Unknown fields are left
 * alone, services and regions are open sets.
 */
export function readRanges(text: string, malformed: (what: string, cause?: unknown) => Error): AwsRanges {
  const file = parse(text, malformed)
  const { syncToken, prefixes, ipv6_prefixes } = file
  if (typeof syncToken !== 'string' || !/^\d{1,15}$/.test(syncToken))
    throw malformed('syncToken is not a number of seconds')
  if (!Array.isArray(prefixes) || !Array.isArray(ipv6_prefixes)) throw malformed('prefixes or ipv6_prefixes is no list')
  const ranges = [
    ...prefixes.map((row: unknown, i) => rangeOf(row, 'ip_prefix', `prefixes[${i}]`, malformed)),
    ...ipv6_prefixes.map((row: unknown, i) => rangeOf(row, 'ipv6_prefix', `ipv6_prefixes[${i}]`, malformed)),
  ]
  if (ranges.length === 0) throw malformed('it has no range at all')
  return { syncToken, ranges }
}

function parse(text: string, malformed: (what: string, cause?: unknown) => Error): Json {
  let file: unknown
  try {
    file = JSON.parse(text)
  } catch (cause) {
    throw malformed('it is not JSON', cause)
  }
  if (!isObject(file)) throw malformed('it is not an object')
  return file
}

function rangeOf(
  row: unknown,
  key: 'ip_prefix' | 'ipv6_prefix',
  where: string,
  malformed: (what: string) => Error,
): ServiceRange {
  if (!isObject(row)) throw malformed(`${where} is not an object`)
  const { [key]: cidr, service, region, network_border_group: group } = row
  const prefix = typeof cidr === 'string' && cidr.includes('/') ? toPrefix(cidr) : undefined
  if (prefix === undefined) throw malformed(`${where}.${key} is not a block like 192.0.2.0/24`)
  if (prefix.includes(':') !== (key === 'ipv6_prefix'))
    throw malformed(`${where}.${key} is a block of the other family`)
  if (typeof service !== 'string' || service === '') throw malformed(`${where} has no service`)
  if (typeof region !== 'string' || region === '') throw malformed(`${where} has no region`)
  return { prefix, service, region, borderGroup: typeof group === 'string' && group !== '' ? group : null }
}
