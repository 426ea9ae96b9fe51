import type { Format } from '../fields.ts'
import { type ParsedLine, tokenParser } from '../parse.ts'
import { putRecord } from '../put-record.ts'
import { ABSENT, type AddressColumn, DIRECTIONS, type RecordBatch } from '../record-batch.ts'
import { TextTable } from '../text-table.ts'
import { type NumberPage, type Page, type PageForm, type TextPage, textOfRow } from './page.ts'
import {
  gatherAddresses,
  gatherNumbers,
  gatherTexts,
  isWhole,
  judgeAddresses,
  judgeIds,
  judgeOrder,
  mayBeBad,
} from './row-loops.ts'

/** Rows one after another, each column within one of its pages; undefined for a column that is not read. */
export type Stretch = {
  /** Number of its first row within the file. */
  readonly firstRow: number
  readonly rows: number
  readonly pages: readonly (Page | undefined)[]
  /** Where the stretch begins in each page. */
  readonly places: readonly number[]
}

const LARGEST_PORT = 65_535
const LARGEST_SECONDS = 2 ** 32 - 1
const LARGEST_PROTOCOL = 255

/** In which form the columns of a format are wanted: those that attribution needs, by their place. */
export function formsOf(format: Format): ReadonlyMap<number, PageForm> {
  const { source, destination } = format.transit ?? {}
  const numbers = [format.sourcePort, format.destinationPort, format.protocol, format.packets, format.bytes]
  const texts = [...idColumns(format), format.sourceAddress, format.destinationAddress, format.packetSource]
  const more = [format.packetDestination, format.action, format.status, format.direction]
  return new Map([
    ...[...texts, ...more].map(at => [at, 'texts'] as const),
    ...[...numbers, format.start, format.end].map(at => [at, 'numbers'] as const),
    ...[source, destination].flatMap(end => Object.values(end ?? {}).map(at => [at, 'texts'] as const)),
  ])
}

const idColumns = ({ account, interfaceId, vpc, region, resource, transit }: Format): readonly number[] => [
  ...[account, interfaceId, vpc, region, resource],
  ...[transit?.source, transit?.destination].flatMap(end => (end ? Object.values(end) : [])),
]

/**
 * Puts rows into a batch. What is plainly a record goes there column by column; each other row is given to the parser of
 * text lines as the line that it would be, so that both kinds of file mean the same, with the same reasons.
 */
export class Assembler {
  readonly #batch: RecordBatch
  readonly #format: Format
  #texts = new TextTable()
  readonly #parse: (tokens: readonly string[], number: number, sample: string) => ParsedLine
  /** 1 for a row that only the parser can judge. */
  readonly #odd: Uint8Array
  readonly #kept: Int32Array
  /** The rows that are being put, as `gatherNumbers` takes them. */
  #gathered: Int32Array | undefined
  readonly #has: Uint8Array
  readonly #ids: readonly number[]
  /** Of each place of the batch: its stretch, and its row within that. */
  readonly #rowOf: Int32Array
  #stretches: { readonly firstPlace: number; readonly stretch: Stretch }[] = []

  constructor(batch: RecordBatch, format: Format) {
    const { capacity } = batch
    this.#batch = batch
    this.#format = format
    this.#parse = tokenParser(format)
    this.#odd = new Uint8Array(capacity)
    this.#kept = new Int32Array(capacity)
    this.#has = new Uint8Array(capacity)
    this.#ids = idColumns(format)
    this.#rowOf = new Int32Array(capacity)
    batch.texts = this.#texts
    batch.columns = format.columns
    batch.tokensOf = place => this.#tokensOfPlace(place)
  }

  clear(): void {
    this.#batch.clear()
    this.#stretches = []
    if (!this.#texts.isFull) return
    this.#texts = new TextTable()
    this.#batch.texts = this.#texts
  }

  /** Appends rows; the batch must have room for all of them. */
  append(stretch: Stretch): void {
    const batch = this.#batch
    this.#stretches.push({ firstPlace: batch.count, stretch })
    this.#judge(stretch)
    if (this.#odd.indexOf(1) < 0) {
      this.#putRows(stretch, undefined, stretch.rows)
      return
    }
    let kept = 0
    for (let row = 0; row < stretch.rows; row++) {
      if (this.#odd[row] === 0) {
        this.#kept[kept++] = row
        continue
      }
      const tokens = tokensOf(stretch, row)
      const line = this.#parse(tokens, stretch.firstRow + row, tokens.join(' '))
      if (line.kind !== 'flow') {
        batch.others.push(line)
        continue
      }
      this.#putRows(stretch, this.#kept, kept)
      kept = 0
      this.#rowOf[batch.count] = row
      putRecord(batch, line, this.#texts)
    }
    this.#putRows(stretch, this.#kept, kept)
  }

  #judge(stretch: Stretch): void {
    const format = this.#format
    const odd = this.#odd.fill(0)
    this.#judgeEnd(stretch, format.sourceAddress, format.packetSource)
    this.#judgeEnd(stretch, format.destinationAddress, format.packetDestination)
    this.#judgeNumbers(stretch, format.sourcePort, LARGEST_PORT)
    this.#judgeNumbers(stretch, format.destinationPort, LARGEST_PORT)
    this.#judgeNumbers(stretch, format.start, LARGEST_SECONDS)
    this.#judgeNumbers(stretch, format.end, LARGEST_SECONDS)
    this.#judgeNumbers(stretch, format.protocol, LARGEST_PROTOCOL)
    this.#judgeNumbers(stretch, format.packets, Number.MAX_SAFE_INTEGER)
    this.#judgeNumbers(stretch, format.bytes, Number.MAX_SAFE_INTEGER)
    for (const at of this.#ids) {
      const page = textPage(stretch, at)
      if (page) judgeIds(page, placeOf(stretch, at), stretch.rows, odd)
    }
    const [start, end] = [numberPage(stretch, format.start), numberPage(stretch, format.end)]
    if (!start || !end) return
    const [startPlace, endPlace] = [placeOf(stretch, format.start), placeOf(stretch, format.end)]
    judgeOrder(start.numbers, startPlace, end.numbers, endPlace, stretch.rows, odd)
  }

  /** Odd is what has neither address, and what has one that is none. */
  #judgeEnd(stretch: Stretch, observedAt: number, packetAt: number): void {
    const { rows } = stretch
    const observed = textPage(stretch, observedAt)
    const packet = textPage(stretch, packetAt)
    const odd = this.#odd
    if (
      [observed, packet].some(page => page && isWhole(page)) &&
      ![observed, packet].some(page => page && mayBeBad(page))
    ) {
      return
    }
    const has = this.#has.fill(0, 0, rows)
    if (observed) judgeAddresses(observed, placeOf(stretch, observedAt), rows, has, odd)
    if (packet) judgeAddresses(packet, placeOf(stretch, packetAt), rows, has, odd)
    for (let row = 0; row < rows; row++) if (has[row] === 0) odd[row] = 1
  }

  #judgeNumbers(stretch: Stretch, at: number, largest: number): void {
    const page = numberPage(stretch, at)
    if (page === undefined || page.largest <= largest) return
    const place = placeOf(stretch, at)
    for (let row = 0; row < stretch.rows; row++) {
      const number = page.numbers[place + row] ?? ABSENT
      if (number < ABSENT || number > largest) this.#odd[row] = 1
    }
  }

  /** Some rows, or so many from the first one on. */
  #putRows(stretch: Stretch, rows: Int32Array | undefined, kept: number): void {
    const batch = this.#batch
    const format = this.#format
    const from = batch.count
    batch.count += kept
    this.#gathered = rows
    const { firstRow } = stretch
    const rowOf = this.#rowOf
    const { lines } = batch
    for (let i = 0; i < kept; i++) {
      const row = rows ? (rows[i] as number) : i
      lines[from + i] = firstRow + row
      rowOf[from + i] = row
    }
    this.#putAddresses(stretch, format.sourceAddress, batch.sourceAddress, from, kept)
    this.#putAddresses(stretch, format.destinationAddress, batch.destinationAddress, from, kept)
    this.#putAddresses(stretch, format.packetSource, batch.packetSource, from, kept)
    this.#putAddresses(stretch, format.packetDestination, batch.packetDestination, from, kept)
    this.#putNumbers(stretch, format.sourcePort, batch.sourcePorts, from, kept)
    this.#putNumbers(stretch, format.destinationPort, batch.destinationPorts, from, kept)
    this.#putNumbers(stretch, format.protocol, batch.protocols, from, kept)
    this.#putNumbers(stretch, format.packets, batch.packets, from, kept)
    this.#putNumbers(stretch, format.bytes, batch.bytes, from, kept)
    this.#putNumbers(stretch, format.start, batch.startSeconds, from, kept)
    this.#putNumbers(stretch, format.end, batch.endSeconds, from, kept)
    this.#putTexts(stretch, format.account, batch.accounts, from, kept)
    this.#putTexts(stretch, format.interfaceId, batch.interfaces, from, kept)
    this.#putTexts(stretch, format.vpc, batch.vpcs, from, kept)
    this.#putTexts(stretch, format.region, batch.regions, from, kept)
    this.#putTexts(stretch, format.action, batch.actions, from, kept)
    this.#putDirections(stretch, from, kept)
    batch.transits.fill(format.transit === undefined ? 0 : 1, from, from + kept)
  }

  #putAddresses(stretch: Stretch, at: number, to: AddressColumn, from: number, kept: number): void {
    const page = textPage(stretch, at)
    if (page === undefined) to.families.fill(0, from, from + kept)
    else gatherAddresses(page, placeOf(stretch, at), this.#gathered, kept, to, from)
  }

  #putNumbers(stretch: Stretch, at: number, to: Float64Array | Int32Array | Int16Array, from: number, kept: number) {
    const page = numberPage(stretch, at)
    if (page === undefined) to.fill(ABSENT, from, from + kept)
    else gatherNumbers(page.numbers, placeOf(stretch, at), this.#gathered, kept, to, from)
  }

  #putTexts(stretch: Stretch, at: number, to: Int32Array, from: number, kept: number): void {
    const page = textPage(stretch, at)
    if (page === undefined) to.fill(ABSENT, from, from + kept)
    else gatherTexts(page, placeOf(stretch, at), this.#gathered, kept, this.#texts, to, from)
  }

  #putDirections(stretch: Stretch, from: number, kept: number): void {
    const { directions } = this.#batch
    const page = textPage(stretch, this.#format.direction)
    if (page === undefined) {
      directions.fill(0, from, from + kept)
      return
    }
    const place = placeOf(stretch, this.#format.direction)
    for (let i = 0; i < kept; i++) {
      const code = page.codes[place + (this.#gathered ? (this.#gathered[i] as number) : i)] ?? ABSENT
      const text = code < 0 ? '' : page.texts.textAt(code)
      directions[from + i] = text === DIRECTIONS[1] ? 1 : text === DIRECTIONS[2] ? 2 : 0
    }
  }

  #tokensOfPlace(place: number): readonly string[] {
    const found = this.#stretches.findLast(({ firstPlace }) => firstPlace <= place)
    return found === undefined ? [] : tokensOf(found.stretch, this.#rowOf[place] ?? 0)
  }
}

const tokensOf = ({ pages, places }: Stretch, row: number): readonly string[] =>
  pages.map((page, i) => (page === undefined ? '-' : textOfRow(page, (places[i] ?? 0) + row)))

const placeOf = ({ places }: Stretch, at: number): number => places[at] ?? 0

function textPage({ pages }: Stretch, at: number): TextPage | undefined {
  const page = at < 0 ? undefined : pages[at]
  return page?.kind === 'texts' ? page : undefined
}

function numberPage({ pages }: Stretch, at: number): NumberPage | undefined {
  const page = at < 0 ? undefined : pages[at]
  return page?.kind === 'numbers' ? page : undefined
}
