import type { AddressBits } from './address.ts'
import type { Layer, Scope, SourceRecord } from './claim.ts'
import { coversBits, type PrefixBits, prefixBits } from './prefix.ts'
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

/** A scope with its prefix ready to be compared, and `fromMs` no earlier than its source's validity. */
export type Watched = {
  readonly domain: string
  readonly block: PrefixBits
  readonly layers: readonly Layer[]
  readonly fromMs: Millis
}

/** What one registration watches, made once for each and asked for every question. */
export class WatchedSpace {
  private readonly byDomain = new Map<string, Watched[]>()

  constructor(record: SourceRecord) {
    for (const { domain, prefix, layers, fromMs } of record.scope) {
      const watched = { domain, block: prefixBits(prefix), layers, fromMs: Math.max(fromMs, record.validity.fromMs) }
      this.byDomain.set(domain, [...(this.byDomain.get(domain) ?? []), watched])
    }
  }

  has(domain: string): boolean {
    return this.byDomain.has(domain)
  }

  /** The scopes that contain this address. */
  scopesOf(domain: string, address: AddressBits): readonly Watched[] {
    return (this.byDomain.get(domain) ?? []).filter(({ block }) => coversBits(block, address))
  }

  /** Some scope that contains all of a block: `likely` where it does, so that neighbours of one block cost one look each. */
  around(domain: string, block: PrefixBits, likely?: Watched): Watched | undefined {
    const contains = (one: Watched) => one.block.length <= block.length && coversBits(one.block, block)
    if (likely?.domain === domain && contains(likely)) return likely
    return this.byDomain.get(domain)?.find(contains)
  }

  /** Since when this address is watched, at this layer where one is asked for; undefined where it never was. */
  since(domain: string, address: AddressBits, layer?: Layer): Millis | undefined {
    let sinceMs: Millis | undefined
    for (const { block, layers, fromMs } of this.byDomain.get(domain) ?? []) {
      if (layer !== undefined && !layers.includes(layer)) continue
      if (!coversBits(block, address)) continue
      sinceMs = sinceMs === undefined ? fromMs : Math.min(sinceMs, fromMs)
    }
    return sinceMs
  }
}
