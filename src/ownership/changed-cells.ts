import type { AddressBits, Family } from './address.ts'
import type { Claim } from './claim.ts'
import type { ChangedCell } from './generation/fold.ts'
import type { Row } from './generation/segment.ts'
import { slotOf } from './generation/ticks.ts'
import type { Cell, ClaimLedger } from './ledger/claim-ledger.ts'
import { maskWords } from './prefix.ts'
import { type HeldClaim, type Span, timelineOf } from './timeline.ts'
import type { Window } from './window.ts'

/** One prefix whose claims changed. Its timeline is made from the ledger when it is first asked for after a change. */
class Changed implements ChangedCell {
  readonly domain: number
  readonly family: Family
  readonly length: number
  readonly words: Cell['words']
  /** Of one of its claims. */
  readonly ref: number
  private readonly ledger: ClaimLedger
  private folded: Folded | undefined

  constructor(cell: Cell, ref: number, ledger: ClaimLedger) {
    this.ref = ref
    this.domain = cell.domain
    this.family = cell.family
    this.length = cell.length
    this.words = cell.words
    this.ledger = ledger
  }

  forget(): void {
    this.folded = undefined
  }

  get spans(): readonly Span[] {
    return this.fold().spans
  }

  get held(): Window {
    let fromMs = Number.POSITIVE_INFINITY
    let untilMs = Number.NEGATIVE_INFINITY
    for (const span of this.spans) {
      fromMs = Math.min(fromMs, span.possibleFromMs)
      untilMs = Math.max(untilMs, span.possibleUntilMs)
    }
    return { fromMs, untilMs }
  }

  rows(): readonly Row[] {
    const { ledger } = this
    const { spans, refOf } = this.fold()
    return spans.map(({ claim, ...times }) => {
      const ref = refOf.get(claim)
      // What several sources tell of is nobody's claim as it stands: it gets a fact of its own.
      const fact = ref === undefined ? ledger.facts.intern(claim) : ledger.fact(ref)
      return { ...times, lastSightingMs: claim.lastSightingMs, fact, claimRef: ref ?? ledger.refOf(claim.id) }
    })
  }

  private fold(): Folded {
    if (this.folded) return this.folded
    const refOf = new Map<Claim, number>()
    for (const ref of this.ledger.refsOf(this)) refOf.set(this.ledger.claim(ref), ref)
    this.folded = { spans: timelineOf([...refOf.keys()]), refOf: refOf as ReadonlyMap<HeldClaim, number> }
    return this.folded
  }
}

type Folded = { readonly spans: readonly Span[]; readonly refOf: ReadonlyMap<HeldClaim, number> }

/** Lengths of the prefixes that changed, by family, in one domain. */
type Lengths = Record<Family, Set<number>>

/** The prefixes whose claims changed since the segments were built: asked first, and folded in from time to time. */
export class ChangedCells {
  private readonly byNumber = new Map<number, Changed>()
  private readonly lengths = new Map<number, Lengths>()
  private readonly ledger: ClaimLedger

  constructor(ledger: ClaimLedger) {
    this.ledger = ledger
  }

  get size(): number {
    return this.byNumber.size
  }

  /** The claim with this ref is new, or was revised. */
  mark(ref: number): void {
    const number = this.ledger.cellNumber(ref)
    const known = this.byNumber.get(number)
    if (known) {
      known.forget()
      return
    }
    const cell = this.ledger.cell(ref)
    this.byNumber.set(number, new Changed(cell, ref, this.ledger))
    const lengths = this.lengths.get(cell.domain) ?? { 4: new Set<number>(), 6: new Set<number>() }
    this.lengths.set(cell.domain, lengths)
    lengths[cell.family].add(cell.length)
  }

  /** Every changed prefix that covers the address. One without spans is one of which nothing is left. */
  *covering(
    domain: number,
    address: AddressBits,
  ): Generator<{ readonly length: number; readonly spans: readonly Span[] }> {
    for (const length of this.lengths.get(domain)?.[address.family] ?? []) {
      const words = maskWords(address.words, length)
      const cell = this.byNumber.get(this.ledger.cellNumberOf({ domain, family: address.family, length, words }))
      if (cell) yield { length, spans: cell.spans }
    }
  }

  cells(): IterableIterator<Changed> {
    return this.byNumber.values()
  }

  /** The thirty days in which somebody may begin or end to hold one of these prefixes. */
  slots(): ReadonlySet<number> {
    const slots = new Set<number>()
    for (const { spans } of this.cells()) {
      for (const { possibleFromMs, possibleUntilMs } of spans) {
        if (Number.isFinite(possibleFromMs)) slots.add(slotOf(possibleFromMs))
        if (Number.isFinite(possibleUntilMs)) slots.add(slotOf(possibleUntilMs - 1))
      }
    }
    // Held since ever and for ever: any thirty days tell of it.
    if (slots.size === 0 && this.size > 0) slots.add(0)
    return slots
  }
}
