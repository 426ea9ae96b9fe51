import { type FactTable, OPEN, PLAIN } from '../ledger/fact-table.ts'
import type { Millis } from '../window.ts'
import type { Generation, Layers } from './generation.ts'
import {
  ALL_OF_IT,
  BY_BLOCKS,
  GROUP,
  GroupColumns,
  type LookUps,
  NO_HOST,
  NOT_BEGUN,
  OUT_OF_SEGMENT,
  STEP_BY_STEP,
} from './group-columns.ts'
import { LONG_COUNT, LONG_LOOK_BACK } from './host-directory.ts'
import { type Beside, LookUpBeside } from './look-up-beside.ts'
import { CERTAIN_FROM, CERTAIN_UNTIL, FACT, IN_FULL, POSSIBLE_UNTIL, REST, ROW } from './row-list.ts'
import { NAMED } from './segment.ts'
import { SEGMENT_MS, ticksInside, ticksOf } from './ticks.ts'

/** Up to so many rows of a prefix are compared one by one. */
const FEW = 16

/**
 * A few look-ups that go through the same steps together. A look-up waits for memory three times, one after the other: for
 * the entry of its host, for the starts of its rows, for the rest of one row. Here each step is done for the whole group,
 * and each ends by reading a word of what the next one needs, so that a processor, which runs ahead of reads that wait, has
 * many of them under way at once. That makes it three times as fast as look-ups one by one; hence these loops with all in
 * local names. What is not an address with one plain owner goes the way step by step (`Generation.ownerIn`).
 */
export class LookUpGroup {
  private readonly generation: Generation
  private readonly facts: FactTable
  private readonly lookUps: LookUps
  private readonly order: Uint32Array | undefined
  private readonly beside: LookUpBeside | undefined
  private baseMs: Millis = 0
  private readonly columns = new GroupColumns()
  /** What was read ahead, so that no compiler leaves the reading out. */
  private readAhead = 0

  constructor(generation: Generation, lookUps: LookUps, order: Uint32Array | undefined, beside?: Beside) {
    this.generation = generation
    this.facts = generation.facts
    this.lookUps = lookUps
    this.order = order
    this.beside = beside && new LookUpBeside(generation, this.columns, beside)
  }

  /** Takes look-ups from the `first` on, as many as begin in the segment with this base. Returns how many. */
  take(first: number, baseMs: Millis): number {
    const { lookUps, order } = this
    const { numbers, froms, untils, places } = this.columns
    const { fromMs, untilMs } = lookUps
    const most = Math.min(GROUP, lookUps.count - first)
    const endMs = baseMs + SEGMENT_MS
    this.baseMs = baseMs
    let size = 0
    for (; size < most; size++) {
      const i = order === undefined ? first + size : (order[first + size] as number)
      const from = fromMs[i] as number
      if (!(from >= baseMs && from < endMs)) break
      const until = untilMs[i] as number
      numbers[size] = i
      froms[size] = ticksInside(from, baseMs)
      untils[size] = ticksInside(until, baseMs)
      places[size] = until > endMs ? OUT_OF_SEGMENT : 0
    }
    this.columns.size = size
    return size
  }

  answer(layers: Layers, owners: Int32Array): void {
    this.readEntries(layers)
    this.findEntries(layers)
    this.chooseRows(layers)
    this.decide(layers, owners)
    this.beside?.tell(layers.base, this.baseMs, owners)
  }

  private readEntries({ base }: Layers): void {
    const { size, numbers, places } = this.columns
    const { domains, words, family } = this.lookUps
    const hosts = base.hosts(family)
    const { table, stride } = hosts
    let readAhead = 0
    for (let j = 0; j < size; j++) {
      const i = numbers[j] as number
      if (places[j] === OUT_OF_SEGMENT) continue
      const domain = domains[i] as number
      const home =
        family === 4
          ? hosts.home(domain, words[i] as number, 0, 0, 0)
          : hosts.home(
              domain,
              words[i * 4] as number,
              words[i * 4 + 1] as number,
              words[i * 4 + 2] as number,
              words[i * 4 + 3] as number,
            )
      places[j] = home * stride
      readAhead ^= table[home * stride] as number
    }
    this.readAhead ^= readAhead
  }

  private findEntries({ base, overlay }: Layers): void {
    const { size, numbers, places, packed } = this.columns
    const { domains, words, family } = this.lookUps
    const { table, stride, addressWords } = base.hosts(family)
    const { rows } = base.columns
    const changed = overlay?.hosts(family)
    let readAhead = 0
    for (let j = 0; j < size; j++) {
      let at = places[j] as number
      if (at < 0) continue
      const i = numbers[j] as number
      const domain = domains[i] as number
      const word = family === 4 ? i : i * 4
      if (changed?.has(domain, words, word)) {
        places[j] = STEP_BY_STEP
        continue
      }
      places[j] = NO_HOST
      while (table.length > 0) {
        const found = table[at + addressWords + 1] as number
        if (found === 0) break
        if (
          table[at] === words[word] &&
          found >>> 16 === domain &&
          (family === 4 ||
            (table[at + 1] === words[word + 1] &&
              table[at + 2] === words[word + 2] &&
              table[at + 3] === words[word + 3]))
        ) {
          const first = (table[at + addressWords] as number) * ROW
          places[j] = first
          packed[j] = found
          readAhead ^= rows[first] as number
          break
        }
        at += stride
        if (at === table.length) at = 0
      }
    }
    this.readAhead ^= readAhead
  }

  /** The last row that may have begun before the window ends. */
  private chooseRows({ base }: Layers): void {
    const { size, places, packed, untils, chosen } = this.columns
    const { rows, named } = base.columns
    const wantsClaims = this.beside?.wantsClaims ?? false
    let readAhead = 0
    for (let j = 0; j < size; j++) {
      const first = places[j] as number
      if (first < 0) continue
      const count = (packed[j] as number) & LONG_COUNT
      const until = untils[j] as number
      let low = 0
      if (count <= FEW) {
        // To the end, without a way out that no processor can foresee.
        for (let at = first; at < first + count; at++) low += Number((rows[at] as number) < until)
      } else {
        for (let high = count; low < high; ) {
          const middle = (low + high) >>> 1
          if ((rows[first + middle] as number) < until) low = middle + 1
          else high = middle
        }
      }
      if (low === 0 || count === LONG_COUNT) {
        places[j] = count === LONG_COUNT ? STEP_BY_STEP : NOT_BEGUN - first
        continue
      }
      const rest = first + count + (low - 1) * REST
      chosen[j] = low - 1
      readAhead ^= rows[rest] as number
      if (wantsClaims) readAhead ^= named[(first / ROW + low - 1) * NAMED] as number
    }
    this.readAhead ^= readAhead
  }

  /** As `RowList.certainFact`, where the last row that begins in time is alone and began before the window. */
  private decide(layers: Layers, owners: Int32Array): void {
    const { facts, baseMs } = this
    const { size, numbers, places, packed, froms, untils, chosen, steps } = this.columns
    steps.fill(0)
    const { progressMs } = this.generation.certainty
    const { rows } = layers.base.columns
    for (let j = 0; j < size; j++) {
      const i = numbers[j] as number
      const first = places[j] as number
      if (first < 0) {
        owners[i] = first === OUT_OF_SEGMENT ? IN_FULL : this.stepByStep(layers, j, first !== STEP_BY_STEP)
        continue
      }
      const last = chosen[j] as number
      const from = froms[j] as number
      const until = untils[j] as number
      const lookBack = ((packed[j] as number) >>> 12) & LONG_LOOK_BACK
      const rest = first + ((packed[j] as number) & LONG_COUNT) + last * REST
      const fact = rows[rest + FACT] as number
      let others = (rows[first + last] as number) > from || lookBack === LONG_LOOK_BACK ? 1 : 0
      for (let back = 1; back < lookBack && back <= last; back++) {
        if ((rows[rest - back * REST + POSSIBLE_UNTIL] as number) > from) others++
      }
      if (others > 0 || (fact & PLAIN) === 0) owners[i] = this.stepByStep(layers, j, false)
      else if ((rows[rest + POSSIBLE_UNTIL] as number) <= from) owners[i] = this.stepByStep(layers, j, true)
      else if ((rows[rest + CERTAIN_FROM] as number) > from || until > (rows[rest + POSSIBLE_UNTIL] as number))
        owners[i] = IN_FULL
      else if (until <= (rows[rest + CERTAIN_UNTIL] as number)) owners[i] = fact
      else if ((fact & OPEN) === 0) owners[i] = IN_FULL
      else {
        const completeUpTo = ticksOf(progressMs[facts.sourceNumber(fact)] as number, baseMs)
        owners[i] = until <= completeUpTo ? fact : IN_FULL
      }
    }
  }

  /** All that is left to other code: whom the blocks around name, where no host counts, or the whole of it. */
  private stepByStep(layers: Layers, j: number, isByBlocks: boolean): number {
    const { generation, columns } = this
    const { domains, words, family } = this.lookUps
    const i = columns.numbers[j] as number
    const at = family === 4 ? i : i * 4
    const a = words[at] as number
    const [b, c, d] =
      family === 4 ? [0, 0, 0] : [words[at + 1] as number, words[at + 2] as number, words[at + 3] as number]
    const [domain, from, until] = [domains[i] as number, columns.froms[j] as number, columns.untils[j] as number]
    columns.steps[j] = isByBlocks ? BY_BLOCKS : ALL_OF_IT
    const fact = isByBlocks
      ? generation.ownerByBlocks(layers, domain, family, a, b, c, d, from, until)
      : generation.ownerIn(layers, domain, family, a, b, c, d, from, until)
    if (fact >= 0) this.beside?.noteDeciding(j, isByBlocks)
    return fact
  }
}
