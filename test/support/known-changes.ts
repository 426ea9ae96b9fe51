import {
  type Change,
  type Claim,
  compareRevisions,
  type Revision,
  type SourceRecord,
  supersedes,
} from '../../src/ownership/claim.ts'
import { isInScope, type KnownBefore } from '../../src/ownership/corrections.ts'
import { SourceHistory } from '../../src/ownership/coverage.ts'

/** What the changes applied so far say, in plain maps and looked through from end to end. */
export class KnownChanges implements KnownBefore {
  private readonly claims = new Map<string, Claim>()
  private readonly sources = new Map<string, SourceRecord>()
  private readonly histories = new Map<string, SourceHistory>()
  private readonly refused = new Map<string, Revision>()
  private readonly horizons = new Map<string, number>()

  constructor(changes: readonly Change[] = []) {
    for (const change of changes) this.apply(change)
  }

  apply(change: Change): void {
    if (change.record === 'claim') this.take(change)
    else if (change.record === 'source') this.register(change)
    else if (change.record === 'progress') this.history(change.source).advance(change)
    else this.horizons.set(change.domain, Math.max(change.beforeMs, this.horizonMs(change.domain)))
  }

  claimsAt(domain: string, prefix: string): readonly Claim[] {
    return [...this.claims.values()].filter(claim => claim.domain === domain && claim.prefix === prefix)
  }

  isDomainKnown(domain: string, besides?: string): boolean {
    const others = [...this.sources.values()].filter(({ source }) => source !== besides)
    return (
      [...this.claims.values()].some(claim => claim.domain === domain) ||
      others.some(({ scope }) => scope.some(part => part.domain === domain))
    )
  }

  historyOf(source: string): SourceHistory | undefined {
    return this.histories.get(source)
  }

  unendedOf(source: string, which: 'all' | 'beyond scope'): readonly Claim[] {
    const unended = [...this.claims.values()].filter(
      claim => claim.source === source && (claim.state === 'open' || claim.end.latestMs === Number.POSITIVE_INFINITY),
    )
    return which === 'all' ? unended : unended.filter(claim => !isInScope(claim, this.histories.get(source)?.space))
  }

  horizonMs(domain: string): number {
    return this.horizons.get(domain) ?? Number.NEGATIVE_INFINITY
  }

  private history(source: string): SourceHistory {
    const history = this.histories.get(source) ?? new SourceHistory(source)
    this.histories.set(source, history)
    return history
  }

  /** What ended below the horizon before it was first heard of is not taken, nor is an older revision of it. */
  private take(claim: Claim): void {
    const held = this.claims.get(claim.id)
    const refused = this.refused.get(claim.id)
    if (held !== undefined) {
      if (supersedes(claim, held)) this.claims.set(claim.id, claim)
    } else if (claim.end.latestMs <= this.horizonMs(claim.domain)) {
      if (refused === undefined || compareRevisions(claim.revision, refused) > 0)
        this.refused.set(claim.id, claim.revision)
    } else if (refused === undefined || compareRevisions(claim.revision, refused) >= 0) {
      this.claims.set(claim.id, claim)
    }
  }

  private register(record: SourceRecord): void {
    this.history(record.source).register(record)
    const held = this.sources.get(record.source)
    if (held === undefined || supersedes(record, held)) this.sources.set(record.source, record)
  }
}
