import type { Claim, SourceRecord } from './claim.ts'
import { isInScope, type KnownBefore } from './corrections.ts'
import type { SourceHistory } from './coverage.ts'
import { type Cell, type ClaimLedger, END_LATEST } from './ledger/claim-ledger.ts'
import { OPEN } from './ledger/fact-table.ts'
import { type Prefix, prefixBits } from './prefix.ts'
import type { Watched, WatchedSpace } from './scope.ts'
import type { Millis } from './window.ts'

/** What is known of one source's claims: which of them no scope covers that it had registered when that was last asked. */
type OfSource = {
  readonly number: number
  /** All its claims are this one and later ones. */
  readonly firstRef: number
  record: SourceRecord | undefined
  space: WatchedSpace | undefined
  /** A scope of it that covers the claim looked at last, or an earlier one. */
  likely: Watched | undefined
  beyond: number[]
}

/**
 * What `correctionsOf` asks, read off an index: always as it stands, nothing is copied. An answer costs as much as the claims
 * that it gives, plus, for `unendedOf`, one look at each claim that has come since the last time: where a claim lies and whose
 * it is never changes, so that the index need not tell of anything. A scope that is taken back, which no poller does, costs a
 * look at all claims since the source's first one; so does `all`, which is asked for at a source's first poll.
 */
export class KnownByIndex implements KnownBefore {
  private readonly ledger: ClaimLedger
  private readonly histories: ReadonlyMap<string, SourceHistory>
  private readonly horizons: ReadonlyMap<string, Millis>
  private readonly sources = new Map<string, OfSource>()
  /** The same, by the number of the source in the table of facts. */
  private readonly byNumber: OfSource[] = []
  private readonly domains: string[] = []
  /** Claims before this ref have been looked at. */
  private seen = 0

  constructor(
    ledger: ClaimLedger,
    histories: ReadonlyMap<string, SourceHistory>,
    horizons: ReadonlyMap<string, Millis>,
  ) {
    this.ledger = ledger
    this.histories = histories
    this.horizons = horizons
  }

  claimsAt(domain: string, prefix: Prefix): readonly Claim[] {
    const number = this.ledger.domains.numberOf(domain)
    return number < 0 ? [] : this.ledger.claimsOf({ ...prefixBits(prefix), domain: number })
  }

  isDomainKnown(domain: string, besides?: string): boolean {
    if (this.ledger.domains.numberOf(domain) >= 0) return true
    for (const { source, space } of this.histories.values()) if (source !== besides && space?.has(domain)) return true
    return false
  }

  historyOf(source: string): SourceHistory | undefined {
    return this.histories.get(source)
  }

  unendedOf(source: string, which: 'all' | 'beyond scope'): readonly Claim[] {
    this.catchUp()
    const found = this.sources.get(source)
    if (found === undefined) return []
    if (which === 'beyond scope') this.rescope(source, found)
    const refs = which === 'all' ? this.refsOf(found) : found.beyond
    return refs.filter(ref => this.isUnended(ref)).map(ref => this.ledger.claim(ref))
  }

  horizonMs(domain: string): Millis {
    return this.horizons.get(domain) ?? Number.NEGATIVE_INFINITY
  }

  private isUnended(ref: number): boolean {
    const { ledger } = this
    return (ledger.fact(ref) & OPEN) !== 0 || ledger.time(ref, END_LATEST) === Number.POSITIVE_INFINITY
  }

  private catchUp(): void {
    for (; this.seen < this.ledger.size; this.seen++) {
      const found = this.sourceOf(this.seen)
      if (!this.isWithin(found, this.seen)) found.beyond.push(this.seen)
    }
  }

  private sourceOf(ref: number): OfSource {
    const { facts } = this.ledger
    const fact = this.ledger.fact(ref)
    const number = facts.sourceNumber(fact)
    const known = this.byNumber[number]
    if (known) return known
    const { source } = facts.fact(fact)
    const { record, space } = this.histories.get(source) ?? {}
    const found: OfSource = { number, firstRef: ref, record, space, likely: undefined, beyond: [] }
    this.byNumber[number] = found
    this.sources.set(source, found)
    return found
  }

  /** Under a registration that covers all that the last one did, no claim falls out of scope. */
  private rescope(source: string, found: OfSource): void {
    const { record, space } = this.histories.get(source) ?? {}
    if (record === found.record) return
    const isWider = found.record?.scope.every(part => isInScope(part, space)) ?? true
    found.record = record
    found.space = space
    found.likely = undefined
    found.beyond = (isWider ? found.beyond : this.refsOf(found)).filter(ref => !this.isWithin(found, ref))
  }

  private refsOf({ number, firstRef }: OfSource): readonly number[] {
    const { ledger } = this
    const refs: number[] = []
    for (let ref = firstRef; ref < ledger.size; ref++) {
      if (ledger.facts.sourceNumber(ledger.fact(ref)) === number) refs.push(ref)
    }
    return refs
  }

  private isWithin(found: OfSource, ref: number): boolean {
    const cell = this.ledger.cell(ref)
    const around = found.space?.around(this.domainOf(cell), cell, found.likely)
    found.likely = around ?? found.likely
    return around !== undefined
  }

  private domainOf({ domain }: Cell): string {
    this.domains[domain] ??= this.ledger.domains.text(domain)
    return this.domains[domain]
  }
}
