import type { Question } from './answer.ts'
import type { PortRange } from './claim.ts'
import { covers, type Prefix } from './prefix.ts'
import { union } from './stretches.ts'
import { type Millis, overlaps, type Window } from './window.ts'

/** A block of addresses in one domain. */
export type Place = { readonly domain: string; readonly prefix: Prefix }

/**
 * Answers may have changed to questions about this domain, an address in this prefix, and a window that touches
 * [fromMs, untilMs): their state, reason, holder, candidates, or what lies under them. With `ports`, only to questions that
 * name one of them.
 */
export type Affected = Place & Window & { readonly ports: PortRange | null }

/** Whether the answer to this question may be another one. */
export const mayHaveChanged = (question: Omit<Question, 'nowMs'>, affected: Affected): boolean =>
  question.domain === affected.domain &&
  overlaps(affected, question) &&
  (affected.ports === null || isAmong(question.port, affected.ports)) &&
  covers(affected.prefix, question.ip)

const isAmong = (port: number | undefined, { first, last }: PortRange): boolean =>
  port !== undefined && first <= port && port <= last

export const affected = (
  { domain, prefix }: Place,
  { fromMs, untilMs }: Window,
  ports: PortRange | null = null,
): Affected => ({
  domain,
  prefix,
  ports,
  fromMs,
  untilMs,
})

/** Every address of a domain. */
export const everywhere = (domain: string, window: Window): readonly Affected[] =>
  ['0.0.0.0/0', '::/0'].map(prefix => affected({ domain, prefix: prefix as Prefix }, window))

/** Each stretch once, without what lies below the horizon of its domain: that was `expired` and remains so. */
export function tidy(all: readonly Affected[], horizonMs: (domain: string) => Millis): readonly Affected[] {
  const byPlace = new Map<string, Affected[]>()
  for (const one of all) {
    const fromMs = Math.max(one.fromMs, horizonMs(one.domain))
    if (fromMs >= one.untilMs) continue
    const above = { ...one, fromMs }
    const key = JSON.stringify([one.domain, one.prefix, one.ports])
    const found = byPlace.get(key)
    if (found) found.push(above)
    else byPlace.set(key, [above])
  }
  return [...byPlace.values()].flatMap(found =>
    union(found).map(window => affected(found[0] as Affected, window, found[0]?.ports)),
  )
}
