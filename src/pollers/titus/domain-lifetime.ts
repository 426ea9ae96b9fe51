import type { StatedTime } from '../../ownership/stated-times.ts'
import type { Millis } from '../../ownership/window.ts'

/**
 * What is stated of a holding, for a domain that its interface is in since `sinceMs` only, by the lifetime of a domain rule:
 * in that domain the holding began no earlier, and that it began somewhere else before then is no upper bound here.
 */
export function statedWithin(sinceMs: Millis, stated: readonly StatedTime[]): readonly StatedTime[] {
  if (sinceMs === Number.NEGATIVE_INFINITY) return stated
  const here = stated.filter(({ edge, kind, atMs }) => edge === 'end' || kind === 'not-before' || atMs >= sinceMs)
  return [...here, { edge: 'start', kind: 'not-before', subject: 'binding', atMs: sinceMs, clockErrorMs: 0 }]
}
