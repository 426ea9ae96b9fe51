import type { NativeBlock } from '../../store/native-block.ts'
import { NATIVE_TABLES } from '../../store/native-tables.ts'
import { DistinctEnds } from './distinct-ends.ts'
import { END_COLUMNS } from './end-block.ts'
import { EndGroups, GROUP_TEXTS } from './end-groups.ts'
import type { EndTexts } from './end-texts.ts'
import { DIRECTION_TEXTS, type FlowBlock, type RowsOf } from './flow-block.ts'
import { larger, WordRows } from './word-rows.ts'

const HOUR_SECONDS = 3600
const LARGEST_WORD = 2 ** 32 - 1

/** What tells groups apart. The second word is the action's number and the direction's. */
const [HOUR, HOW, SOURCE, DESTINATION, WIDTH] = [0, 1, 2, 3, 4]
/** What is known of a group: of bytes and packets the lower word, then the upper one. */
const [FLOWS, BYTES, PACKETS, SUMS] = [0, 1, 3, 5]

/** Up to 25 MB are kept with them. */
const MOST_GROUPS = 2 ** 18
const BLOCK_ROWS = 65_536

/**
 * Rows of the table `flow_hours` of one object, added up from its rows of `flows`: what the engine makes of these
 * (src/store/flow-hours.ts), each group once, with sums of 64 bits. An object of too many groups is left to the engine.
 */
export class FlowHours {
  private readonly mostGroups: number
  private readonly ends: EndGroups
  private readonly groups = new WordRows(WIDTH)
  private sums = new Uint32Array(SUMS * 64)
  /** By the number that groups have of them. */
  private readonly actions = new Map<string, number>()
  /** Of the rows of a block, their groups on one side. */
  private readonly distinct = new DistinctEnds(BLOCK_ROWS)
  private readonly zeros = new Uint32Array(BLOCK_ROWS)
  private readonly words = new Uint32Array(BLOCK_ROWS * 2)

  constructor(ends: EndTexts, mostGroups = MOST_GROUPS) {
    this.mostGroups = mostGroups
    this.ends = new EndGroups(ends)
  }

  /** False where the object has more groups than are kept: those that are there lack records then. */
  get areWhole(): boolean {
    return this.groups.size <= this.mostGroups
  }

  /** The next object. */
  begin(): void {
    this.sums.fill(0, 0, this.groups.size * SUMS)
    this.groups.clear()
    this.actions.clear()
    this.ends.forgetIfMany()
  }

  /** All rows of a block. */
  take({ rows, starts, actions, directions, bytes, packets, sources, destinations }: FlowBlock): void {
    const { groups, ends, mostGroups } = this
    const { asked } = groups
    const actionsHere = actions.texts.map(text => this.actionHere(text))
    ends.keepUp()
    for (let row = 0; row < rows && groups.size <= mostGroups; row++) {
      const start = starts[row] as number
      const action = actionsHere[actions.chosen[row] as number] as number
      asked[HOUR] = start - (start % HOUR_SECONDS)
      asked[HOW] = action * DIRECTION_TEXTS.length + (directions[row] as number)
      asked[SOURCE] = ends.of(sources.ends[row] as number)
      asked[DESTINATION] = ends.of(destinations.ends[row] as number)
      const at = groups.number() * SUMS
      if (at === this.sums.length) this.sums = larger(this.sums, at * 2)
      this.sums[at + FLOWS] = (this.sums[at + FLOWS] as number) + 1
      addLong(this.sums, at + BYTES, bytes, row)
      addLong(this.sums, at + PACKETS, packets, row)
    }
  }

  /** The object's rows, a block after another, each good until the next. */
  *encoded(into: NativeBlock, of: RowsOf): Generator<Uint8Array> {
    for (let from = 0; from < this.groups.size; from += BLOCK_ROWS) {
      yield this.encode(into, of, from, Math.min(BLOCK_ROWS, this.groups.size - from))
    }
  }

  private encode(into: NativeBlock, { objectId, generation }: RowsOf, from: number, rows: number): Uint8Array {
    const { words, groups, sums } = this
    into.begin(rows, NATIVE_TABLES.flow_hours.columns.length)
    into.chosen('object_id', [objectId], this.zeros)
    into.numbers('generation', 'Int32', words.fill(generation, 0, rows))
    for (let row = 0; row < rows; row++) words[row] = groups.words[(from + row) * WIDTH + HOUR] as number
    into.numbers('hour_seconds', 'UInt32', words)
    const how = (row: number) => groups.words[(from + row) * WIDTH + HOW] as number
    for (let row = 0; row < rows; row++) words[row] = how(row) / DIRECTION_TEXTS.length
    into.chosen('action', [...this.actions.keys()], words)
    for (let row = 0; row < rows; row++) words[row] = how(row) % DIRECTION_TEXTS.length
    into.chosen('direction', DIRECTION_TEXTS, words)
    this.encodeEnds(into, 'src', SOURCE, from, rows)
    this.encodeEnds(into, 'dst', DESTINATION, from, rows)
    for (let row = 0; row < rows; row++) words[row] = sums[(from + row) * SUMS + FLOWS] as number
    into.numbers('flows', 'UInt32', words)
    for (const [name, sum] of [
      ['bytes', BYTES],
      ['packets', PACKETS],
    ] as const) {
      for (let row = 0; row < rows; row++) {
        words[row * 2] = sums[(from + row) * SUMS + sum] as number
        words[row * 2 + 1] = sums[(from + row) * SUMS + sum + 1] as number
      }
      into.numbers(name, 'Int64', words)
    }
    return into.finished()
  }

  private encodeEnds(into: NativeBlock, side: 'src' | 'dst', word: number, from: number, rows: number): void {
    const { ends, distinct, groups } = this
    distinct.readFrom(groups.words, rows, ends.size, from * WIDTH + word, WIDTH)
    for (const [place, text] of GROUP_TEXTS.entries()) {
      distinct.encode(into, `${side}_${END_COLUMNS[text]}`, ends.textFields, place)
    }
  }

  private actionHere(text: string): number {
    const known = this.actions.get(text) ?? this.actions.size
    this.actions.set(text, known)
    return known
  }
}

function addLong(sums: Uint32Array, at: number, words: Uint32Array, row: number): void {
  const low = (sums[at] as number) + (words[row * 2] as number)
  sums[at] = low
  sums[at + 1] = (sums[at + 1] as number) + (words[row * 2 + 1] as number) + (low > LARGEST_WORD ? 1 : 0)
}
