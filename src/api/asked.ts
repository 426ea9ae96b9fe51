import type { Ip } from '../ownership/address.ts'
import type { Question } from '../ownership/answer.ts'
import type { Window } from '../ownership/window.ts'
import { questionErrors } from './errors.ts'
import { parseAddressText, parseDomain, parsePort, parseQuestion } from './question.ts'
import { parseTime } from './time.ts'

/** A question in parts as they came, each as people write it. */
export type Asked = {
  readonly q?: string | undefined
  readonly ip?: string | undefined
  readonly at?: string | undefined
  readonly domain?: string | undefined
  readonly port?: string | undefined
  readonly from?: string | undefined
  readonly to?: string | undefined
}

/**
 * The question that was asked, as it is read at `nowMs`; `decide` names the domain where it does not (`decideDomain`).
 *
 * @throws any of `questionErrors`
 */
export function questionOf(asked: Asked, nowMs: number, decide: (ip: Ip) => string): Question {
  const { ip, port, domain, fromMs, untilMs } = asked.q === undefined ? partsOf(asked, nowMs) : written(asked, nowMs)
  return {
    ip,
    fromMs,
    untilMs,
    domain: domain ?? decide(ip),
    ...(port === undefined ? {} : { port }),
    nowMs,
  }
}

type Parts = Pick<Question, 'ip' | 'fromMs' | 'untilMs'> & {
  readonly domain: string | undefined
  readonly port: number | undefined
}

function written({ q = '', port, ...asked }: Asked, nowMs: number): Parts {
  const parameters = (['ip', 'at', 'domain', 'from', 'to'] as const).filter(name => asked[name] !== undefined)
  if (parameters.length > 0) throw questionErrors.formsMixed({ parameters })
  const question = parseQuestion(q, nowMs)
  if (question.port !== undefined && port !== undefined) throw questionErrors.formsMixed({ parameters: ['port'] })
  const { ip, atMs, domain } = question
  return { ip, domain, port: question.port ?? portOf(port), ...instant(atMs) }
}

function partsOf({ ip, domain, port, ...time }: Asked, nowMs: number): Parts {
  if (ip === undefined) throw questionErrors.questionMalformed({ text: '' })
  return {
    ip: parseAddressText(ip),
    port: portOf(port),
    domain: domain === undefined ? undefined : parseDomain(domain),
    ...windowOf(time, nowMs),
  }
}

const portOf = (text: string | undefined): number | undefined => (text === undefined ? undefined : parsePort(text))

/**
 * The instant `at`, or the span of `from` and `to`, or now.
 *
 * @throws WHOHAD_WINDOW_MALFORMED, WHOHAD_TIME_MALFORMED
 */
export function windowOf({ at, from, to }: Pick<Asked, 'at' | 'from' | 'to'>, nowMs: number): Window {
  if (from === undefined && to === undefined) return instant(at === undefined ? nowMs : parseTime(at, nowMs))
  if (at !== undefined) throw questionErrors.windowMalformed({ reason: '"at" stands beside "from" or "to"' })
  if (from === undefined || to === undefined) {
    throw questionErrors.windowMalformed({ reason: `"${from === undefined ? 'from' : 'to'}" is missing` })
  }
  const fromMs = parseTime(from, nowMs)
  const untilMs = parseTime(to, nowMs)
  if (fromMs >= untilMs) throw questionErrors.windowMalformed({ reason: '"from" is not before "to"' })
  return { fromMs, untilMs }
}

/** A point in time is one millisecond long (`Question`). */
const instant = (atMs: number): Window => ({ fromMs: atMs, untilMs: atMs + 1 })

/**
 * The moment of the log that `as_of` names.
 *
 * @throws WHOHAD_AS_OF_AHEAD, WHOHAD_TIME_MALFORMED
 */
export function asOfMsOf(text: string, nowMs: number): number {
  const asOfMs = parseTime(text, nowMs)
  if (asOfMs > nowMs) throw questionErrors.asOfAhead({ asOf: new Date(asOfMs).toISOString() })
  return asOfMs
}
