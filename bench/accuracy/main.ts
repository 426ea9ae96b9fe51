import { runBench } from '../command.ts'
import { Stopwatch } from '../stopwatch.ts'
import { BASELINES } from './baselines/all.ts'
import { CELLS, QUICK_CELLS } from './cells.ts'
import { type CellFigures, cellFigures, figuresOf } from './figures.ts'
import { measureCell } from './measure-cell.ts'
import { type BenchOptions, HELP, optionsOf } from './options.ts'
import { tablesOf } from './tables.ts'

const say = (line: string) => console.error(line)

async function measure({ quick, seed, only }: BenchOptions): Promise<void> {
  const stopwatch = new Stopwatch()
  const figures: CellFigures[] = []
  const chosen = quick && only === undefined ? QUICK_CELLS : CELLS
  for (const cell of chosen.filter(({ name }) => only?.includes(name) ?? true)) {
    say(`${cell.name}: ${cell.says}`)
    const measured = await stopwatch.timeUntilDone(() => measureCell(cell, seed, BASELINES))
    for (const example of measured.examples) say(`WRONG in ${cell.name}, seed ${seed}: ${example}`)
    const found = cellFigures(measured)
    say(`  ${found.records} records, ${found.wrong} wrong, ${found.owned_share} owned`)
    figures.push(found)
  }
  const all = figuresOf(figures)
  console.log(`${tablesOf(figures)}\n`)
  const took = { wall_seconds: Math.round(stopwatch.wallSeconds), cpu_seconds: Math.round(stopwatch.cpuSeconds) }
  console.log(JSON.stringify({ bench: 'accuracy', quick, seed, node: process.version, ...took, ...all }))
  if (all.wrong > 0) process.exitCode = 1
}

await runBench({ name: 'accuracy', help: HELP, optionsOf, measure })
