import type { Answer, Question } from './answer.ts'
import { ChangedCells } from './changed-cells.ts'
import { type Change, type Claim, type Horizon, type Layer, layerRank } from './claim.ts'
import { claimsOfApplication } from './claims-of-application.ts'
import type { KnownBefore } from './corrections.ts'
import { type HistoryColumns, SourceHistory } from './coverage.ts'
import type { EncodedClaim } from './encoded-claim.ts'
import { folded, overlay } from './generation/fold.ts'
import { Generation, spanOf } from './generation/generation.ts'
import type { CoveringRows, SegmentColumns } from './generation/segment.ts'
import { SegmentSet } from './generation/segment-set.ts'
import { type InterfaceView, interfaceView } from './interface-view.ts'
import { KnownByIndex } from './known-before.ts'
import { ClaimLedger, type LedgerColumns, type Taken } from './ledger/claim-ledger.ts'
import { RefusedClaims, type RefusedColumns } from './ledger/refused-claims.ts'
import { outliving } from './outliving.ts'
import { answer, type Known } from './question.ts'
import { type SightableEdge, sightableEdges } from './sightable-edges.ts'
import { type SourceView, sourceViews } from './source-view.ts'
import type { StandingColumns } from './standing-index.ts'
import type { Millis, Window } from './window.ts'

export type { InterfaceView } from './interface-view.ts'
export type { SourceView } from './source-view.ts'

export type IndexCounts = {
  readonly claims: number
  readonly domains: number
  /** Claims that ended at or below their domain's horizon when they came in, and were not taken. */
  readonly refused: number
  /** Prefixes whose claims changed since the last compaction. */
  readonly changed: number
}

/** All of an index, in columns that nothing changes any more: what a checkpoint keeps. */
export type IndexColumns = {
  readonly ledger: LedgerColumns
  readonly segments: readonly SegmentColumns[]
  readonly histories: readonly HistoryColumns[]
  readonly horizons: readonly (readonly [domain: string, beforeMs: Millis])[]
  readonly refused: RefusedColumns
}

/** Prefixes that may have changed before it pays to fold them in: a share of all, within bounds. */
const FEWEST_TO_FOLD = 32_768
const MOST_TO_FOLD = 262_144
/** While nobody asks, folding the same prefixes again and again would only cost; what bounds this is memory. */
const MOST_WHILE_REPLAYING = 2_097_152

/**
 * All that is known, in memory. Pure: it changes by `apply` alone, and answers depend on nothing but what was applied, in
 * whatever order and however often. Compaction changes how fast it answers and how much memory it takes, never an answer.
 */
export class OwnershipIndex {
  private ledger: ClaimLedger
  private readonly histories = new Map<string, SourceHistory>()
  private readonly horizons = new Map<string, Millis>()
  private segments: SegmentSet
  private changed: ChangedCells
  /** What is being folded in, while it is: newer than the segments, older than `changed`. */
  private folding: ChangedCells | undefined
  private readonly refused: RefusedClaims
  private readonly known: Known
  private knownBefore: KnownByIndex
  /** Claims that were taken while others are let go of. */
  private takenMeanwhile: Claim[] | undefined

  constructor(columns?: IndexColumns) {
    this.ledger = new ClaimLedger(columns?.ledger)
    this.segments = new SegmentSet(columns?.segments ?? [])
    this.changed = new ChangedCells(this.ledger)
    this.refused = new RefusedClaims(columns?.refused)
    for (const history of columns?.histories ?? [])
      this.histories.set(history.source, new SourceHistory(history.source, history))
    for (const [domain, beforeMs] of columns?.horizons ?? []) this.horizons.set(domain, beforeMs)
    this.knownBefore = new KnownByIndex(this.ledger, this.histories, this.horizons)
    this.known = {
      covering: (domain, address, window) => this.covering(domain, address, window),
      hasDomain: domain => this.ledger.domains.numberOf(domain) >= 0,
      histories: () => this.histories.values(),
      historyOf: source => this.histories.get(source),
      horizonMs: domain => this.horizons.get(domain) ?? Number.NEGATIVE_INFINITY,
    }
  }

  apply(change: Change): void {
    if (change.record === 'claim') this.applyClaim(change)
    else if (change.record === 'progress') this.historyOf(change.source).advance(change)
    else if (change.record === 'source') this.historyOf(change.source).register(change)
    else this.applyHorizon(change)
  }

  /** As `apply` of the same claim as an object, in a fraction of the time. */
  applyEncoded(claim: EncodedClaim): void {
    const { ledger, refused } = this
    const horizonMs = this.horizons.get(claim.domain)
    if (horizonMs !== undefined && !refused.refusesNone(claim.endLatestMs, horizonMs)) {
      if (ledger.refOfEncoded(claim) < 0 && refused.refuses(claim.claim(), horizonMs)) return
    }
    this.markTaken(ledger.takeEncoded(claim))
  }

  ask(question: Question): Answer {
    return answer(question, this.known)
  }

  interfaceDuring(eni: string, window: Window): InterfaceView | undefined {
    return interfaceView(eni, this.ledger.claimsNaming(eni), window, source => this.histories.get(source))
  }

  /** What a packet through an interface may show more exactly than polls did. */
  sightableEdges(eni: string): readonly SightableEdge[] {
    return sightableEdges(eni, this.ledger.claimsNaming(eni), [...this.histories.values()])
  }

  /** What `correctionsOf` has to know before a change is applied: this index as it stands whenever it is read. */
  before(): KnownBefore {
    return this.knownBefore
  }

  /** Every claim of a layer, in the order in which they came. */
  *claimsOf(layer: Layer): Generator<Claim> {
    const { ledger } = this
    const rank = layerRank(layer)
    for (let ref = 0; ref < ledger.size; ref++) {
      if (ledger.facts.layerRank(ledger.fact(ref)) === rank) yield ledger.claim(ref)
    }
  }

  /** Every claim, in the order in which they came. */
  *claims(): Generator<Claim> {
    const { ledger } = this
    for (let ref = 0; ref < ledger.size; ref++) yield ledger.claim(ref)
  }

  /** Those that the last complete poll did not show: the next one will tell more of the time since they were last seen. */
  *missingClaims(): Generator<Claim> {
    const { ledger } = this
    for (let ref = 0; ref < ledger.size; ref++) if (ledger.facts.isMissing(ledger.fact(ref))) yield ledger.claim(ref)
  }

  /** What is known of the sources and how far back: with the claims, all that answers are made of. */
  watched(): Pick<IndexColumns, 'histories' | 'horizons'> {
    return {
      histories: [...this.histories.values()].map(history => history.columns()),
      horizons: [...this.horizons],
    }
  }

  /** As `claimsOfApplication` of claims-of-application.ts, of the claims that are known when it begins. */
  claimsOfApplication(application: string): Generator<Claim | undefined> {
    return claimsOfApplication(this.ledger, application)
  }

  sources(): readonly SourceView[] {
    return sourceViews(this.histories.values())
  }

  counts(): IndexCounts {
    const { ledger, refused, changed, folding } = this
    return {
      claims: ledger.size,
      domains: ledger.domains.size,
      refused: refused.count,
      changed: changed.size + (folding?.size ?? 0),
    }
  }

  /** Whether enough has changed that it is time for `compacting`; much later while a history is replayed and nobody asks. */
  needsCompaction(isReplaying = false): boolean {
    if (isReplaying) return this.changed.size > MOST_WHILE_REPLAYING
    const prefixes = this.segments.segments.reduce(
      (most, { hosts4, hosts6 }) => Math.max(most, hosts4.capacity + hosts6.capacity),
      0,
    )
    return this.changed.size > Math.min(MOST_TO_FOLD, Math.max(FEWEST_TO_FOLD, prefixes / 4))
  }

  /**
   * Folds what changed into new segments, and then puts them in the place of the old ones at once. Yields now and then;
   * between two steps the index may be asked and changed. One run at a time.
   */
  *compacting(): Generator<void, void> {
    if (this.folding || this.takenMeanwhile) throw new Error('a compaction is running already')
    const folding = this.changed
    this.folding = folding
    this.changed = new ChangedCells(this.ledger)
    const { cells, slots } = yield* folding.folded()
    this.segments = yield* folded(this.segments, cells, slots)
    this.folding = undefined
  }

  /**
   * Lets go of the claims that were over below their domain's horizon (`outliving`): no answer above it changes, but for how far below
   * it a window is shown to reach, and below it all are `expired`. Between two steps the index may be asked and changed; the last one gives what puts the rest in its
   * place, at once, and says how many went. Not while a compaction runs, nor one while this does. It needs the memory of what
   * stays a second time.
   */
  *forgetting(): Generator<void, () => number> {
    if (this.folding || this.takenMeanwhile) throw new Error('a compaction is running already')
    const { ledger } = this
    const horizonMs = (domain: number) => this.known.horizonMs(ledger.domains.text(domain))
    const kept = outliving(ledger, memoised(horizonMs))
    this.takenMeanwhile = []
    const next = new OwnershipIndex()
    for (const [ref, isKept] of kept.entries()) {
      if (isKept) next.markTaken(next.ledger.take(ledger.claim(ref)))
      if (ref % CLAIMS_OF_A_STEP === 0) yield
    }
    yield* next.compacting()
    return () => this.putInPlace(next, kept.length)
  }

  compact(): void {
    for (const _ of this.compacting());
  }

  /**
   * The index as it stands, for other threads: it does not change with this one. Costs as much as changed since the compaction.
   * Its quick look-ups carry no `nowMs`: they are for windows that are over by the reader's clock (`untilMs` no later than now).
   * Whatever reaches beyond is for `ask`, as a source with a fast clock may vouch for it already.
   */
  generation(): Generation {
    const { cells, slots } = completed(this.allChanged().folded())
    const over = overlay(this.segments, cells, slots)
    const { facts, domains, ids } = this.ledger.columns()
    return new Generation({
      base: this.segments.segments.map(segment => segment.columns),
      overlay: over.segments.map(segment => segment.columns),
      facts,
      domains,
      ids,
      histories: [...this.histories.values()].map(history => history.columns()),
      horizons: [...this.horizons],
    })
  }

  /**
   * What flow records are answered with by this thread and by others (`StandingIndex`). Nothing may be applied while they use
   * it: claims on interfaces are read from the ledger as it stands.
   */
  standing(): StandingColumns {
    const { ledger } = this
    return {
      generation: this.generation().columns,
      interfaceClaims: { ledger: ledger.columns(), interfaces: ledger.interfaceColumns() },
      serviceDomains: ledger.serviceDomains(),
    }
  }

  /** All of it, compacted; `new OwnershipIndex(columns)` answers alike. Nothing may be applied until they have been read. */
  columns(): IndexColumns {
    if (this.folding) throw new Error('a compaction is running: wait for its end')
    this.compact()
    return {
      ledger: this.ledger.columns(),
      segments: this.segments.segments.map(segment => segment.columns),
      histories: [...this.histories.values()].map(history => history.columns()),
      horizons: [...this.horizons],
      refused: this.refused.columns(),
    }
  }

  private historyOf(source: string): SourceHistory {
    const known = this.histories.get(source)
    if (known) return known
    const history = new SourceHistory(source)
    this.histories.set(source, history)
    return history
  }

  private putInPlace(next: OwnershipIndex, claimsBefore: number): number {
    const gone = claimsBefore - next.ledger.size
    for (const claim of this.takenMeanwhile ?? []) next.markTaken(next.ledger.take(claim))
    this.takenMeanwhile = undefined
    this.ledger = next.ledger
    this.segments = next.segments
    this.changed = next.changed
    this.knownBefore = new KnownByIndex(this.ledger, this.histories, this.horizons)
    return gone
  }

  private applyClaim(claim: Claim): void {
    const { ledger } = this
    const horizonMs = this.horizons.get(claim.domain)
    if (horizonMs !== undefined && ledger.refOf(claim.id) < 0 && this.refused.refuses(claim, horizonMs)) return
    this.markTaken(ledger.take(claim))
  }

  private markTaken({ ref, outcome }: Taken): void {
    if (outcome === 'known') return
    this.changed.mark(this.ledger.cellNumber(ref))
    this.takenMeanwhile?.push(this.ledger.claim(ref))
  }

  private applyHorizon({ domain, beforeMs }: Horizon): void {
    this.horizons.set(domain, Math.max(beforeMs, this.known.horizonMs(domain)))
  }

  /** Changed prefixes stand before those being folded in, and these before the segments. */
  private covering(
    domain: string,
    address: Parameters<Known['covering']>[1],
    window: Window,
  ): ReturnType<Known['covering']> {
    const number = this.ledger.domains.numberOf(domain)
    if (number < 0) return []
    const { facts, ids } = this.ledger
    const folded = this.segments.covering(number + 1, address, window)
    const changed = this.folding ? [...this.folding.covering(number, address, window)] : []
    for (const cell of this.changed.covering(number, address, window)) changed.push(cell)
    const found = changed.length === 0 ? folded : lastOfEachLength([...folded, ...changed])
    return found.map(({ length, rows }) => ({
      length,
      spans: rows.map(row => spanOf(row, address, length, facts, ids)),
    }))
  }

  private allChanged(): ChangedCells {
    if (this.folding === undefined) return this.changed
    const all = new ChangedCells(this.ledger)
    for (const cells of [this.folding, this.changed]) all.markAll(cells)
    return all
  }
}

const lastOfEachLength = (found: readonly CoveringRows[]): readonly CoveringRows[] => [
  ...new Map(found.map(one => [one.length, one])).values(),
]

/** A few milliseconds. */
const CLAIMS_OF_A_STEP = 500

function memoised(horizonMs: (domain: number) => Millis): (domain: number) => Millis {
  const known: Millis[] = []
  return domain => {
    known[domain] ??= horizonMs(domain)
    return known[domain]
  }
}

function completed<T>(steps: Generator<void, T>): T {
  for (;;) {
    const { done, value } = steps.next()
    if (done) return value
  }
}

export const createOwnershipIndex = (): OwnershipIndex => new OwnershipIndex()
