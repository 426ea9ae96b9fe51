import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { newApiKey } from '../../src/api/security/api-key.ts'
import { changeKeys } from '../../src/api/security/keys-file.ts'
import { checkpointPath } from '../../src/cli/checkpoints.ts'
import { runBench } from '../command.ts'
import { inChild } from '../enrich/child.ts'
import type { ClaimsMade, ClaimsTask } from './claims.ts'
import { firstAnswer, isCompiled } from './cli.ts'
import type { LookUpResult, LookUpTask } from './look-ups.ts'
import { type BenchOptions, HELP, optionsOf } from './options.ts'
import { type RunningServer, startServer } from './running-server.ts'
import type { StreamKind, StreamResult, StreamTask } from './streams.ts'
import { figuresOf, type Measured, medianOf, type Round, tableOf } from './summary.ts'

const say = (line: string) => console.error(line)
const load = () => Number((loadavg()[0] ?? 0).toFixed(1))

/** At full rate as many as a few busy programs hold; at half rate fewer are needed, and each waits for fewer others. */
const CONNECTIONS = { full: 16, half: 8 }
const CLI_CLAIMS = 10_000
const REQUESTS_PER_MINUTE = 1_000_000_000

async function measure(options: BenchOptions): Promise<void> {
  const startedMs = Date.now()
  const loadAtStart = load()
  const parent = join(import.meta.dirname, '../../.cache/bench')
  await mkdir(parent, { recursive: true })
  const scratch = await mkdtemp(join(parent, 'api-'))
  try {
    const folder = options.data ?? join(scratch, 'data')
    await makeClaims(folder, options.claims, options.seed)
    const measured = await measureAll(options, folder, scratch)
    const conditions = {
      ...options,
      checkpoint_mb: Math.round((await stat(checkpointPath(folder))).size / 1e6),
      cli: isCompiled() ? 'compiled' : 'sources',
      node: process.version,
      cpu: cpus()[0]?.model ?? 'unknown',
      cores: cpus().length,
      load_average: loadAtStart,
      load_average_at_end: load(),
    }
    console.log(`${tableOf(measured)}\n`)
    const took_s = Math.round((Date.now() - startedMs) / 1000)
    console.log(JSON.stringify({ bench: 'api', conditions, took_s, ...figuresOf(measured) }))
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

async function makeClaims(folder: string, claims: number, seed: number): Promise<void> {
  if (existsSync(checkpointPath(folder))) return
  say(`making ${claims} claims`)
  await mkdir(folder, { recursive: true })
  await inChild<ClaimsTask, ClaimsMade>('../api/claims.ts', { folder, claims, seed })
}

async function measureAll(options: BenchOptions, folder: string, scratch: string): Promise<Measured> {
  const { claims, seed } = options
  const small = join(scratch, 'small')
  await makeClaims(small, CLI_CLAIMS, seed)
  const cliSeconds = await medianOfThree(() => firstAnswer(small, CLI_CLAIMS, seed))
  const cliLargeSeconds = await firstAnswer(folder, claims, seed)
  const { config, key } = await configure(scratch)
  const server = await startServer({ folder, config, key })
  say(`ready after ${server.readySeconds.toFixed(1)} s`)
  try {
    const bytes = await server.residentBytes()
    const asked = { url: server.url, key, claims, seed, seconds: options.seconds }
    // Nobody's code is compiled at first.
    await lookUps(server, { ...asked, connections: CONNECTIONS.full, seconds: Math.ceil(options.seconds / 4) })
    const full = await lookUps(server, { ...asked, connections: CONNECTIONS.full })
    const rate = Math.max(CONNECTIONS.half, Math.round(full.result.perSecond / 2))
    const half = await lookUps(server, { ...asked, connections: CONNECTIONS.half, rate })
    const streams = {
      bulk: await stream('bulk'),
      uniform: await stream('bulk-uniform'),
      text: await stream('annotate'),
    }
    const endBytes = await server.residentBytes()
    return { readySeconds: server.readySeconds, cliSeconds, cliLargeSeconds, bytes, endBytes, full, half, ...streams }
  } finally {
    await server.stop()
  }

  async function stream(kind: StreamKind): Promise<Round> {
    const rounds: Round[] = []
    for (let round = 0; round < options.rounds; round++) {
      const task: StreamTask = { url: server.url, key, claims, seed, kind, lines: options.lines }
      const before = await server.cpuSeconds()
      const result = await inChild<StreamTask, StreamResult>('../api/streams.ts', task)
      rounds.push({ ...result, cpuSeconds: (await server.cpuSeconds()) - before })
      say(`${kind}: ${(result.lines / result.seconds).toFixed(0)} lines/s`)
    }
    return medianOf(rounds)
  }
}

async function lookUps(server: RunningServer, task: LookUpTask) {
  const before = await server.cpuSeconds()
  const result = await inChild<LookUpTask, LookUpResult>('../api/look-ups.ts', task)
  say(`${result.perSecond.toFixed(0)} look-ups/s, p99 ${result.p99Ms.toFixed(2)} ms`)
  return { result, cpuSeconds: (await server.cpuSeconds()) - before }
}

/** A key that reads everything, and the settings that let it in, count its requests and note each. */
async function configure(scratch: string): Promise<{ readonly config: string; readonly key: string }> {
  const keysFile = join(scratch, 'keys.json')
  const { key, text } = newApiKey('bench', null, Date.now())
  changeKeys(keysFile, keys => [...keys, key])
  const config = join(scratch, 'whohad.yaml')
  const api = { keysFile, audit: true, requestsPerMinute: REQUESTS_PER_MINUTE }
  await writeFile(config, JSON.stringify({ api }))
  return { config, key: text }
}

async function medianOfThree(measureOne: () => Promise<number>): Promise<number> {
  const times = [await measureOne(), await measureOne(), await measureOne()].sort((a, b) => a - b)
  return times[1] ?? Number.NaN
}

await runBench({ name: 'api', help: HELP, optionsOf, measure })
