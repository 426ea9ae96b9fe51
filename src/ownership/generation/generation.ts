import type { AddressBits, Family } from '../address.ts'
import type { Answer, Question } from '../answer.ts'
import { type HistoryColumns, SourceHistory } from '../coverage.ts'
import { prefixOf } from '../ledger/claim-ledger.ts'
import { type FactColumns, FactTable } from '../ledger/fact-table.ts'
import { type TextColumns, TextTable } from '../ledger/text-table.ts'
import { maskWords } from '../prefix.ts'
import { answer, type Known, type Steady, steadyAround } from '../question.ts'
import { type SourceView, sourceViews } from '../source-view.ts'
import type { Span } from '../timeline.ts'
import type { Millis, Window } from '../window.ts'
import type { Block } from './block-directory.ts'
import { type Certainty, IN_FULL, NOBODY, type Ticks } from './row-list.ts'
import type { CoveringRows, Row, Segment, SegmentColumns } from './segment.ts'
import { SegmentSet } from './segment-set.ts'
import { slotOf, ticksOf } from './ticks.ts'

/** All that a thread needs to answer as of one moment. It can be posted to a worker: nothing is copied, nothing changes. */
export type GenerationColumns = {
  readonly base: readonly SegmentColumns[]
  readonly overlay: readonly SegmentColumns[]
  readonly facts: FactColumns
  readonly domains: TextColumns
  readonly ids: TextColumns
  readonly histories: readonly HistoryColumns[]
  readonly horizons: readonly (readonly [domain: string, beforeMs: Millis])[]
}

/** Segments of the same thirty days: all that was folded, and over it what changed since. */
export type Layers = { readonly base: Segment; readonly overlay: Segment | undefined }

/**
 * The index as it stood at one moment, read-only: segments, and over them what changed since those were built. A batch that
 * holds a generation sees nothing newer.
 */
export class Generation {
  readonly columns: GenerationColumns
  readonly facts: FactTable
  readonly base: SegmentSet
  private readonly overlay: SegmentSet
  private readonly domains: TextTable
  private readonly ids: TextTable
  private readonly histories: ReadonlyMap<string, SourceHistory>
  private readonly horizons: ReadonlyMap<string, Millis>
  readonly certainty: Certainty
  private readonly known: Known
  /** The segment in which `ownerIn` or `ownerByBlocks` last found an owner. */
  private deciding: Segment | undefined
  /** The block by which `ownerByBlocks` last found an owner, where it was the first to be asked; else −1. */
  private decidingBlock = -1

  constructor(columns: GenerationColumns) {
    this.columns = columns
    this.facts = new FactTable(columns.facts)
    this.base = new SegmentSet(columns.base)
    this.overlay = new SegmentSet(columns.overlay)
    this.domains = new TextTable(columns.domains)
    this.ids = new TextTable(columns.ids)
    this.histories = new Map(
      columns.histories.map(history => [history.source, new SourceHistory(history.source, history)]),
    )
    this.horizons = new Map(columns.horizons)
    const progressOf = (source: string) => this.histories.get(source)?.completeUpToMs ?? Number.NEGATIVE_INFINITY
    this.certainty = { facts: this.facts, progressMs: this.facts.progress(progressOf) }
    this.known = {
      covering: (domain, address, window) => this.covering(domain, address, window),
      hasDomain: domain => this.domains.numberOf(domain) >= 0,
      histories: () => this.histories.values(),
      historyOf: source => this.histories.get(source),
      horizonMs: domain => this.horizons.get(domain) ?? Number.NEGATIVE_INFINITY,
    }
  }

  ask(question: Question): Answer {
    return answer(question, this.known)
  }

  /** As `steadyAround` of question.ts. */
  steadyAround(question: Question): Steady | undefined {
    return steadyAround(question, this.known)
  }

  historyOf(source: string): SourceHistory | undefined {
    return this.histories.get(source)
  }

  /** Every source that is registered. */
  sources(): readonly SourceView[] {
    return sourceViews(this.histories.values())
  }

  /** The claim whose ref was told beside an owner. */
  claimId(ref: number): string {
    return this.ids.text(ref)
  }

  /** Ref of the claim by which `ownerIn` or `ownerByBlocks` last found an owner. */
  decidingClaim(): number {
    return this.deciding?.decidingClaim() ?? 0
  }

  /**
   * The ticks over which the block that last decided in `ownerByBlocks` names the same owner by the same claim, whatever the
   * wider ones say; undefined where that is not known.
   */
  decidingStretch(): Ticks | undefined {
    return this.decidingBlock < 0 ? undefined : this.deciding?.stretchOfBlock(this.decidingBlock, this.certainty)
  }

  /** Number of a domain for `ownerOf`, or 0 where nothing was ever claimed in it. Below `beforeMs` nothing is known of it. */
  domain(name: string): { readonly number: number; readonly beforeMs: Millis } {
    return { number: this.domains.numberOf(name) + 1, beforeMs: this.known.horizonMs(name) }
  }

  /** The name of a domain by its number, from 1. */
  domainName(number: number): string {
    return this.domains.text(number - 1)
  }

  /** Every block of a domain, by its number, that some claim is on at some time. */
  blocksOf(domain: number): readonly Block[] {
    const segments = [...this.base.segments, ...this.overlay.segments]
    return segments.flatMap(({ blocks }) => blocks.blocksOf(domain))
  }

  /**
   * The marked fact (fact-table.ts) of the one owner of an address throughout a window, exactly where `ask` would say
   * `owned` without having to weigh anything; else NOBODY, where no claim holds the address, or IN_FULL: ask. The window
   * begins at the domain's horizon or later. Words are signed 32-bit numbers; those that the family lacks are 0.
   */
  ownerOf(
    domain: number,
    family: Family,
    a: number,
    b: number,
    c: number,
    d: number,
    fromMs: Millis,
    untilMs: Millis,
  ): number {
    const layers = this.layersAt(slotOf(fromMs))
    if (layers === undefined || untilMs > layers.base.untilMs) return IN_FULL
    const { fromMs: baseMs } = layers.base
    return this.ownerIn(layers, domain, family, a, b, c, d, ticksOf(fromMs, baseMs), ticksOf(untilMs, baseMs))
  }

  /** Some of what the segments say was changed since they were built. */
  get hasOverlay(): boolean {
    return this.overlay.segments.length > 0
  }

  /** The segments of thirty days, one over the other; undefined where the base has none for them. */
  layersAt(slot: number): Layers | undefined {
    const base = this.base.get(slot)
    return base && { base, overlay: this.overlay.get(slot) }
  }

  /** As `ownerOf`, with ticks of the segment. Allocates nothing in the usual case. */
  ownerIn(
    layers: Layers,
    domain: number,
    family: Family,
    a: number,
    b: number,
    c: number,
    d: number,
    from: number,
    until: number,
  ): number {
    const { base, overlay } = layers
    if (overlay !== undefined) {
      const hosts = overlay.hosts(family)
      const entry = hosts.find(domain, a, b, c, d)
      if (entry >= 0) {
        const fact = overlay.ownerByHost(hosts, entry, from, until, this.certainty)
        this.deciding = overlay
        return fact !== NOBODY ? fact : this.ownerByBlocks(layers, domain, family, a, b, c, d, from, until)
      }
    }
    const hosts = base.hosts(family)
    const entry = hosts.find(domain, a, b, c, d)
    if (entry >= 0) {
      const fact = base.ownerByHost(hosts, entry, from, until, this.certainty)
      this.deciding = base
      if (fact !== NOBODY) return fact
    }
    return this.ownerByBlocks(layers, domain, family, a, b, c, d, from, until)
  }

  /** As `ownerIn`, where no claim on the address itself counts. The narrowest block first; of one and the same, the overlay's. */
  ownerByBlocks(
    { base, overlay }: Layers,
    domain: number,
    family: Family,
    a: number,
    b: number,
    c: number,
    d: number,
    from: number,
    until: number,
  ): number {
    let below = base.blocks.narrowestAround(domain, family, a, b, c, d)
    let above = overlay ? overlay.blocks.narrowestAround(domain, family, a, b, c, d) : -1
    let isFirst = true
    while (below >= 0 || above >= 0) {
      const belowLength = below >= 0 ? base.blocks.length(below) : -1
      const aboveLength = overlay && above >= 0 ? overlay.blocks.length(above) : -1
      const isAbove = overlay !== undefined && aboveLength >= belowLength
      this.deciding = isAbove ? overlay : base
      this.decidingBlock = !isFirst ? -1 : isAbove ? above : below
      isFirst = false
      const fact = isAbove
        ? overlay.ownerByBlock(above, from, until, this.certainty)
        : base.ownerByBlock(below, from, until, this.certainty)
      if (fact !== NOBODY) return fact
      if (belowLength >= aboveLength) below = base.blocks.widerThan(below)
      if (isAbove) above = overlay.blocks.widerThan(above)
    }
    return NOBODY
  }

  private covering(domain: string, address: AddressBits, window: Window): ReturnType<Known['covering']> {
    const number = this.domains.numberOf(domain) + 1
    if (number === 0) return []
    const byLength = new Map<number, CoveringRows>()
    for (const set of [this.base, this.overlay]) {
      for (const covering of set.covering(number, address, window)) byLength.set(covering.length, covering)
    }
    return [...byLength.values()].map(({ length, rows }) => ({
      length,
      spans: rows.map(row => spanOf(row, address, length, this.facts, this.ids)),
    }))
  }
}

/** A row as the evidence rules know it. */
export function spanOf(row: Row, address: AddressBits, length: number, facts: FactTable, ids: TextTable): Span {
  const { possibleFromMs, possibleUntilMs, certainFromMs, certainUntilMs, lastSightingMs } = row
  const prefix = prefixOf({ family: address.family, words: maskWords(address.words, length), length })
  const fact = facts.fact(row.fact)
  const { source, owners, layer, evidence, state, expects, whole, ports } = fact
  const isFromOne = fact.alsoFrom === undefined && fact.unnamedFrom === undefined
  const id = ids.text(row.claimRef)
  // Written out: a spread would take as long as half a look-up.
  const claim = isFromOne
    ? { id, prefix, lastSightingMs, source, owners, layer, evidence, state, expects, whole, ports }
    : { id, prefix, lastSightingMs, ...fact }
  return { claim, possibleFromMs, possibleUntilMs, certainFromMs, certainUntilMs }
}
