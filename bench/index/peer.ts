import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Estate, type Versions, versionColumns } from './estate.ts'
import { checksumOf, makeProbes, type Probes } from './probes.ts'

/** What a peer is asked: points in time about IPv4 hosts, which is all that both peers can answer. */
export type PeerOptions = {
  readonly versions: number
  readonly probes: number
  readonly kind: 'cold' | 'hot'
  readonly seed: number
  /** Rounds for each way of asking; the best one counts. */
  readonly rounds: number
}

export type Timing = {
  readonly way: string
  readonly threads: number
  /** Best round: wall time of the whole statement over the number of probes. */
  readonly nsPerProbe: number
  /** Processor time of the cheapest round, all threads together: what a busy machine changes least. */
  readonly cpuNsPerProbe: number
  readonly rounds: readonly number[]
}

export type PeerResult = {
  readonly peer: string
  readonly engine: string
  readonly versions: number
  readonly probes: number
  readonly kind: PeerOptions['kind']
  /** From columns in memory to what can be asked; neither the making of the columns nor the probes are in it. */
  readonly loadSeconds: number
  /** The engine's own figure for what it asks, where it has one; else bytes on disk. */
  readonly bytesPerVersion: number
  readonly residentBytes: number
  /** With two threads, and with one, of the way that `way` names: the one that the benchmark compares with. */
  readonly way: string
  readonly nsPerProbe: number
  readonly nsPerProbeOneThread: number
  /** Every way that was tried, the fastest not always the one that was asked for. */
  readonly timings: readonly Timing[]
  /** Sum of the owners found; `run` throws where it differs from the truth. */
  readonly checksum: number
}

export type Report = (line: string) => void

/** The same estate and the same questions, and an empty folder for the engine, which is gone afterwards. */
export async function withEstate<T>(
  options: PeerOptions,
  name: string,
  use: (estate: Estate, probes: Probes, folder: string) => Promise<T>,
): Promise<T> {
  const estate = new Estate({ versions: options.versions, seed: options.seed })
  const probes = makeProbes(estate, options.kind, options.probes)
  const parent = join(import.meta.dirname, '../../.cache/bench')
  await mkdir(parent, { recursive: true })
  const folder = await mkdtemp(join(parent, `${name}-`))
  try {
    return await use(estate, probes, folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Versions of some addresses, with the address of each. */
export type HostVersions = { readonly rows: number; readonly ip: Uint32Array; readonly versions: Versions }

const ADDRESSES_AT_ONCE = 50_000

/** All versions of IPv4 hosts, piece by piece in the same columns: what is kept of a piece must be copied. */
export function* hostVersions(estate: Estate): Generator<HostVersions> {
  const each = estate.versionsPerAddress
  const versions = versionColumns(ADDRESSES_AT_ONCE * each)
  const ip = new Uint32Array(ADDRESSES_AT_ONCE * each)
  const words = new Uint32Array(4)
  for (let first = 0; first < estate.addresses; first += ADDRESSES_AT_ONCE) {
    const count = Math.min(ADDRESSES_AT_ONCE, estate.addresses - first)
    estate.fill(first, count, versions)
    for (let i = 0; i < count; i++) {
      estate.writeAddress(first + i, words, 0)
      ip.fill(words[0] as number, i * each, (i + 1) * each)
    }
    yield { rows: count * each, ip, versions }
  }
}

/** Times a statement that returns the sum of the owners found; a wrong sum makes its time worthless. */
export async function timed(
  what: { readonly way: string; readonly threads: number },
  options: PeerOptions,
  probes: Probes,
  report: Report,
  statement: () => number | Promise<number>,
): Promise<Timing> {
  const expected = checksumOf(probes)
  const rounds: number[] = []
  const cpuRounds: number[] = []
  for (let round = 0; round < options.rounds; round++) {
    const startedMs = performance.now()
    const before = process.cpuUsage()
    const checksum = await statement()
    const { user, system } = process.cpuUsage(before)
    rounds.push(((performance.now() - startedMs) * 1e6) / probes.count)
    cpuRounds.push(((user + system) * 1e3) / probes.count)
    if (checksum !== expected) throw new Error(`${what.way}: owners add up to ${checksum}, the truth is ${expected}`)
  }
  const timing = { ...what, nsPerProbe: Math.min(...rounds), cpuNsPerProbe: Math.min(...cpuRounds), rounds }
  const { way, threads, nsPerProbe, cpuNsPerProbe } = timing
  report(
    `${way}, ${threads} threads: ${nsPerProbe.toFixed(0)} ns a probe, ${cpuNsPerProbe.toFixed(0)} of the processor`,
  )
  return timing
}

/** Runs a peer from the command line: progress on stderr, one JSON object as the last line of stdout. */
export async function runFromCommandLine(
  run: (options: PeerOptions, report: Report) => Promise<PeerResult>,
): Promise<void> {
  const { values } = parseArgs({
    options: {
      versions: { type: 'string', default: '1000000' },
      probes: { type: 'string', default: '2000000' },
      kind: { type: 'string', default: 'cold' },
      seed: { type: 'string', default: '1' },
      rounds: { type: 'string', default: '3' },
    },
  })
  if (values.kind !== 'cold' && values.kind !== 'hot') throw new RangeError(`--kind ${values.kind}: cold or hot`)
  const number = (name: 'versions' | 'probes' | 'seed' | 'rounds'): number => {
    const value = Number(values[name])
    if (!Number.isInteger(value) || value < 1) throw new RangeError(`--${name} ${values[name]}: a whole number above 0`)
    return value
  }
  const options: PeerOptions = {
    versions: number('versions'),
    probes: number('probes'),
    kind: values.kind,
    seed: number('seed'),
    rounds: number('rounds'),
  }
  console.log(JSON.stringify(await run(options, line => console.error(line))))
}

/** The two figures of one way among the timings. */
export function figuresOf(
  timings: readonly Timing[],
  way: string,
): Pick<PeerResult, 'way' | 'nsPerProbe' | 'nsPerProbeOneThread'> {
  const withThreads = (threads: number): number => {
    const timing = timings.find(one => one.way === way && one.threads === threads)
    if (timing === undefined) throw new Error(`${way} was not timed with ${threads} threads`)
    return timing.nsPerProbe
  }
  return { way, nsPerProbe: withThreads(2), nsPerProbeOneThread: withThreads(1) }
}

export const secondsSince = (startedMs: number): number => (performance.now() - startedMs) / 1000
