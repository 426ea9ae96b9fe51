import type { Cell } from '../ledger/claim-ledger.ts'
import { widthOf } from '../prefix.ts'
import type { RowColumns } from '../row-columns.ts'
import type { Window } from '../window.ts'
import type { Row, Segment } from './segment.ts'
import { SegmentBuilder } from './segment-builder.ts'
import { SegmentSet } from './segment-set.ts'
import { baseOf, SEGMENT_MS } from './ticks.ts'

/** A prefix whose claims changed since the segments were built. */
export type ChangedCell = Cell & {
  /** From the first instant at which somebody may hold it to the last. */
  readonly held: Window
  /** Its rows now, ordered by the start of what is possible, among those of other prefixes. */
  readonly rows: RowColumns
  readonly firstRow: number
  readonly rowCount: number
}

/** Prefixes between two pauses of whoever folds. */
const PREFIXES_AT_A_TIME = 4096

/**
 * New segments in which the changed cells stand as they are now and all else as it was. `slots` are those in which an edge
 * of a window of a changed cell lies. Yields now and then, so that a caller can do other things between.
 */
export function* folded(
  base: SegmentSet,
  cells: readonly ChangedCell[],
  slots: Iterable<number>,
): Generator<void, SegmentSet> {
  const columns = []
  for (const slot of sorted([...base.segments.map(segment => segment.columns.slot), ...slots])) {
    // Where nothing began or ended until now, whoever was there reaches over the edge of a neighbour.
    const source = base.get(slot) ?? base.around({ fromMs: baseOf(slot), untilMs: baseOf(slot) + 1 })[0]
    const concerned = cells.filter(
      cell => touches(cell.held, slot) || (source !== undefined && placeIn(source, cell) !== undefined),
    )
    const isSame = source?.columns.slot === slot && concerned.length === 0
    const segment = isSame ? source : yield* rebuilt(slot, source, concerned)
    columns.push(segment.columns)
  }
  return new SegmentSet(columns)
}

/**
 * The changed cells alone, to be laid over the segments that they change: small, and made in a moment. Each cell stands in
 * every segment, without rows where nothing is left of it.
 */
export function overlay(base: SegmentSet, cells: readonly ChangedCell[], slots: Iterable<number>): SegmentSet {
  if (cells.length === 0) return new SegmentSet([])
  const columns = sorted([...base.segments.map(segment => segment.columns.slot), ...slots]).map(slot => {
    const builder = new SegmentBuilder(slot, { rows: cells.length * 2, hosts4: cells.length, hosts6: 0 })
    for (const cell of cells) add(builder, slot, cell)
    return builder.finish().columns
  })
  return new SegmentSet(columns)
}

const sorted = (slots: readonly number[]): readonly number[] => [...new Set(slots)].sort((a, b) => a - b)

const touches = (window: Window, slot: number): boolean =>
  window.fromMs < baseOf(slot) + SEGMENT_MS && window.untilMs > baseOf(slot)

function add(builder: SegmentBuilder, slot: number, cell: ChangedCell): void {
  const [a, b, c, d] = cell.words
  builder.prefix(cell.domain + 1, cell.family, cell.length, a, b, c, d)
  const { rows, firstRow, rowCount } = cell
  const fromMs = baseOf(slot)
  for (let row = firstRow; row < firstRow + rowCount; row++) {
    const possibleFromMs = rows.possibleFromMs(row)
    const possibleUntilMs = rows.possibleUntilMs(row)
    if (possibleFromMs >= fromMs + SEGMENT_MS || possibleUntilMs <= fromMs) continue
    builder.row(
      possibleFromMs,
      rows.certainFromMs(row),
      rows.certainUntilMs(row),
      possibleUntilMs,
      rows.lastSightingMs(row),
      rows.fact(row),
      rows.claimRef(row),
    )
  }
}

const touchesRow = (row: Row, slot: number): boolean =>
  touches({ fromMs: row.possibleFromMs, untilMs: row.possibleUntilMs }, slot)

function* rebuilt(
  slot: number,
  source: Segment | undefined,
  changed: readonly ChangedCell[],
): Generator<void, Segment> {
  const builder = new SegmentBuilder(slot, expected(source, changed))
  if (source) yield* copyUnchanged(builder, slot, source, changed)
  for (const [i, cell] of changed.entries()) {
    add(builder, slot, cell)
    if (i % PREFIXES_AT_A_TIME === 0) yield
  }
  return builder.finish()
}

function expected(source: Segment | undefined, changed: readonly ChangedCell[]) {
  const hosts4 = changed.filter(cell => cell.family === 4).length
  return {
    rows: (source?.rowCount ?? 0) + changed.length * 2,
    hosts4: (source?.hosts4.capacity ?? 0) + hosts4,
    hosts6: (source?.hosts6.capacity ?? 0) + changed.length - hosts4,
  }
}

function* copyUnchanged(
  builder: SegmentBuilder,
  slot: number,
  source: Segment,
  changed: readonly ChangedCell[],
): Generator<void> {
  const skipped = placesIn(source, changed)
  let seen = 0
  for (const family of [4, 6] as const) {
    const hosts = source.hosts(family)
    for (const entry of hosts.entries()) {
      if (++seen % PREFIXES_AT_A_TIME === 0) yield
      if (skipped[family].has(entry)) continue
      const { domain, words } = hosts.keyOf(entry)
      copy(builder, slot, source, source.rangeOf(hosts, entry), domain, family, widthOf(family), words)
    }
  }
  for (let i = 0; i < source.blocks.size; i++) {
    if (skipped.blocks.has(i)) continue
    const { domain, family, length, words } = source.blocks.block(i)
    copy(builder, slot, source, source.blocks.rangeOf(i), domain, family, length, words)
  }
}

function copy(
  builder: SegmentBuilder,
  slot: number,
  source: Segment,
  range: { readonly first: number; readonly count: number; readonly lookBack: number },
  domain: number,
  family: 4 | 6,
  length: number,
  words: readonly [number, number, number, number],
): void {
  if (source.columns.slot === slot) {
    builder.prefix(domain, family, length, ...words)
    builder.copy(source, range)
    return
  }
  const window = { fromMs: baseOf(slot), untilMs: baseOf(slot) + SEGMENT_MS }
  const rows = source.touching(range, window).filter(row => touchesRow(row, slot))
  if (rows.length === 0) return
  builder.prefix(domain, family, length, ...words)
  for (const row of rows) builder.add(row)
}

type Places = { readonly 4: Set<number>; readonly 6: Set<number>; readonly blocks: Set<number> }

function placesIn(segment: Segment, cells: readonly ChangedCell[]): Places {
  const places: Places = { 4: new Set(), 6: new Set(), blocks: new Set() }
  for (const cell of cells) {
    const place = placeIn(segment, cell)
    if (place !== undefined) (cell.length === widthOf(cell.family) ? places[cell.family] : places.blocks).add(place)
  }
  return places
}

/** Entry of a host, or index of a block, in a segment. */
function placeIn(segment: Segment, { domain, family, length, words }: Cell): number | undefined {
  const [a, b, c, d] = [words[0] | 0, words[1] | 0, words[2] | 0, words[3] | 0]
  if (length === widthOf(family)) {
    const entry = segment.hosts(family).find(domain + 1, a, b, c, d)
    return entry < 0 ? undefined : entry
  }
  const { blocks } = segment
  let block = blocks.narrowestAround(domain + 1, family, a, b, c, d)
  while (block >= 0 && blocks.length(block) > length) block = blocks.widerThan(block)
  return block >= 0 && blocks.length(block) === length ? block : undefined
}
