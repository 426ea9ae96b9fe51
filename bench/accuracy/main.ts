import { runBench } from '../command.ts'
import { Stopwatch } from '../stopwatch.ts'
import { BASELINES } from './baselines/all.ts'
import type { Cell } from './cell.ts'
import { CELLS, QUICK_CELLS, small } from './cells.ts'
import { type BenchFigures, type CellFigures, cellFigures, figuresOf } from './figures.ts'
import { measureCell } from './measure-cell.ts'
import { type BenchOptions, HELP, optionsOf } from './options.ts'
import { drawPlots } from './plots/draw.ts'
import { savedFigures } from './saved-figures.ts'
import { tablesOf } from './tables.ts'

const say = (line: string) => console.error(line)

async function measure(options: BenchOptions): Promise<void> {
  const { quick, seed, from, plots } = options
  const stopwatch = new Stopwatch()
  const all = await stopwatch.timeUntilDone(() => (from === undefined ? measured(options) : savedFigures(from)))
  console.log(`${tablesOf(all)}\n`)
  if (plots !== undefined) for (const file of await drawPlots(all, plots)) say(`drawn: ${file}`)
  const took = { wall_seconds: Math.round(stopwatch.wallSeconds), cpu_seconds: Math.round(stopwatch.cpuSeconds) }
  console.log(JSON.stringify({ bench: 'accuracy', quick, seed, node: process.version, ...took, ...all }))
  if (all.wrong > 0 || all.batch_differing > 0) process.exitCode = 1
}

async function measured({ quick, seed, only }: BenchOptions): Promise<BenchFigures> {
  const figures: CellFigures[] = []
  for (const cell of chosen(quick, only)) {
    say(`${cell.name}: ${cell.says}`)
    const found = await measureCell(cell, seed, BASELINES)
    const counted = cellFigures(found)
    for (const example of found.examples) {
      say(`${counted.beyond === null ? 'WRONG' : 'beyond its bounds'} in ${cell.name}, seed ${seed}: ${example}`)
    }
    for (const what of counted.not_shown) say(`NOT SHOWN in ${cell.name}, seed ${seed}: ${what} never happened`)
    say(`  ${counted.records} records, ${counted.wrong} wrong, ${counted.owned_share} owned`)
    figures.push(counted)
  }
  return figuresOf(figures)
}

function chosen(quick: boolean, only: readonly string[] | undefined): readonly Cell[] {
  if (only === undefined) return quick ? QUICK_CELLS : CELLS
  const named = CELLS.filter(({ name }) => only.includes(name))
  return quick ? named.map(small) : named
}

await runBench({ name: 'accuracy', help: HELP, optionsOf, measure })
