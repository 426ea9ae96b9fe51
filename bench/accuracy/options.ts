import { parsedOptions, UsageError } from '../command.ts'
import { CELLS } from './cells.ts'

export type BenchOptions = {
  readonly quick: boolean
  readonly seed: number
  /** Names of the cells to measure; all where it is left out. */
  readonly only: readonly string[] | undefined
  /** A file with what an earlier run printed, to be shown again. */
  readonly from: string | undefined
  /** The folder that plots are drawn into. */
  readonly plots: string | undefined
}

export const PLOTS_FOLDER = 'docs/accuracy'

export const HELP = `npm run bench:accuracy -- [options]

Lets simulated clouds live whose truth is known, polls them with the pollers of EC2 and Titus (without the wire), attributes both
ends of every flow with the enricher's own function, and compares every answer with the truth: in one cell for each way of
polling and each kind of trouble. Of the same polls four simpler ways of attribution are measured: the current owner, the last
change, the last change after a hold of 15 minutes, and intervals that know only starts. Progress on stderr; on stdout tables in
Markdown and, as the last line, one JSON object. Depends on the seed alone, not on the machine. Ends with 1 where an answer is wrong.
In the cells named beyond-... a declared bound is broken on purpose: what is wrong there is listed apart, and not counted.

  --quick       some of the cells in small worlds, within a minute; to see that it works, not for figures
  --seed N      another history of the same worlds (1)
  --cells A,B   only these, with --quick in small worlds: ${CELLS.map(({ name }) => name).join(', ')}
  --plots       also draws docs/accuracy/*.svg
  --from FILE   measures nothing: shows, and draws, what an earlier run printed into FILE
  --help

In the JSON object: wrong, owned_share (cell main), owned_share_targeted (with targeted looks), owned_share_with_sightings,
arithmetic_limit, batch_differing, cells, beyond, and baselines with wrong_share of flows and of edges. A figure whose cell is
not there is null.

  npm run bench:accuracy
  npm run bench:accuracy -- --quick --seed 7
  npm run bench:accuracy -- --plots >figures.txt
`

/** Undefined where help was asked for. @throws UsageError */
export function optionsOf(args: readonly string[]): BenchOptions | undefined {
  const values = parse(args)
  if (values.help) return undefined
  const seed = Number(values.seed ?? 1)
  if (!Number.isSafeInteger(seed) || seed < 0) throw new UsageError(`--seed ${values.seed}: a whole number, at least 0`)
  const only = values.cells?.split(',')
  const unknown = only?.find(name => !CELLS.some(cell => cell.name === name))
  if (unknown !== undefined) throw new UsageError(`--cells ${values.cells}: there is no cell ${unknown}`)
  return { quick: values.quick ?? false, seed, only, from: values.from, plots: values.plots ? PLOTS_FOLDER : undefined }
}

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const
  return parsedOptions(args, {
    quick: { type: 'boolean' },
    seed: text,
    cells: text,
    plots: { type: 'boolean' },
    from: text,
    help: { type: 'boolean', short: 'h' },
  })
}
