import type { AddressBits, Family } from '../address.ts'
import type { AmbiguousReason } from '../answer.ts'
import { type FactTable, OPEN, PLAIN } from '../ledger/fact-table.ts'
import type { Millis } from '../window.ts'
import type { Generation } from './generation.ts'
import { HandoffCandidates } from './handoff-candidates.ts'
import { RowsAround } from './rows-around.ts'
import { TellingSources } from './telling-sources.ts'
import { BEFORE_ALL_TIME, slotOf, ticksOf } from './ticks.ts'

export type HandoffReason = Extract<AmbiguousReason, 'handoff' | 'head' | 'tail' | 'spans-handoff'>

const HEAD = 1
const TAIL = 2
const BOTH = 4

/**
 * What `answer` (question.ts) says of a window in which an address changes hands, from the numbers of its rows: where each of
 * them has one owner of all ports, its source tells all of the window, and somebody may hold the address at any instant. Then no
 * rule needs to know more than when each is possible and certain, and the answer is `ambiguous` with candidates that have
 * names. All else is left to `answer`. It costs a fraction of that, and little code has to be compiled for it.
 */
export class PlainHandoffs {
  readonly candidates: HandoffCandidates
  private readonly generation: Generation
  private readonly facts: FactTable
  private readonly rows: RowsAround
  private readonly sources: TellingSources
  /** The window is cut there: its own ends among them, ascending. */
  private points = new Int32Array(2 + 4 * 16)
  private pointCount = 0
  /** Of the parts without an owner: HEAD, TAIL, BOTH. */
  private reasons = 0
  /** The first part's owner, as a row, or −1. */
  private holder = -1
  private hasSeveralHolders = false

  constructor(generation: Generation) {
    this.generation = generation
    this.facts = generation.facts
    this.rows = new RowsAround(generation)
    this.candidates = new HandoffCandidates(generation.facts, this.rows)
    this.sources = new TellingSources(generation)
  }

  /**
   * The reason of the `ambiguous` that `answer` would give, without a service, and its candidates in `candidates`; undefined
   * where the whole question has to be asked, or where nothing changes within the window, so that an answer holds for longer. The
   * window begins at the domain's horizon or later and ends by now. Words are signed; those that the family lacks are 0.
   */
  reasonOf(
    domain: number,
    family: Family,
    a: number,
    b: number,
    c: number,
    d: number,
    fromMs: Millis,
    untilMs: Millis,
  ): HandoffReason | undefined {
    const { generation, rows } = this
    const layers = generation.layersAt(slotOf(fromMs))
    if (layers === undefined || untilMs > layers.base.untilMs || generation.hasOverlay) return undefined
    const { base } = layers
    const from = ticksOf(fromMs, base.fromMs)
    const until = ticksOf(untilMs, base.fromMs)
    if (!rows.fill(base, domain, family, a, b, c, d, from, until)) return undefined
    const addressOf = () => ({ family, words: [a >>> 0, b >>> 0, c >>> 0, d >>> 0] as const })
    for (let i = 0; i < rows.count; i++) if (!this.isTold(i, domain, addressOf, fromMs, untilMs)) return undefined
    this.cut(from, until)
    return this.pointCount > 2 && this.decideAll() ? this.reason() : undefined
  }

  /** Whether all that counts of a row within the window stands in its numbers. */
  private isTold(row: number, domain: number, addressOf: () => AddressBits, fromMs: Millis, untilMs: Millis): boolean {
    const { rows, sources, generation } = this
    const fact = rows.facts[row] as number
    if (!sources.tellsFrom(fromMs, fact, domain, addressOf)) return false
    // Nobody saw it begin: evidence, if its source watched then.
    if (rows.possibleFroms[row] === BEFORE_ALL_TIME && !sources.watches(fact, domain, addressOf)) return false
    return (fact & OPEN) === 0 || untilMs <= (generation.certainty.progressMs[rows.sources[row] as number] as Millis)
  }

  /** As `cutPoints` of the sweep: what is cut besides where sources turn changes nothing here. */
  private cut(from: number, until: number): void {
    const { rows, points } = this
    points[0] = from
    points[1] = until
    this.pointCount = 2
    for (let i = 0; i < rows.count; i++) {
      this.cutAt(rows.possibleFroms[i] as number)
      this.cutAt(rows.certainFroms[i] as number)
      this.cutAt(rows.certainUntils[i] as number)
      this.cutAt(rows.possibleUntils[i] as number)
    }
  }

  private cutAt(point: number): void {
    const { points } = this
    const last = this.pointCount - 1
    if (point <= (points[0] as number) || point >= (points[last] as number)) return
    let at = last
    while ((points[at - 1] as number) > point) at--
    if (points[at - 1] === point) return
    points.copyWithin(at + 1, at, last + 1)
    points[at] = point
    this.pointCount++
  }

  private decideAll(): boolean {
    this.candidates.clear()
    this.reasons = 0
    this.holder = -1
    this.hasSeveralHolders = false
    for (let i = 0; i + 1 < this.pointCount; i++) {
      if (!this.decide(this.points[i] as number, this.points[i + 1] as number)) return false
    }
    return true
  }

  /** As `decideByEvidence` (attribution.ts). False where it says neither who holds the address nor that it changes hands. */
  private decide(from: number, until: number): boolean {
    const { rows, candidates } = this
    const top = candidates.firstLive(0, from)
    if (top === rows.count) return false
    const level = rows.levels[top]
    let certain = -1
    let isBeginning = false
    let isEnding = false
    let end = top
    for (; end < rows.count && rows.levels[end] === level; end++) {
      if (!candidates.isLive(end, from)) continue
      if (candidates.isCertain(end, from, until)) certain = certain < 0 ? end : rows.count
      else if (from < (rows.certainFroms[end] as number)) isBeginning = true
      else isEnding = true
    }
    if (certain === rows.count) return false
    if (certain >= 0) return this.hold(certain, top, end, from)
    for (let i = top; i < end; i++) if (candidates.isLive(i, from)) candidates.add(i)
    candidates.addBelow(end, from, until)
    this.reasons |= isBeginning && isEnding ? BOTH : isBeginning ? HEAD : TAIL
    return true
  }

  /** One row is certain over a part: its owner holds the address, if nobody of another source may hold it too. */
  private hold(certain: number, top: number, end: number, from: number): boolean {
    const { rows, candidates } = this
    for (let i = top; i < end; i++) {
      if (i !== certain && candidates.isLive(i, from) && rows.sources[i] !== rows.sources[certain]) return false
    }
    if (((rows.facts[certain] as number) & PLAIN) === 0) return false
    if (this.holder < 0) this.holder = certain
    else if (!this.isSameHolder(this.holder, certain)) this.hasSeveralHolders = true
    candidates.add(certain)
    return true
  }

  /** As `isSameHolder` (live-span.ts) of facts with one owner. */
  private isSameHolder(a: number, b: number): boolean {
    const { facts, rows } = this
    const [one, other] = [rows.facts[a] as number, rows.facts[b] as number]
    if (facts.layerRank(one) !== facts.layerRank(other)) return false
    const { owners } = facts
    const [first, second] = [facts.ownersNumber(one), facts.ownersNumber(other)]
    return (
      owners.resource(first) === owners.resource(second) && owners.application(first) === owners.application(second)
    )
  }

  /** As `combine` of parts that have an owner or change hands; undefined where one owner has all of them. */
  private reason(): HandoffReason | undefined {
    if (this.hasSeveralHolders) return 'spans-handoff'
    if (this.reasons === 0) return undefined
    if (this.reasons === HEAD) return 'head'
    return this.reasons === TAIL ? 'tail' : 'handoff'
  }
}
