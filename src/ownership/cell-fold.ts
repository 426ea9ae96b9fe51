import type { Claim } from './claim.ts'
import {
  type ClaimLedger,
  END_EARLIEST,
  END_LATEST,
  LAST_SIGHTING,
  START_EARLIEST,
  START_LATEST,
} from './ledger/claim-ledger.ts'
import { OPEN } from './ledger/fact-table.ts'
import { ProvedTurns } from './proved-turns.ts'
import type { RowColumns } from './row-columns.ts'
import { type HeldClaim, timelineOf } from './timeline.ts'
import type { Millis } from './window.ts'

/** So many sources and layers on one prefix are looked at one after the other. */
const MOST_GROUPS = 8
/** In the place of the source and layer of a claim that was cut. */
const DONE = 2 ** 32 - 1
/** Up to so many rows are put in order by insertion: they come nearly in order. */
const FEW = 32

/**
 * Makes the rows of a prefix from the ledger: what `timelineOf` says of its claims. Nearly always no claim is joined with
 * another, and then the rows come from the ledger's numbers, with no claim decoded; where some are, `timelineOf` is asked.
 */
export class CellFold {
  private readonly ledger: ClaimLedger
  private readonly turns = new ProvedTurns()
  /** Of the claims that are being folded: ref, source and layer, possible times as they are cut, order. */
  private refs = new Uint32Array(64)
  private groups = new Uint32Array(64)
  private fromMs = new Float64Array(64)
  private untilMs = new Float64Array(64)
  private order = new Uint32Array(64)
  /** Some of them tell of flows, and are no claims of their own. */
  private hasFlows = false

  constructor(ledger: ClaimLedger) {
    this.ledger = ledger
  }

  /** Appends the rows of a cell, ordered by the start of what is possible. */
  fold(cellNumber: number, rows: RowColumns): void {
    const count = this.read(cellNumber)
    if (this.hasFlows || (count > 1 && (this.mayJoin(count) || !this.cut(count)))) this.foldWhole(count, rows)
    else this.write(count, rows)
  }

  /** Claims of the cell, the oldest first, each as it stands. */
  private read(cellNumber: number): number {
    const { ledger } = this
    const { facts } = ledger
    let count = 0
    for (let ref = ledger.first(cellNumber); ref >= 0; ref = ledger.next(ref)) count++
    if (count > this.refs.length) this.reserve(count)
    this.hasFlows = false
    let i = count
    for (let ref = ledger.first(cellNumber); ref >= 0; ref = ledger.next(ref)) {
      const fact = ledger.fact(ref)
      this.refs[--i] = ref
      const source = facts.sourceNumber(fact)
      this.groups[i] = source * 8 + facts.layerRank(fact)
      if (facts.isFlowSource(source)) this.hasFlows = true
      this.fromMs[i] = ledger.time(ref, START_EARLIEST)
      this.untilMs[i] = ledger.time(ref, END_LATEST)
    }
    return count
  }

  /** Rule 7 joins claims of several sources on one lifetime at one layer, and no others. */
  private mayJoin(count: number): boolean {
    const { groups, refs, ledger } = this
    const source = (groups[0] as number) >>> 3
    let i = 1
    while (i < count && (groups[i] as number) >>> 3 === source) i++
    if (i === count) return false
    const groupOf = new Map<number, number>()
    for (i = 0; i < count; i++) {
      const lifetime = ledger.lifetime(refs[i] as number)
      if (lifetime === 0) continue
      const group = groups[i] as number
      const key = lifetime * 8 + (group & 7)
      if ((groupOf.get(key) ?? group) !== group) return true
      groupOf.set(key, group)
    }
    return false
  }

  /** Rule 8, one source and layer after the other. False where there are too many of them. */
  private cut(count: number): boolean {
    let first = 0
    for (let groups = 0; first < count; groups++) {
      if (groups === MOST_GROUPS) return false
      this.cutGroup(first, count)
      while (first < count && this.groups[first] === DONE) first++
    }
    return true
  }

  /** Cuts the claims of one source and layer, of which the one at `first` is the first. */
  private cutGroup(first: number, count: number): void {
    const { ledger, turns, refs, groups } = this
    const { facts } = ledger
    const group = groups[first] as number
    turns.clear()
    for (let i = first; i < count; i++) {
      if (groups[i] !== group) continue
      const ref = refs[i] as number
      if (facts.isExclusive(ledger.fact(ref))) turns.add(ledger.time(ref, START_LATEST), ledger.time(ref, END_EARLIEST))
    }
    turns.sort()
    for (let i = first; i < count; i++) {
      if (groups[i] !== group) continue
      groups[i] = DONE
      this.cutOne(i, refs[i] as number)
    }
  }

  /** As `cutSpan` (timeline.ts). */
  private cutOne(i: number, ref: number): void {
    const { ledger, turns, fromMs, untilMs } = this
    const fact = ledger.fact(ref)
    if (!ledger.facts.isExclusive(fact) || ledger.time(ref, LAST_SIGHTING) === 0) return
    const certainFromMs = ledger.time(ref, START_LATEST)
    const certainUntilMs = ledger.time(ref, END_EARLIEST)
    fromMs[i] = turns.laterFrom(fromMs[i] as Millis, certainFromMs, certainUntilMs)
    untilMs[i] = turns.earlierUntil(untilMs[i] as Millis, certainFromMs, certainUntilMs, (fact & OPEN) !== 0)
  }

  /** What remains of each claim, in order. */
  private write(count: number, rows: RowColumns): void {
    const { ledger, refs, fromMs, untilMs, order } = this
    let left = 0
    for (let i = 0; i < count; i++) if ((fromMs[i] as Millis) < (untilMs[i] as Millis)) order[left++] = i
    this.sort(left)
    for (let place = 0; place < left; place++) {
      const i = order[place] as number
      const ref = refs[i] as number
      rows.push(
        fromMs[i] as Millis,
        ledger.time(ref, START_LATEST),
        ledger.time(ref, END_EARLIEST),
        untilMs[i] as Millis,
        ledger.time(ref, LAST_SIGHTING),
        ledger.fact(ref),
        ref,
      )
    }
  }

  private foldWhole(count: number, rows: RowColumns): void {
    const { ledger } = this
    const refOf = new Map<HeldClaim, number>()
    for (const ref of this.refs.subarray(0, count)) refOf.set(ledger.claim(ref), ref)
    for (const { claim, ...times } of timelineOf([...refOf.keys()] as Claim[])) {
      const ref = refOf.get(claim)
      // What several sources tell of is nobody's claim as it stands: it gets a fact of its own.
      const fact = ref === undefined ? ledger.facts.intern(claim) : ledger.fact(ref)
      rows.push(
        times.possibleFromMs,
        times.certainFromMs,
        times.certainUntilMs,
        times.possibleUntilMs,
        claim.lastSightingMs,
        fact,
        ref ?? ledger.refOf(claim.id),
      )
    }
  }

  private sort(count: number): void {
    const { order } = this
    if (count <= FEW) {
      for (let i = 1; i < count; i++) {
        const value = order[i] as number
        let at = i
        for (; at > 0 && this.compare(order[at - 1] as number, value) > 0; at--) order[at] = order[at - 1] as number
        order[at] = value
      }
      return
    }
    for (let i = 1; i < count; i++) {
      if (this.compare(order[i - 1] as number, order[i] as number) <= 0) continue
      order.subarray(0, count).sort((a, b) => this.compare(a, b))
      return
    }
  }

  private compare(a: number, b: number): number {
    const [fromA, fromB] = [this.fromMs[a] as Millis, this.fromMs[b] as Millis]
    if (fromA !== fromB) return fromA < fromB ? -1 : 1
    const { ledger, refs } = this
    return ledger.id(refs[a] as number) < ledger.id(refs[b] as number) ? -1 : 1
  }

  private reserve(count: number): void {
    const length = count * 2
    this.refs = new Uint32Array(length)
    this.groups = new Uint32Array(length)
    this.fromMs = new Float64Array(length)
    this.untilMs = new Float64Array(length)
    this.order = new Uint32Array(length)
  }
}
