import { OPEN } from '../ledger/fact-table.ts'
import type { Millis } from '../window.ts'
import type { Generation } from './generation.ts'
import { BY_BLOCKS, type GroupColumns, NO_HOST, NOT_BEGUN } from './group-columns.ts'
import { LONG_COUNT, LONG_LOOK_BACK } from './host-directory.ts'
import { CERTAIN_FROM, CERTAIN_UNTIL, NOBODY, POSSIBLE_UNTIL, REST, ROW } from './row-list.ts'
import { NAMED, type Segment } from './segment.ts'
import { millisWithin, SEGMENT_MS, ticksOf } from './ticks.ts'

/** What else is told of each look-up, for whoever will ask about the same address again soon. */
export type Beside = {
  /**
   * The stretch around the window, within the segment, over which the answer is the same and is found in the same way: the
   * same row of the address alone owns it, or no claim on the address itself touches and one block around it owns it; where
   * the answer is NOBODY, over which no claim on the address itself touches. Empty where that is not known.
   */
  readonly fromMs: Float64Array
  readonly untilMs: Float64Array
  /** Where somebody owns it, the ref of his claim (`Generation.claimId`). Left out where nobody wants it: it costs a read. */
  readonly claims?: Int32Array | undefined
}

/** Tells what there is beside the answers of a group, once these are found. */
export class LookUpBeside {
  private readonly generation: Generation
  private readonly columns: GroupColumns
  private readonly beside: Beside
  private baseMs: Millis = 0

  constructor(generation: Generation, columns: GroupColumns, beside: Beside) {
    this.generation = generation
    this.columns = columns
    this.beside = beside
  }

  get wantsClaims(): boolean {
    return this.beside.claims !== undefined
  }

  /** `Generation.ownerByBlocks`, or `ownerIn`, has just found the owner of a look-up. */
  noteDeciding(j: number, isByBlocks: boolean): void {
    const { generation, columns } = this
    const { claims } = this.beside
    if (claims) claims[columns.numbers[j] as number] = generation.decidingClaim()
    const stretch = isByBlocks ? generation.decidingStretch() : undefined
    columns.blockFroms[j] = stretch?.from ?? 0
    columns.blockUntils[j] = stretch?.until ?? 0
  }

  tell(base: Segment, baseMs: Millis, owners: Int32Array): void {
    const { size, numbers, places, chosen, steps } = this.columns
    const { fromMs, untilMs, claims } = this.beside
    const { named } = base.columns
    this.baseMs = baseMs
    for (let j = 0; j < size; j++) {
      const i = numbers[j] as number
      const owner = owners[i] as number
      const isByRow = owner >= 0 && steps[j] === 0
      fromMs[i] = 0
      untilMs[i] = 0
      if (isByRow && claims) {
        claims[i] = named[((places[j] as number) / ROW + (chosen[j] as number)) * NAMED] as number
      }
      if (isByRow) this.tellRow(base, j, owner)
      else if (steps[j] === BY_BLOCKS && (owner === NOBODY || owner >= 0)) this.tellGap(base, j)
      if (owner >= 0 && steps[j] === BY_BLOCKS) this.cutAtBlock(j)
    }
  }

  /** Of the gap in which a block owns the address, the part in which that is certain. */
  private cutAtBlock(j: number): void {
    const { baseMs } = this
    const { numbers, blockFroms, blockUntils } = this.columns
    const { fromMs, untilMs } = this.beside
    const i = numbers[j] as number
    fromMs[i] = Math.max(fromMs[i] as number, millisWithin(blockFroms[j] as number, baseMs))
    untilMs[i] = Math.min(untilMs[i] as number, millisWithin(blockUntils[j] as number, baseMs))
  }

  /** From when to when the chosen row is certain, and alone. */
  private tellRow(base: Segment, j: number, fact: number): void {
    const { rows } = base.columns
    const { baseMs } = this
    const { fromMs, untilMs } = this.beside
    const first = this.columns.places[j] as number
    const last = this.columns.chosen[j] as number
    const count = (this.columns.packed[j] as number) & LONG_COUNT
    const rest = first + count + last * REST
    const from = Math.max(rows[rest + CERTAIN_FROM] as number, this.endBefore(base, j))
    let until = rows[rest + CERTAIN_UNTIL] as number
    if ((fact & OPEN) !== 0) {
      const progressMs = this.generation.certainty.progressMs[this.generation.facts.sourceNumber(fact)] as number
      until = Math.max(until, ticksOf(progressMs, baseMs))
    }
    until = Math.min(until, rows[rest + POSSIBLE_UNTIL] as number)
    if (last + 1 < count) until = Math.min(until, rows[first + last + 1] as number)
    const i = this.columns.numbers[j] as number
    fromMs[i] = millisWithin(from, baseMs)
    untilMs[i] = millisWithin(until, baseMs)
  }

  /** From the end of the row before to the start of the row after. */
  private tellGap(base: Segment, j: number): void {
    const { rows } = base.columns
    const { baseMs } = this
    const { fromMs, untilMs } = this.beside
    const place = this.columns.places[j] as number
    const i = this.columns.numbers[j] as number
    fromMs[i] = baseMs
    untilMs[i] = baseMs + SEGMENT_MS
    if (place === NO_HOST) return
    if (place < 0) {
      untilMs[i] = millisWithin(rows[NOT_BEGUN - place] as number, baseMs)
      return
    }
    const last = this.columns.chosen[j] as number
    const count = (this.columns.packed[j] as number) & LONG_COUNT
    const ended = rows[place + count + last * REST + POSSIBLE_UNTIL] as number
    fromMs[i] = millisWithin(Math.max(ended, this.endBefore(base, j)), baseMs)
    if (last + 1 < count) untilMs[i] = millisWithin(rows[place + last + 1] as number, baseMs)
  }

  /** When the last of the rows before the chosen one has surely ended. */
  private endBefore(base: Segment, j: number): number {
    const { rows } = base.columns
    const last = this.columns.chosen[j] as number
    const count = (this.columns.packed[j] as number) & LONG_COUNT
    const lookBack = ((this.columns.packed[j] as number) >>> 12) & LONG_LOOK_BACK
    const rest = (this.columns.places[j] as number) + count + last * REST
    let end = rows[(this.columns.places[j] as number) + last] as number
    for (let back = 1; back < lookBack && back <= last; back++) {
      end = Math.max(end, rows[rest - back * REST + POSSIBLE_UNTIL] as number)
    }
    return end
  }
}
