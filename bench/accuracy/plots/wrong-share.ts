import { BASELINES } from '../baselines/all.ts'
import type { CellFigures } from '../figures.ts'
import { line, MARKS, type Mark, mark, svg, text } from './svg.ts'

const LEFT = 130
const WIDTH = 560
const TOP = 78
const ROW = 22

/** The share of flows that each way of attribution gets wrong, in each cell. */
export function wrongShare(cells: readonly CellFigures[], title: string): string {
  const ways = [
    { name: 'whohad', of: MARKS[0] as Mark, shareOf: ownWrongShare },
    ...BASELINES.map(({ name }, i) => ({
      name,
      of: MARKS[i + 1] as Mark,
      shareOf: (one: CellFigures) => one.baselines[name]?.wrong_share.flows ?? 0,
    })),
  ]
  const most = Math.max(0.05, ...cells.flatMap(one => ways.map(({ shareOf }) => shareOf(one))))
  const steps = Math.ceil(most / 0.05)
  const xOf = (share: number) => LEFT + (share / (0.05 * steps)) * WIDTH
  const bottom = TOP + cells.length * ROW
  return svg(LEFT + WIDTH + 40, bottom + 50, title, [
    ...legend(ways),
    ...Array.from({ length: steps + 1 }, (_, i) => 0.05 * i).flatMap(share => [
      line(xOf(share), TOP, xOf(share), bottom, share === 0 ? 'axis' : 'grid'),
      text(xOf(share), bottom + 18, `${Math.round(100 * share)} %`, { class: 'middle' }),
    ]),
    text(LEFT + WIDTH / 2, bottom + 40, 'of the flows that are answered at one end at least', {
      class: 'middle small',
    }),
    ...cells.flatMap((one, i) => {
      const y = TOP + (i + 0.5) * ROW
      // whohad last: on top of all others.
      const marks = ways.map(({ of, shareOf }) => mark(of, xOf(shareOf(one)), y)).reverse()
      return [text(LEFT - 12, y + 4, one.cell, { class: 'end' }), ...marks]
    }),
  ])
}

/** Of flows with something said for certain at one end at least, at most: each wrong end taken for a flow of its own. */
const ownWrongShare = ({ wrong, records }: CellFigures): number => Math.min(1, wrong / records)

function legend(ways: readonly { readonly name: string; readonly of: Mark }[]): string[] {
  let x = 24
  return ways.flatMap(({ name, of }) => {
    const at = x
    x += 40 + 7.4 * name.length
    return [mark(of, at, 56), text(at + 12, 60, name)]
  })
}
