import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { runBench } from '../command.ts'
import { inChild } from './child.ts'
import type { CountResult, CountTask } from './count.ts'
import { gunzip } from './gunzip.ts'
import { type Made, makeObjects } from './objects.ts'
import { type BenchOptions, HELP, optionsOf } from './options.ts'
import type { ParquetTask } from './parquet.ts'
import type { PeerResult, PeerTask } from './peer.ts'
import type { Round } from './rounds.ts'
import { figuresOf, linesOf, type Measured, tableOf } from './summary.ts'

const say = (line: string) => console.error(line)
const load = () => Number((loadavg()[0] ?? 0).toFixed(1))

async function measure(options: BenchOptions): Promise<void> {
  const startedMs = Date.now()
  const loadAtStart = load()
  const parent = join(import.meta.dirname, '../../.cache/bench')
  await mkdir(parent, { recursive: true })
  const folder = await mkdtemp(join(parent, 'enrich-'))
  try {
    const skewed = join(folder, 'skewed')
    const uniform = join(folder, 'uniform')
    const parquet = join(folder, 'parquet')
    say(`making ${options.records} records of each kind of traffic`)
    const made = await makeObjects(skewed, 'skewed', options)
    await makeObjects(uniform, 'uniform', options)
    await inChild<ParquetTask, true>('parquet.ts', { from: skewed, to: parquet })
    const measured = await measureAll(options, made, { skewed, uniform, parquet })
    const conditions = {
      ...options,
      objects: made.objects.length,
      text_mb: Math.round(made.textBytes / 1e6),
      gzip_mb: Math.round(made.gzipBytes / 1e6),
      node: process.version,
      cpu: cpus()[0]?.model ?? 'unknown',
      cores: cpus().length,
      load_average: loadAtStart,
      load_average_at_end: load(),
    }
    console.log(`${tableOf(linesOf(measured), options.records)}\n`)
    const took_s = Math.round((Date.now() - startedMs) / 1000)
    console.log(JSON.stringify({ bench: 'enrich', conditions, took_s, ...figuresOf(measured) }))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function measureAll(
  { versions, seed, rounds, records, hasPeers }: BenchOptions,
  { objects }: Made,
  folders: { readonly skewed: string; readonly uniform: string; readonly parquet: string },
): Promise<Measured> {
  const one: Round[] = []
  const two: Round[] = []
  for (let round = 0; round < rounds; round++) {
    one.push(await gunzip(objects, 1))
    two.push(await gunzip(objects, 2))
  }
  const counts = await inChild<CountTask, CountResult>('count.ts', {
    versions,
    seed,
    rounds,
    folders,
    written: folders.skewed,
  })
  const task: PeerTask = { versions, seed, rounds, folder: folders.skewed }
  const peers: Record<string, PeerResult> = {}
  if (hasPeers) {
    peers['duckdb'] = await inChild<PeerTask, PeerResult>('duckdb.ts', task)
    peers['clickhouse'] = await inChild<PeerTask, PeerResult>('clickhouse.ts', task)
  }
  return { records, counts, gunzip: { one, two }, peers }
}

await runBench({ name: 'enrich', help: HELP, optionsOf, measure })
