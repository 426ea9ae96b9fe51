import type { Millis } from '../../ownership/window.ts'
import { excerpt } from '../excerpt.ts'
import { parseDomain } from '../question.ts'
import { eddaErrors } from './errors.ts'

/** What stands behind the id of a resource: `10.1.2.3;_since=0;_all;_diff=2`. */
export type MatrixArguments = {
  readonly id: string
  readonly domain: string | undefined
  readonly atMs: Millis | undefined
  readonly sinceMs: Millis | undefined
  readonly untilMs: Millis | undefined
  readonly all: boolean
  readonly meta: boolean
  readonly pretty: boolean
  readonly limit: number
  /** Lines of context; null where no difference is asked for. */
  readonly diffContext: number | null
}

const MOST_REVISIONS = 1000
const WHOLE_DOCUMENT = 10_000
const KNOWN = new Set(['domain', '_at', '_since', '_until', '_all', '_meta', '_pp', '_limit', '_diff', '_expand'])

/** @throws WHOHAD_EDDA_ARGUMENT_REFUSED for one that is unknown, comes twice, or has no value that it may have */
export function matrixArguments(text: string): MatrixArguments {
  const [id = '', ...parts] = text.split(';')
  const given = new Map<string, string>()
  for (const part of parts) {
    const [, name = '', value = ''] = /^([^=]*)=?(.*)$/s.exec(part) ?? []
    if (!KNOWN.has(name)) refuse(name, 'it is not known here')
    if (given.has(name)) refuse(name, 'it is there twice')
    given.set(name, value)
  }
  const whole = (name: string): number | undefined => {
    const value = given.get(name)
    if (value === undefined) return undefined
    return /^\d{1,13}$/.test(value) ? Number(value) : refuse(name, 'it needs a whole number, for times in milliseconds')
  }
  const domain = given.get('domain')
  const [atMs, sinceMs, untilMs] = [whole('_at'), whole('_since'), whole('_until')]
  if (atMs !== undefined && (sinceMs ?? untilMs) !== undefined) refuse('_at', 'it stands beside _since or _until')
  if (untilMs !== undefined && sinceMs === undefined) refuse('_until', '_since is missing')
  return {
    id,
    domain: domain === undefined ? undefined : parseDomain(domain),
    atMs,
    sinceMs,
    untilMs,
    all: given.has('_all'),
    meta: given.has('_meta'),
    pretty: given.has('_pp'),
    limit: Math.min(MOST_REVISIONS, whole('_limit') ?? MOST_REVISIONS),
    diffContext: given.has('_diff') ? (given.get('_diff') === '' ? WHOLE_DOCUMENT : (whole('_diff') ?? 0)) : null,
  }
}

function refuse(argument: string, reason: string): never {
  throw eddaErrors.argumentRefused({ argument: excerpt(argument), reason })
}
