import type { LookUpResult } from './look-ups.ts'
import type { StreamResult } from './streams.ts'

/** One text through a route, and what the server spent on it. */
export type Round = StreamResult & { readonly cpuSeconds: number }

/** Single look-ups for some seconds, and what the server spent on them. */
export type Asked = { readonly result: LookUpResult; readonly cpuSeconds: number }

export type Measured = {
  readonly readySeconds: number
  readonly cliSeconds: number
  readonly cliLargeSeconds: number
  /** Of the server once it was ready, and after everything. */
  readonly bytes: number
  readonly endBytes: number
  readonly full: Asked
  readonly half: Asked
  readonly bulk: Round
  readonly uniform: Round
  readonly text: Round
}

export type Figures = { readonly [name: string]: number }

/** The round in the middle by its wall time. */
export function medianOf(rounds: readonly Round[]): Round {
  const sorted = [...rounds].sort((a, b) => a.seconds - b.seconds)
  const middle = sorted[Math.floor((sorted.length - 1) / 2)]
  if (middle === undefined) throw new RangeError('no round was measured')
  return middle
}

/** Each `…_per_core` is by the server's processor time, which a busy machine changes less than the clock. */
export function figuresOf(measured: Measured): Figures {
  const { full, half, bulk, uniform, text } = measured
  return {
    lookups_per_s: Math.round(full.result.perSecond),
    lookups_per_s_per_core: Math.round(full.result.requests / full.cpuSeconds),
    p99_ms: rounded(half.result.p99Ms),
    p50_ms: rounded(half.result.p50Ms),
    p99_full_rate_ms: rounded(full.result.p99Ms),
    bulk_per_s: Math.round(bulk.lines / bulk.seconds),
    bulk_per_s_per_core: Math.round(bulk.lines / bulk.cpuSeconds),
    bulk_uniform_per_s: Math.round(uniform.lines / uniform.seconds),
    bulk_uniform_per_s_per_core: Math.round(uniform.lines / uniform.cpuSeconds),
    annotate_mb_per_s: rounded(text.bytesIn / 1e6 / text.seconds),
    annotate_mb_per_s_per_core: rounded(text.bytesIn / 1e6 / text.cpuSeconds),
    ready_seconds: rounded(measured.readySeconds),
    cli_seconds: rounded(measured.cliSeconds),
    cli_all_claims_seconds: rounded(measured.cliLargeSeconds),
    rss_mb: Math.round(measured.bytes / 1e6),
    rss_at_end_mb: Math.round(measured.endBytes / 1e6),
    checked: full.result.checked + half.result.checked + bulk.checked + uniform.checked + text.checked,
  }
}

export function tableOf(measured: Measured): string {
  const figures = figuresOf(measured)
  const row = (what: string, value: string, perCore: string, aim: string) =>
    `| ${what} | ${value} | ${perCore} | ${aim} |`
  const figure = (name: string) => grouped(figures[name])
  return [
    row('figure', 'by the clock', 'a second of the processor', 'aim'),
    row('---', '---', '---', '---'),
    row('single look-ups a second', figure('lookups_per_s'), figure('lookups_per_s_per_core'), '≥ 20,000'),
    row('p99 at half that rate, ms', figure('p99_ms'), '', '< 2'),
    row('CSV lines a second', figure('bulk_per_s'), figure('bulk_per_s_per_core'), '≥ 500,000'),
    row('of any address, each as likely', figure('bulk_uniform_per_s'), figure('bulk_uniform_per_s_per_core'), ''),
    row('netstat text, MB a second', figure('annotate_mb_per_s'), figure('annotate_mb_per_s_per_core'), '≥ 50'),
    row('start to ready, s', figure('ready_seconds'), '', '< 10'),
    row('first answer of the command line, s', figure('cli_seconds'), '', '< 1'),
    row('the same where all claims are, s', figure('cli_all_claims_seconds'), '', ''),
  ].join('\n')
}

const rounded = (value: number): number => Number(value.toFixed(2))

const grouped = (value: number | undefined): string =>
  (value ?? Number.NaN).toLocaleString('en-GB', { maximumFractionDigits: 2 })
