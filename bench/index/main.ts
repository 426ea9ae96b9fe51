import { readFileSync } from 'node:fs'
import { cpus, loadavg, totalmem } from 'node:os'
import { runBench } from '../command.ts'
import { HUGE_PAGES, PEERS, runPeer, runWhohad } from './child.ts'
import { type BenchOptions, HELP, type Mix, optionsOf } from './options.ts'
import type { PeerResult } from './peer.ts'
import { type Compared, compare, comparisonOf, round, type Summary, summaryOf } from './summary.ts'
import { conditionsLine, figuresTable, peersTable } from './table.ts'
import type { WhohadResult } from './whohad.ts'

const say = (line: string) => console.error(line)

/** The index first, then the peers, then the index with the other families: what is compared lies close in time. */
async function measure(options: BenchOptions): Promise<void> {
  const startedMs = Date.now()
  const untilMs = startedMs + options.budgetSeconds * 1000
  const conditions = conditionsOf(options)
  say(`load ${conditions.load_average} on ${conditions.cores} cores: ${conditions.cpu}`)
  const summaries = new Map<Mix, Summary>()
  const peers: { readonly peer: PeerResult; readonly compared: readonly Compared[] }[] = []
  for (const [i, mix] of options.mixes.entries()) {
    if (i > 0 && Date.now() > startedMs + (untilMs - startedMs) * SHARE_TO_BEGIN_IN) break
    say(`${mix}, ${options.versions} versions`)
    const result = await measureMix(options, mix, i === 0, untilMs)
    summaries.set(mix, summaryOf(result))
    if (i === 0 && options.hasPeers && mix === 'ipv4') peers.push(...(await measurePeers(options, result, untilMs)))
  }
  const measuredUnder = { ...conditions, load_average_at_end: round(loadavg()[0] ?? 0, 1) }
  const tables = [
    conditionsLine(measuredUnder),
    figuresTable(summaries),
    ...(peers.length > 0 ? [peersTable(peers)] : []),
  ]
  console.log(`${tables.join('\n\n')}\n`)
  const [first] = options.mixes
  const line = {
    bench: 'index',
    conditions: measuredUnder,
    took_s: round((Date.now() - startedMs) / 1000, 1),
    ...(first && summaries.get(first)),
    ...NO_PEERS,
    ...Object.assign({}, ...peers.map(({ peer, compared }) => comparisonOf(peer, compared))),
    half_ipv6: first === 'ipv4' ? (summaries.get('half-ipv6') ?? null) : null,
  }
  console.log(JSON.stringify(line))
}

/** Whoever has little time begins nothing long after this part of it. */
const SHARE_TO_BEGIN_IN = 0.5

const NO_PEERS = { vs_duckdb: null, vs_clickhouse: null }

async function measureMix(options: BenchOptions, mix: Mix, isFirst: boolean, untilMs: number): Promise<WhohadResult> {
  const { versions, probes, rounds, seed, claims, straddling } = options
  return runWhohad(
    {
      versions,
      probes,
      rounds,
      seed,
      halfIpv6: mix === 'half-ipv6',
      claims: isFirst ? claims : 0,
      straddling: isFirst ? straddling : 0,
      untilMs: Math.min(untilMs, Number.MAX_SAFE_INTEGER),
    },
    surroundingsOf(options),
  )
}

async function measurePeers(options: BenchOptions, ours: WhohadResult, untilMs: number) {
  const { versions, probes, seed, budgetSeconds } = options
  const rounds = Number.isFinite(budgetSeconds) ? 1 : Math.min(options.rounds, 3)
  const measured: { readonly peer: PeerResult; readonly compared: readonly Compared[] }[] = []
  for (const name of PEERS) {
    const peer = await runPeer(name, { versions, probes, kind: 'cold', seed, rounds }, surroundingsOf(options), untilMs)
    if (peer) measured.push({ peer, compared: compare(peer, ours) })
    else say(`${name}: left out, as its time was up`)
  }
  return measured
}

const surroundingsOf = ({ hugePages }: BenchOptions) => (hugePages ? HUGE_PAGES : {})

function conditionsOf({ versions, mixes, probes, rounds, seed, hugePages: isAsked }: BenchOptions) {
  return {
    versions,
    addresses: versions / 10,
    mixes,
    probes,
    rounds,
    seed,
    node: process.version,
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    huge_pages: `${hugePages()}, ${isAsked ? 'asked for' : 'not asked for'}`,
    memory_gb: round(totalmem() / 2 ** 30, 1),
    load_average: round(loadavg()[0] ?? 0, 1),
  }
}

/** Whether Linux backs large columns with huge pages: random reads depend on it. */
function hugePages(): string {
  try {
    return /\[(\w+)\]/.exec(readFileSync('/sys/kernel/mm/transparent_hugepage/enabled', 'utf8'))?.[1] ?? 'unknown'
  } catch {
    return 'unknown'
  }
}

await runBench({ name: 'index', help: HELP, optionsOf, measure })
