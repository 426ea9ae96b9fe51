import { type Ip, toIp } from '../ownership/address.ts'
import { isDomainName } from '../ownership/domains.ts'
import { type Endpoint, endpointOf } from './endpoint.ts'
import { questionErrors } from './errors.ts'
import { excerpt } from './excerpt.ts'
import { parseTime } from './time.ts'

/** A question before the domain of a private address is settled (`decideDomain`). */
export type WrittenQuestion = {
  readonly ip: Ip
  readonly port: number | undefined
  readonly atMs: number
  readonly domain: string | undefined
}

/** Far longer than any address, time and domain together; what is longer is a paste gone wrong. */
export const LONGEST_QUESTION = 512

/**
 * A question as people write it: `52.11.120.97 @ 1495670748 in inet.0`, `10.1.2.3 in prod at 2026-11-20T14:05Z`,
 * `10.1.2.3 5 min ago`, `10.1.2.3:443`, `[2001:db8::1]:443`, `2001:db8::1 port 443`. The parts come in any order; "@" or
 * "at" may be left out; no time means now. A leading "whohad" and a closing question mark are passed over.
 *
 * @throws WHOHAD_QUESTION_MALFORMED, WHOHAD_ADDRESS_MALFORMED, WHOHAD_TIME_MALFORMED, WHOHAD_DOMAIN_MALFORMED,
 * WHOHAD_PORT_MALFORMED
 */
export function parseQuestion(text: string, nowMs: number): WrittenQuestion {
  const malformed = () => questionErrors.questionMalformed({ text: excerpt(text) })
  if (text.length > LONGEST_QUESTION) throw malformed()
  const { time, domains, ports, rest } = splitClauses(wordsOf(text))
  if (domains.length > 1) throw malformed()
  const { endpoint, others } = takeAddress([...rest, ...(time ?? [])], malformed)
  if (time !== undefined && others.length === 0) throw malformed()
  // A word beside the address that an "@" does not introduce is part of no clause: 10.1.2.3 foo @ now.
  if (time !== undefined && rest.filter(word => endpointOf(word) === undefined).length > 0) throw malformed()
  const [port, ...more] = endpoint.port === undefined ? ports : [endpoint.port, ...ports]
  if (more.length > 0) throw malformed()
  return {
    ip: endpoint.ip,
    port: port === undefined ? undefined : parsePort(port),
    atMs: others.length === 0 ? nowMs : parseTime(others.join(' '), nowMs),
    domain: domains[0] === undefined ? undefined : parseDomain(domains[0]),
  }
}

/** @throws WHOHAD_ADDRESS_MALFORMED */
export function parseAddressText(text: string): Ip {
  const ip = toIp(text.trim())
  if (ip === undefined) throw questionErrors.addressMalformed({ text: excerpt(text) })
  return ip
}

/** @throws WHOHAD_DOMAIN_MALFORMED */
export function parseDomain(text: string): string {
  const domain = text.trim()
  if (!isDomainName(domain)) throw questionErrors.domainMalformed({ text: excerpt(text) })
  return domain
}

/** @throws WHOHAD_PORT_MALFORMED */
export function parsePort(text: string): number {
  const digits = text.trim()
  const port = /^(0|[1-9]\d{0,4})$/.test(digits) ? Number(digits) : Number.NaN
  if (!(port <= 65_535)) throw questionErrors.portMalformed({ text: excerpt(text) })
  return port
}

const wordsOf = (text: string): string[] =>
  text
    .replace(/^\s*who\s?had\s+/i, '')
    .replace(/\s*\?\s*$/, '')
    .replaceAll('@', ' @ ')
    .split(/\s+/)
    .filter(word => word !== '')

type Clauses = {
  /** Words after "@" or "at"; undefined where neither was written. */
  readonly time: readonly string[] | undefined
  readonly domains: readonly string[]
  readonly ports: readonly string[]
  readonly rest: readonly string[]
}

function splitClauses(words: readonly string[]): Clauses {
  const rest: string[] = []
  const domains: string[] = []
  const ports: string[] = []
  let time: string[] | undefined
  let clause = rest
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? ''
    const keyword = word.toLowerCase()
    if (keyword === '@' || (keyword === 'at' && time === undefined)) {
      // A second "@" stays in the time, which then is malformed.
      if (time !== undefined) time.push(word)
      time ??= []
      clause = time
    } else if (keyword === 'in') {
      domains.push(words[++i] ?? '')
    } else if (keyword === 'port') {
      ports.push(words[++i] ?? '')
    } else {
      clause.push(word)
    }
  }
  return { time, domains, ports, rest }
}

/** The one word that is an address, and the others. Without one, the first word is what was meant as it. */
function takeAddress(
  words: readonly string[],
  malformed: () => Error,
): { endpoint: Endpoint; others: readonly string[] } {
  if (words.length === 0) throw malformed()
  const found = words.flatMap((word, i) => {
    const endpoint = endpointOf(word)
    return endpoint === undefined ? [] : [{ endpoint, i }]
  })
  const [first] = found
  if (first === undefined) throw questionErrors.addressMalformed({ text: excerpt(words[0] ?? '') })
  if (found.length > 1) throw malformed()
  return { endpoint: first.endpoint, others: words.toSpliced(first.i, 1) }
}
