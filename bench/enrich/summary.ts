import type { Counted, CountResult } from './count.ts'
import { INTO_TABLE, type PeerResult, type Timing } from './peer.ts'
import { medianOf, type Round } from './rounds.ts'
import type { Wrote } from './rows.ts'

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
  const wrote = [
    ...linesOfWritten('whohad, rows into chDB', counts.wrote.store),
    ...linesOfWritten('whohad, rows into Parquet', counts.wrote.parquet),
    ...linesOfWritten('whohad, rows as text', counts.wrote.text),
    ...linesOfWritten('whohad, rows as CSV', counts.wrote.csv),
    ...linesOfWritten('whohad, rows as NDJSON', counts.wrote.ndjson),
  ]
  return [
    ...ours,
    ...wrote,
    { what: 'gunzip, nothing else', threads: 1, median: medianOf(gunzip.one) },
    { what: 'gunzip, nothing else', threads: 2, median: medianOf(gunzip.two) },
    ...theirs,
  ]
}

export function figuresOf({ records, counts, gunzip, peers }: Measured): Figures {
  const { skewed, uniform, parquet } = counts.counted
  const perCore = (counted: Pick<Counted, 'one'> | undefined) =>
    counted && Math.round(records / medianOf(counted.one).cpuSeconds)
  const { store, parquet: parquetOut, text, csv, ndjson } = counts.wrote
  const wall = (counted: Pick<Counted, 'two'> | undefined) => counted && medianOf(counted.two).wallSeconds
  const peakBytes = Math.max(...Object.values(counts.counted).map(counted => counted.peakBytes))
  return {
    count_per_s_per_core: perCore(skewed) ?? null,
    count_uniform_per_s_per_core: perCore(uniform) ?? null,
    clickhouse_per_s_per_core: perCore(store) ?? null,
    parquet_out_per_s_per_core: perCore(parquetOut) ?? null,
    text_out_per_s_per_core: perCore(text) ?? null,
    csv_out_per_s_per_core: perCore(csv) ?? null,
    ndjson_out_per_s_per_core: perCore(ndjson) ?? null,
    parquet_in_per_s_per_core: perCore(parquet) ?? null,
    vs_clickhouse: ratio(bestWall(peers['clickhouse'], isCount), wall(skewed)),
    vs_duckdb: ratio(bestWall(peers['duckdb'], isCount), wall(skewed)),
    rows_vs_clickhouse: ratio(bestWall(peers['clickhouse'], isInsert), wall(store)),
    rows_vs_duckdb: ratio(bestWall(peers['duckdb'], isInsert), wall(store)),
    vs_gunzip: ratio(medianOf(gunzip.one).cpuSeconds, skewed && medianOf(skewed.one).cpuSeconds),
    rows_two_core_speedup: ratio(medianOf(store.one).wallSeconds, wall(store)),
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

const linesOfWritten = (what: string, { one, two }: Wrote): readonly Line[] => [
  { what, threads: 1, median: medianOf(one) },
  { what, threads: 2, median: medianOf(two) },
]

const isInsert = ({ way }: Timing): boolean => way.startsWith(INTO_TABLE)
const isCount = (timing: Timing): boolean => !isInsert(timing)

/** The quickest such way with two threads. */
const bestWall = (peer: PeerResult | undefined, isMeant: (timing: Timing) => boolean): number | undefined =>
  peer &&
  Math.min(
    ...peer.timings
      .filter(timing => timing.threads === 2 && isMeant(timing))
      .map(({ rounds }) => medianOf(rounds).wallSeconds),
  )

const ratio = (a: number | undefined, b: number | undefined): number | null =>
  a === undefined || b === undefined ? null : Number((a / b).toFixed(2))

const megabytes = (bytes: number): number => Math.round(bytes / 1e6)

const grouped = (value: number): string => value.toLocaleString('en-GB', { maximumFractionDigits: 0 })
