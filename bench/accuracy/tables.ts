import { BASELINES } from './baselines/all.ts'
import { HAPPENINGS, type Happened } from './events.ts'
import type { BenchFigures, CellFigures } from './figures.ts'

/** A column of a table that has a row for each cell. */
type Column = readonly [head: string, of: (one: CellFigures) => string | number]

const row = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`
const table = (cells: readonly CellFigures[], columns: readonly Column[]): string =>
  [
    row(columns.map(([head]) => head)),
    row(columns.map(() => '---')),
    ...cells.map(one => row(columns.map(([, of]) => of(one)))),
  ].join('\n')
const percent = (share: number, digits = 1): string => `${(100 * share).toFixed(digits)} %`
const number = (value: number): string => value.toLocaleString('en-GB')

const flowsOf = (outcomes: CellFigures['both'], ...names: readonly string[]): number =>
  names.reduce((sum, name) => sum + (outcomes[name]?.[0] ?? 0), 0)
/** Ends of which something was said for certain. */
const saidOf = ({ source, destination, records }: CellFigures): number =>
  2 * records - [source, destination].reduce((sum, ends) => sum + flowsOf(ends, 'ambiguous', 'unknown'), 0)

const CELL: Column = ['cell', one => one.cell]
const SAYS: Column = ['what is otherwise', one => one.says]

const kind = (head: string, name: string): Column => [head, one => percent(one.by_kind[name]?.flows ?? 0)]
const SHARES: readonly Column[] = [
  CELL,
  ['wrong', one => one.wrong],
  ['ends owned', one => percent(one.owned_share)],
  ['by bytes', one => percent(one.owned_share_bytes)],
  ['limit', one => percent(one.arithmetic_limit)],
  kind('containers', 'container'),
  kind('instances', 'instance'),
  kind('blocks', 'block'),
  kind('public', 'public'),
  ['final after, s', one => one.answer_delay_seconds.median ?? '-'],
  ['p99', one => one.answer_delay_seconds.p99 ?? '-'],
  ['at the cap', one => percent(one.answer_delay_seconds.never / one.records)],
  ['owned in batch', one => percent(one.batch.owned_share)],
  ['narrowed', one => one.batch.narrowed],
  ['batch differs', one => one.batch.differing],
]

/** Of both ends of all records. */
const outcome = (name: string): Column => [
  name,
  one => percent((flowsOf(one.source, name) + flowsOf(one.destination, name)) / (2 * one.records)),
]
const OUTCOMES: readonly Column[] = [
  CELL,
  ['ends', one => number(2 * one.records)],
  ...['owned', 'unnamed', 'unowned', 'external', 'unseen', 'ambiguous', 'unknown'].map(outcome),
  ['both ends owned', one => percent(flowsOf(one.both, 'owned') / one.records)],
  ['edges wrong', one => one.wrong_edges],
  ['edges found', one => percent(one.edges.found_share)],
  ['by bytes', one => percent(one.edges.found_share_bytes)],
]

const wrongFlows = (head: string, name: string): Column => [
  head,
  one => percent(one.baselines[name]?.wrong_share.flows ?? 0),
]
const wrongEdges = (name: string): Column => ['edges', one => percent(one.baselines[name]?.wrong_share.edges ?? 0)]
const COMPARED: readonly Column[] = [
  CELL,
  ['whohad', one => one.wrong],
  ...BASELINES.flatMap(({ name }) => [wrongFlows(`${name}: flows`, name), wrongEdges(name)]),
]

const HAPPENED: readonly Column[] = [
  CELL,
  ['polls', one => one.polls],
  ['looks', one => one.looks],
  ...(Object.keys(HAPPENINGS) as Happened[]).map(
    (what): Column => [what.replaceAll('_', ' '), one => number(one.happened[what])],
  ),
]

const BEYOND: readonly Column[] = [
  CELL,
  SAYS,
  ['ends wrong', one => number(one.wrong)],
  ['of those said', one => percent(one.wrong / Math.max(1, saidOf(one)), 2)],
  ['edges wrong', one => number(one.wrong_edges)],
  ['ends owned', one => percent(one.owned_share)],
  ...BASELINES.map(({ name }) => wrongFlows(`${name}: flows`, name)),
]

/** What the benchmark prints for people, and docs/accuracy.md shows; the last table is of the cells beyond their bounds. */
export function tablesOf({ cells, beyond }: Pick<BenchFigures, 'cells' | 'beyond'>): string {
  const within = [[CELL, SAYS], SHARES, OUTCOMES, COMPARED, HAPPENED].map(columns => table(cells, columns))
  return [...(cells.length > 0 ? within : []), ...(beyond.length > 0 ? [table(beyond, BEYOND)] : [])].join('\n\n')
}
