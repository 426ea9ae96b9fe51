import { BASELINES } from './baselines/all.ts'
import type { CellFigures } from './figures.ts'

const row = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`
const table = (head: readonly string[], rows: readonly (readonly (string | number)[])[]): string =>
  [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n')
const percent = (share: number, digits = 1): string => `${(100 * share).toFixed(digits)} %`
const number = (value: number): string => value.toLocaleString('en-GB')

const flowsOf = (outcomes: Readonly<Record<string, readonly number[]>>, ...names: readonly string[]): number =>
  names.reduce((sum, name) => sum + (outcomes[name]?.[0] ?? 0), 0)

/** What the benchmark prints for people, and docs/accuracy.md shows. */
export function tablesOf(cells: readonly CellFigures[]): string {
  return [
    table(
      ['cell', 'what is otherwise'],
      cells.map(({ cell, says }) => [cell, says]),
    ),
    table(
      [
        'cell',
        'wrong',
        'ends owned',
        'by bytes',
        'limit',
        'containers',
        'instances',
        'blocks',
        'public',
        'final after, s',
        'p99',
        'polls',
        'lost',
        'looks',
      ],
      cells.map(one => [
        one.cell,
        one.wrong,
        percent(one.owned_share),
        percent(one.owned_share_bytes),
        percent(one.arithmetic_limit),
        percent(one.by_kind['container']?.flows ?? 0),
        percent(one.by_kind['instance']?.flows ?? 0),
        percent(one.by_kind['block']?.flows ?? 0),
        percent(one.by_kind['public']?.flows ?? 0),
        one.answer_delay_seconds.median,
        one.answer_delay_seconds.p99,
        one.polls,
        one.refused,
        one.looks,
      ]),
    ),
    table(
      [
        'cell',
        'ends',
        'owned',
        'unnamed',
        'unowned',
        'external',
        'unseen',
        'ambiguous',
        'unknown',
        'both ends owned',
        'edges wrong',
        'edges found',
      ],
      cells.map(one => {
        const ends = (...names: readonly string[]) =>
          percent((flowsOf(one.source, ...names) + flowsOf(one.destination, ...names)) / (2 * one.records))
        return [
          one.cell,
          number(2 * one.records),
          ...['owned', 'unnamed', 'unowned', 'external', 'unseen', 'ambiguous', 'unknown'].map(name => ends(name)),
          percent(flowsOf(one.both, 'owned') / one.records),
          one.wrong_edges,
          percent(one.edges.found_share),
        ]
      }),
    ),
    table(
      ['cell', 'whohad', ...BASELINES.flatMap(({ name }) => [`${name}: flows`, 'edges'])],
      cells.map(one => [
        one.cell,
        one.wrong,
        ...BASELINES.flatMap(({ name }) => {
          const { flows = 0, edges = 0 } = one.baselines[name]?.wrong_share ?? {}
          return [percent(flows), percent(edges)]
        }),
      ]),
    ),
  ].join('\n\n')
}
