import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { prepareKafka, type RunningKafka, startKafka } from '../../scripts/kafka.mjs'
import { runBench } from '../command.ts'
import { type Adapter, type BenchOptions, HELP, optionsOf } from './options.ts'
import type { Place } from './place.ts'
import type { Produced, ProduceTask } from './produce.ts'
import type { Replayed, ReplayTask } from './replay.ts'
import { type Figures, figuresOf, tableOf } from './summary.ts'

const say = (line: string) => console.error(line)

async function measure(options: BenchOptions): Promise<void> {
  const startedMs = Date.now()
  const load = () => Number((loadavg()[0] ?? 0).toFixed(1))
  const conditions = {
    claims: options.claims,
    claims_of_a_poll: options.claimsOfAPoll,
    compression: options.compression,
    node: process.version,
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    load_average: load(),
  }
  const figures: Partial<Record<Adapter, Figures>> = {}
  for (const adapter of options.adapters) figures[adapter] = await measureAdapter(adapter, options)
  const measured = { ...conditions, load_average_at_end: load() }
  console.log(`${tableOf(figures, measured)}\n`)
  const took_s = Math.round((Date.now() - startedMs) / 1000)
  console.log(
    JSON.stringify({ bench: 'changestream', conditions: measured, took_s, kafka: null, embedded: null, ...figures }),
  )
}

async function measureAdapter(adapter: Adapter, options: BenchOptions): Promise<Figures> {
  const folder = await mkdtemp(join(tmpdir(), 'whohad-bench-'))
  let kafka: RunningKafka | undefined
  try {
    let place: Place = { adapter: 'embedded', folder }
    if (adapter === 'kafka') {
      kafka = await startKafka(await prepareKafka(say), say)
      place = { adapter, brokers: kafka.brokers, topic: `bench-${process.pid}`, compression: options.compression }
    }
    const { claims, claimsOfAPoll } = options
    say(`${adapter}: writing ${claims} claims`)
    const produced = await inChild<ProduceTask, Produced>('produce.ts', { place, claims, claimsOfAPoll })
    const storedBytes = await storedBytesOf(place, kafka)
    say(`${adapter}: ${Math.round(produced.claims / produced.seconds)} claims a second; reading them`)
    const task = { place, claims: produced.claims, polls: produced.polls, claimsOfAPoll }
    const replayed = await inChild<ReplayTask, Replayed>('replay.ts', task)
    say(`${adapter}: ${Math.round(produced.claims / replayed.seconds)} claims a second into an index`)
    return figuresOf(produced, replayed, storedBytes)
  } finally {
    await kafka?.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

/** Undefined for a broker whose files are not ours to see. */
async function storedBytesOf(place: Place, kafka: RunningKafka | undefined): Promise<number | undefined> {
  if (place.adapter === 'embedded') return bytesIn(place.folder, '.avro')
  if (kafka?.dataFolder === undefined) return undefined
  const partitions = (await readdir(kafka.dataFolder)).filter(name => name.startsWith(`${place.topic}-`))
  const sizes = partitions.map(name => bytesIn(join(kafka.dataFolder as string, name), '.log'))
  return (await Promise.all(sizes)).reduce((sum, bytes) => sum + bytes, 0)
}

async function bytesIn(folder: string, ending: string): Promise<number> {
  const names = (await readdir(folder)).filter(name => name.endsWith(ending))
  const sizes = await Promise.all(names.map(async name => (await stat(join(folder, name))).size))
  return sizes.reduce((sum, size) => sum + size, 0)
}

/** Writer and reader each on their own: neither the other's memory nor what V8 learnt there disturbs. */
async function inChild<Task, Result>(file: string, task: Task): Promise<Result> {
  const loader = new URL('../typescript.mjs', import.meta.url).href
  const args = ['--max-old-space-size=8192', '--import', loader, join(import.meta.dirname, file), JSON.stringify(task)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const [said, [code, signal]] = await Promise.all([text(child.stdout), once(child, 'close')])
  if (code !== 0) throw new Error(`${file} ended with ${code ?? signal}`)
  return JSON.parse(said.trim().split('\n').at(-1) ?? '') as Result
}

await runBench({ name: 'changestream', help: HELP, optionsOf, measure })
