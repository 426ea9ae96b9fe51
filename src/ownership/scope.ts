import type { Ip } from './address.ts'
import type { Layer, Scope, SourceRecord } from './claim.ts'
import { covers } from './prefix.ts'
import type { Millis } from './window.ts'

/**
 * What a source has ever vouched for stays in its scope (the past must stay answerable, and of what is gone it can say
 * that nobody holds it); what is new is vouched for from `fromMs` on.
 */
export function extendScope(
  held: readonly Scope[],
  seen: readonly Omit<Scope, 'fromMs'>[],
  fromMs: Millis,
): readonly Scope[] {
  const nameOf = (scope: Omit<Scope, 'fromMs'>) => `${scope.domain}|${scope.prefix}|${scope.layers.join(',')}`
  const known = new Set(held.map(nameOf))
  const added = new Map(seen.filter(scope => !known.has(nameOf(scope))).map(scope => [nameOf(scope), scope]))
  return [...held, ...[...added.values()].map(scope => ({ ...scope, fromMs }))]
}

/** Since when the source has watched this address, at this layer where one is asked for; undefined where it never did. */
export function watchedSince(source: SourceRecord, domain: string, ip: Ip, layer?: Layer): Millis | undefined {
  let sinceMs: Millis | undefined
  for (const scope of source.scope) {
    if (scope.domain !== domain || (layer !== undefined && !scope.layers.includes(layer))) continue
    if (!covers(scope.prefix, ip)) continue
    const fromMs = Math.max(scope.fromMs, source.validity.fromMs)
    sinceMs = sinceMs === undefined ? fromMs : Math.min(sinceMs, fromMs)
  }
  return sinceMs
}
