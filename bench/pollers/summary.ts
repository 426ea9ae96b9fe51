import type { Coverage } from './coverage.ts'
import type { Diffed } from './diff.ts'
import type { BenchOptions } from './options.ts'
import type { Visible } from './visible.ts'

export type Figures = {
  readonly addresses: number
  readonly bindings: number
  /** Of the poll that finds one address in a hundred in other hands: guards and diff, wall time and processor time. */
  readonly diff_seconds: number
  readonly diff_cpu_seconds: number
  readonly first_poll_seconds: number
  readonly unchanged_seconds: number
  readonly map_seconds: number
  /** Of the process that made up the listings, mapped and diffed them, four times. */
  readonly peak_rss_mb: number
  /** Claims that the poll with nothing new published. */
  readonly unchanged_claims: number
  readonly requests_per_poll: number
  readonly visible_ms: number
  readonly visible_worst_ms: number
  readonly visible_among: number
  readonly owned_share: Readonly<Record<string, number>>
  readonly requests_per_second: Readonly<Record<string, number>>
  readonly wrong: number
}

export type Conditions = {
  readonly node: string
  readonly cpu: string
  readonly cores: number
  readonly load_average: number
  readonly load_average_at_end: number
}

const round = (value: number, digits: number): number => Number(value.toFixed(digits))
const shares = <T>(coverage: Readonly<Record<string, Coverage>>, of: (one: Coverage) => T): Record<string, T> =>
  Object.fromEntries(Object.entries(coverage).map(([way, one]) => [way, of(one)]))

export function figuresOf(
  options: BenchOptions,
  { polls, requests, peakRssBytes }: Diffed,
  { milliseconds }: Visible,
  coverage: Readonly<Record<string, Coverage>>,
): Figures {
  const poll = (name: Diffed['polls'][number]['poll']) => {
    const found = polls.find(one => one.poll === name)
    if (found === undefined) throw new Error(`no ${name} poll was measured`)
    return found
  }
  const changed = poll('one in a hundred')
  const unchanged = poll('unchanged')
  if (unchanged.claims > 0) throw new Error(`a poll that found nothing new published ${unchanged.claims} claims`)
  const wrong = Object.values(coverage).reduce((sum, one) => sum + one.wrong, 0)
  if (wrong > 0) throw new Error(`${wrong} ends of flows were answered wrongly`)
  const sorted = milliseconds.toSorted((a, b) => a - b)
  return {
    addresses: options.addresses,
    bindings: changed.bindings,
    diff_seconds: round(changed.diffSeconds, 2),
    diff_cpu_seconds: round(changed.diffCpuSeconds, 2),
    first_poll_seconds: round(poll('first').diffSeconds, 2),
    unchanged_seconds: round(unchanged.diffSeconds, 2),
    map_seconds: round(changed.mapSeconds, 2),
    peak_rss_mb: Math.round(peakRssBytes / 1e6),
    unchanged_claims: unchanged.claims,
    requests_per_poll: requests,
    visible_ms: round(sorted[Math.floor(sorted.length / 2)] ?? Number.NaN, 0),
    visible_worst_ms: round(sorted.at(-1) ?? Number.NaN, 0),
    visible_among: options.visibleAmong,
    owned_share: shares(coverage, one => round(one.owned / one.ends, 4)),
    requests_per_second: shares(coverage, one => round(one.requests / (options.minutes * 60), 2)),
    wrong,
  }
}

const row = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`

export function tablesOf(
  { polls }: Diffed,
  figures: Figures,
  coverage: Readonly<Record<string, Coverage>>,
  of: Conditions,
): string {
  const number = (value: number) => value.toLocaleString('en-GB')
  return [
    `${number(figures.addresses)} addresses, ${number(figures.bindings)} bindings, ${figures.requests_per_poll} requests a poll; Node.js ${of.node}, ${of.cores} cores of ${of.cpu}, load ${of.load_average} at the start and ${of.load_average_at_end} at the end.`,
    '',
    row(['poll', 'claims published', 'mapped in, s', 'guarded and diffed in, s', 'of the processor, s']),
    row(['---', '---', '---', '---', '---']),
    ...polls.map(one =>
      row([
        one.poll,
        number(one.claims),
        one.mapSeconds.toFixed(2),
        one.diffSeconds.toFixed(2),
        one.diffCpuSeconds.toFixed(2),
      ]),
    ),
    '',
    `Peak memory ${number(figures.peak_rss_mb)} MB. Visible among ${number(figures.visible_among)} addresses after ${figures.visible_ms} ms (median), ${figures.visible_worst_ms} ms at worst.`,
    '',
    row(['way of polling', 'ends owned', 'wrong', 'requests a second']),
    row(['---', '---', '---', '---']),
    ...Object.entries(coverage).map(([way, one]) =>
      row([
        way,
        `${((figures.owned_share[way] ?? 0) * 100).toFixed(1)} %`,
        one.wrong,
        figures.requests_per_second[way] ?? 0,
      ]),
    ),
  ].join('\n')
}
