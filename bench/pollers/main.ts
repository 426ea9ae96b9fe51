import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { runBench } from '../command.ts'
import { type Coverage, type CoverageTask, measureCoverage } from './coverage.ts'
import type { Diffed, DiffTask } from './diff.ts'
import { type BenchOptions, HELP, optionsOf } from './options.ts'
import { type Conditions, figuresOf, tablesOf } from './summary.ts'
import type { Visible, VisibleTask } from './visible.ts'

const say = (line: string) => console.error(line)
const MINUTE_MS = 60_000
/** The poller is held to what it needs: with more to fill, V8 lets garbage lie, and peak memory says nothing of it. */
const HEAP_MB = { 'diff.ts': 1200, 'visible.ts': 4096 }
/** The polls' own lag is ten seconds: faster than that would show little more. */
const WAYS = {
  'polls every 60 s': { limits: { longestMs: MINUTE_MS, fastestMs: MINUTE_MS }, lookEveryMs: null },
  'and looks every 5 s': { limits: { longestMs: MINUTE_MS, fastestMs: MINUTE_MS }, lookEveryMs: 5000 },
  'polls every 15 to 60 s': { limits: { longestMs: MINUTE_MS, fastestMs: 15_000 }, lookEveryMs: null },
} as const satisfies Record<string, Pick<CoverageTask, 'limits' | 'lookEveryMs'>>

async function measure(options: BenchOptions): Promise<void> {
  const load = () => Number((loadavg()[0] ?? 0).toFixed(1))
  const before = {
    node: process.version,
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    load_average: load(),
  }
  say(`diffing polls of ${options.addresses} addresses`)
  const diffed = await inChild<DiffTask, Diffed>('diff.ts', { addresses: options.addresses })
  say(`waiting for ${options.changes} changes to become visible among ${options.visibleAmong} addresses`)
  const visible = await inChild<VisibleTask, Visible>('visible.ts', {
    addresses: options.visibleAmong,
    changes: options.changes,
  })
  const coverage: Record<string, Coverage> = {}
  for (const [way, task] of Object.entries(WAYS)) {
    say(`ends of flows owned: ${way}`)
    coverage[way] = await measureCoverage({ ...task, addresses: 300, minutes: options.minutes })
  }
  const conditions: Conditions = { ...before, load_average_at_end: load() }
  const figures = figuresOf(options, diffed, visible, coverage)
  console.log(`${tablesOf(diffed, figures, coverage, conditions)}\n`)
  console.log(JSON.stringify({ bench: 'pollers', conditions, ...figures }))
}

/** Each on its own: neither the other's memory nor what V8 learnt there disturbs. */
async function inChild<Task, Result>(file: keyof typeof HEAP_MB, task: Task): Promise<Result> {
  const loader = new URL('../typescript.mjs', import.meta.url).href
  const args = [
    `--max-old-space-size=${HEAP_MB[file]}`,
    '--import',
    loader,
    join(import.meta.dirname, file),
    JSON.stringify(task),
  ]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const [said, [code, signal]] = await Promise.all([text(child.stdout), once(child, 'close')])
  if (code !== 0) throw new Error(`${file} ended with ${code ?? signal}`)
  return JSON.parse(said.trim().split('\n').at(-1) ?? '') as Result
}

await runBench({ name: 'pollers', help: HELP, optionsOf, measure })
