import type { CellFigures } from '../figures.ts'
import { element, line, type Mark, svg, text } from './svg.ts'

const LEFT = 130
const WIDTH = 560
const TOP = 78
const ROW = 22

/** What became of the ends of all records, in the order in which they are stacked. */
const PARTS: readonly { readonly name: string; readonly of: Mark; readonly outcomes: readonly string[] }[] = [
  { name: 'owned', of: 'a', outcomes: ['owned', 'unnamed'] },
  { name: 'none of ours, or nobody’s', of: 'c', outcomes: ['external', 'unowned', 'unseen'] },
  { name: 'ambiguous', of: 'e', outcomes: ['ambiguous'] },
  { name: 'unknown', of: 'f', outcomes: ['unknown'] },
  { name: 'wrong', of: 'b', outcomes: ['wrong'] },
]

export function outcomesOfEnds(cells: readonly CellFigures[]): string {
  const bottom = TOP + cells.length * ROW
  const xOf = (share: number) => LEFT + share * WIDTH
  return svg(LEFT + WIDTH + 40, bottom + 34, 'What became of the ends of the flows', [
    ...legend(),
    ...cells.flatMap((one, i) => [
      text(LEFT - 12, TOP + (i + 0.5) * ROW + 4, one.cell, { class: 'end' }),
      ...bar(one, TOP + i * ROW + 3, xOf),
    ]),
    ...[0, 0.25, 0.5, 0.75, 1].flatMap(share => [
      line(xOf(share), bottom, xOf(share), bottom + 5, 'axis'),
      text(xOf(share), bottom + 20, `${100 * share} %`, { class: 'middle' }),
    ]),
  ])
}

function bar({ source, destination, records }: CellFigures, y: number, xOf: (share: number) => number): string[] {
  let before = 0
  return PARTS.flatMap(({ of, outcomes }) => {
    const flows = outcomes.reduce((sum, name) => sum + (source[name]?.[0] ?? 0) + (destination[name]?.[0] ?? 0), 0)
    const share = flows / (2 * records)
    const [from, until] = [xOf(before), xOf(before + share)]
    before += share
    return share === 0
      ? []
      : [element('rect', { x: from, y, width: until - from, height: ROW - 6, class: `${of} fill` })]
  })
}

function legend(): string[] {
  let x = 24
  return PARTS.flatMap(({ name, of }) => {
    const at = x
    x += 44 + 7 * name.length
    return [element('rect', { x: at, y: 50, width: 12, height: 12, class: `${of} fill` }), text(at + 18, 61, name)]
  })
}
