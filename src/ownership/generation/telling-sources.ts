import type { AddressBits } from '../address.ts'
import { LAYERS, type Layer } from '../claim.ts'
import type { SourceHistory } from '../coverage.ts'
import type { Millis } from '../window.ts'
import type { Generation } from './generation.ts'

/** One source, registered and not removed. `fromMs`: by domain, from when on it speaks of all that it watches there. */
type Told = { readonly history: SourceHistory; readonly fromMs: Map<number, Millis> }

/**
 * From when on nothing but its rows tells what a source says of an address: it is one source, registered and not removed, and
 * its polls speak of all that it watches around the address. From then on nothing of it is hearsay (attribution.ts), and what it
 * leaves open has no end.
 */
export class TellingSources {
  private readonly generation: Generation
  /** By number; null where a row of it does not tell all that counts. */
  private readonly bySource: (Told | null)[] = []
  private lastDomain = 0
  private lastName = ''

  constructor(generation: Generation) {
    this.generation = generation
  }

  /** Whether the source of a fact tells all from `atMs` on. */
  tellsFrom(atMs: Millis, marked: number, domain: number, addressOf: () => AddressBits): boolean {
    const told = this.toldBy(marked)
    if (told === null) return false
    const fromMs = told.fromMs.get(domain) ?? this.ofAll(told, domain)
    return fromMs <= atMs || this.tellsOf(atMs, told.history, domain, addressOf())
  }

  /** Whether a source that tells all watches the address at the layer of a fact. */
  watches(marked: number, domain: number, addressOf: () => AddressBits): boolean {
    const layer = LAYERS[this.generation.facts.layerRank(marked)] as Layer
    return this.toldBy(marked)?.history.space?.since(this.nameOf(domain), addressOf(), layer) !== undefined
  }

  /** Of all addresses of a domain, as it is kept for the next time. */
  private ofAll({ history, fromMs }: Told, domain: number): Millis {
    const name = this.nameOf(domain)
    const { scope = [], validity } = history.record ?? {}
    let allMs = Number.NEGATIVE_INFINITY
    for (const one of scope) {
      if (one.domain !== name) continue
      const sinceMs = Math.max(one.fromMs, validity?.fromMs ?? one.fromMs)
      allMs = Math.max(allMs, history.speaksFromMs(sinceMs))
    }
    fromMs.set(domain, allMs)
    return allMs
  }

  private tellsOf(atMs: Millis, history: SourceHistory, domain: number, address: AddressBits): boolean {
    const scopes = history.space?.scopesOf(this.nameOf(domain), address) ?? []
    return scopes.every(({ fromMs }) => history.speaksFromMs(fromMs) <= atMs)
  }

  private toldBy(marked: number): Told | null {
    const { facts } = this.generation
    const number = facts.sourceNumber(marked)
    const known = this.bySource[number]
    if (known !== undefined) return known
    const { source, alsoFrom, unnamedFrom } = facts.fact(marked)
    const history = alsoFrom === undefined && unnamedFrom === undefined ? this.generation.historyOf(source) : undefined
    const isLasting = history?.record?.validity.untilMs === Number.POSITIVE_INFINITY
    const told = isLasting ? { history, fromMs: new Map<number, Millis>() } : null
    this.bySource[number] = told
    return told
  }

  private nameOf(domain: number): string {
    if (domain !== this.lastDomain) {
      this.lastDomain = domain
      this.lastName = this.generation.domainName(domain)
    }
    return this.lastName
  }
}
