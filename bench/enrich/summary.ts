import type { Counted, CountResult } from './count.ts'
import type { PeerResult } from './peer.ts'
import { medianOf, type Round } from './rounds.ts'

/** What a run measured; what is undefined it did not. */
export type Measured = {
  readonly records: number
  readonly counts: CountResult
  readonly gunzip: { readonly one: readonly Round[]; readonly two: readonly Round[] }
  readonly peers: Readonly<Record<string, PeerResult>>
}

/** Named numbers; null where nothing was measured. */
export type Figures = { readonly [name: string]: number | null }

/** One line of the table: something that reads all records. */
export type Line = { readonly what: string; readonly threads: number; readonly median: Round }

export function linesOf({ counts, gunzip, peers }: Measured): readonly Line[] {
  const ours = Object.entries(counts.counted).flatMap(([name, { one, two }]) => [
    { what: `whohad, ${name}`, threads: 1, median: medianOf(one) },
    { what: `whohad, ${name}`, threads: 2, median: medianOf(two) },
  ])
  const theirs = Object.entries(peers).flatMap(([name, { engine, timings }]) =>
    timings.map(({ way, threads, rounds }) => ({
      what: `${name} ${engine}, ${way}`,
      threads,
      median: medianOf(rounds),
    })),
  )
  return [
    ...ours,
    { what: 'gunzip, nothing else', threads: 1, median: medianOf(gunzip.one) },
    { what: 'gunzip, nothing else', threads: 2, median: medianOf(gunzip.two) },
    ...theirs,
  ]
}

export function figuresOf({ records, counts, gunzip, peers }: Measured): Figures {
  const { skewed, uniform, parquet } = counts.counted
  const perCore = (counted: Counted | undefined) => counted && Math.round(records / medianOf(counted.one).cpuSeconds)
  const wall = (counted: Counted | undefined) => counted && medianOf(counted.two).wallSeconds
  const peakBytes = Math.max(...Object.values(counts.counted).map(counted => counted.peakBytes))
  return {
    count_per_s_per_core: perCore(skewed) ?? null,
    count_uniform_per_s_per_core: perCore(uniform) ?? null,
    // Rows into chDB are not measured yet.
    clickhouse_per_s_per_core: null,
    parquet_in_per_s_per_core: perCore(parquet) ?? null,
    vs_clickhouse: ratio(bestWall(peers['clickhouse']), wall(skewed)),
    vs_duckdb: ratio(bestWall(peers['duckdb']), wall(skewed)),
    vs_gunzip: ratio(medianOf(gunzip.one).cpuSeconds, skewed && medianOf(skewed.one).cpuSeconds),
    two_core_speedup: ratio(skewed && medianOf(skewed.one).wallSeconds, wall(skewed)),
    peak_rss_mb: megabytes(peakBytes),
    peak_beyond_index_mb: megabytes(peakBytes - counts.indexBytes),
    peak_beyond_start_mb: megabytes(peakBytes - counts.restBytes),
    index_mb: megabytes(counts.indexBytes),
  }
}

export function tableOf(lines: readonly Line[], records: number): string {
  const rows = lines.map(({ what, threads, median: { wallSeconds, cpuSeconds } }) => [
    what,
    String(threads),
    wallSeconds.toFixed(2),
    cpuSeconds.toFixed(2),
    grouped(records / wallSeconds),
    grouped(records / cpuSeconds),
  ])
  const head = ['what', 'threads', 'wall, s', 'processor, s', 'records/s', 'records/s of the processor']
  return [head, head.map(() => '---'), ...rows].map(cells => `| ${cells.join(' | ')} |`).join('\n')
}

/** The quickest way with two threads. */
const bestWall = (peer: PeerResult | undefined): number | undefined =>
  peer &&
  Math.min(...peer.timings.filter(({ threads }) => threads === 2).map(({ rounds }) => medianOf(rounds).wallSeconds))

const ratio = (a: number | undefined, b: number | undefined): number | null =>
  a === undefined || b === undefined ? null : Number((a / b).toFixed(2))

const megabytes = (bytes: number): number => Math.round(bytes / 1e6)

const grouped = (value: number): string => value.toLocaleString('en-GB', { maximumFractionDigits: 0 })
