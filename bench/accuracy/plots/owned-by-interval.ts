import type { CellFigures } from '../figures.ts'
import { element, line, MARKS, type Mark, mark, svg, text } from './svg.ts'

const WIDTH = 760
const PLOT = { left: 70, top: 60, width: 500, height: 300 } as const
const SECONDS = [15, 30, 60, 120, 300] as const
const LEAST = 0.4

/** Shares of the ends that one application held throughout, on an axis from 40 to 100 %. */
const yOf = (share: number) => PLOT.top + ((1 - share) / (1 - LEAST)) * PLOT.height
/** By ratio: the intervals are each about twice the one before. */
const xOf = (seconds: number) => PLOT.left + (Math.log(seconds / 15) / Math.log(20)) * PLOT.width

/** How the share of owned ends falls with the poll interval, beside the arithmetic limit. */
export function ownedByInterval(cells: readonly CellFigures[]): string {
  const series = [10, 0].map((lagSeconds, i) => {
    const points = cells.filter(one => isPolling(one) && one.lag_seconds === lagSeconds)
    return { lagSeconds, of: MARKS[i] as Mark, points: points.sort((a, b) => a.poll_seconds - b.poll_seconds) }
  })
  return svg(WIDTH, 430, 'Ends owned, by how often is polled', [
    ...axes(),
    ...series.flatMap(({ of, points }) => [
      curve(points, of, one => one.arithmetic_limit, 'dashed'),
      curve(points, of, one => one.owned_share),
      ...points.map(one => mark(of, xOf(one.poll_seconds), yOf(one.owned_share))),
    ]),
    ...series.flatMap(({ of, lagSeconds }, i) => legend(590, 100 + 60 * i, of, lagSeconds)),
  ])
}

/** Cells that differ from `main` in the interval and the lag alone. */
const isPolling = ({ cell }: CellFigures): boolean => /^(main|lag-0|poll-\d+(-lag-0)?)$/.test(cell)

function axes(): string[] {
  const right = PLOT.left + PLOT.width
  const bottom = PLOT.top + PLOT.height
  const rows = [0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1].flatMap(share => [
    line(PLOT.left, yOf(share), right, yOf(share), 'grid'),
    text(PLOT.left - 8, yOf(share) + 4, `${Math.round(100 * share)} %`, { class: 'end' }),
  ])
  const columns = SECONDS.flatMap(seconds => [
    line(xOf(seconds), bottom, xOf(seconds), bottom + 5, 'axis'),
    text(xOf(seconds), bottom + 20, seconds < 60 ? `${seconds} s` : `${seconds / 60} min`, { class: 'middle' }),
  ])
  const below = text(PLOT.left + PLOT.width / 2, bottom + 44, 'between two polls', { class: 'middle small' })
  return [...rows, ...columns, line(PLOT.left, bottom, right, bottom, 'axis'), below]
}

const curve = (points: readonly CellFigures[], of: Mark, shareOf: (one: CellFigures) => number, dashed = ''): string =>
  element('polyline', {
    points: points.map(one => `${xOf(one.poll_seconds).toFixed(1)},${yOf(shareOf(one)).toFixed(1)}`).join(' '),
    class: `${of} stroke ${dashed}`.trim(),
  })

const legend = (x: number, y: number, of: Mark, lagSeconds: number): string[] => [
  element('line', { x1: x, y1: y, x2: x + 28, y2: y, class: `${of} stroke` }),
  mark(of, x + 14, y),
  text(x + 36, y + 4, `lag ${lagSeconds} s`),
  element('line', { x1: x, y1: y + 22, x2: x + 28, y2: y + 22, class: `${of} stroke dashed` }),
  text(x + 36, y + 26, 'its limit'),
]
