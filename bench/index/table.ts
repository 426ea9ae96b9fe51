import type { Mix } from './options.ts'
import type { PeerResult } from './peer.ts'
import type { Compared, Summary } from './summary.ts'

export type Conditions = {
  readonly versions: number
  readonly addresses: number
  readonly probes: number
  readonly rounds: number
  readonly node: string
  readonly cpu: string
  readonly cores: number
  readonly huge_pages: string
  readonly load_average: number
  readonly load_average_at_end: number
}

/** One sentence, to stand above the figures wherever they are shown. */
export const conditionsLine = (of: Conditions): string =>
  `${grouped(of.versions)} versions of ${grouped(of.addresses)} addresses, ${grouped(of.probes)} look-ups of each kind, best of ` +
  `${of.rounds} rounds; Node.js ${of.node}, ${of.cores} cores of ${of.cpu}, huge pages: ${of.huge_pages}, load ` +
  `${of.load_average} at the start and ${of.load_average_at_end} at the end.`

/** Name of the figure, what it is, and the aim where there is one. */
const LINES: readonly (readonly [name: string, what: string, aim: string])[] = [
  ['bytes_per_version', 'bytes a version in the look-up index', '≤ 24'],
  ['bytes_per_version_straddling', 'the same, laid across the edge of two segments', ''],
  ['named_bytes_per_version', 'claim and last sighting, bytes a version beside it', ''],
  ['build_s', 'build, s', ''],
  ['checkpoint_write_s', 'write the checkpoint, s', ''],
  ['restore_s', 'restore it, s', ''],
  ['cold', 'cold host hit, ns', '≤ 350'],
  ['cold_ipv6', 'cold host hit, IPv6 alone, ns', ''],
  ['cold_straddling', 'cold host hit, two segments, ns', ''],
  ['hot', 'hot host hit, ns', '≤ 90'],
  ['hot_mixed', 'hot: hits, gaps, doubts, ns', ''],
  ['fallback', 'prefix fallback, ns', ''],
  ['window', 'window of 1 to 60 s, ns', ''],
  ['cold_mixed', 'cold: hits, gaps, doubts, ns', ''],
  ['batched', 'the same, bucketed by key, ns', ''],
  ['batched_65536', 'the same, bucketed, 65,536 at a time, ns', ''],
  ['random_read', 'one random read of the rows, for scale, ns', ''],
  ['one_worker', 'cold in one worker, ns', ''],
  ['two_workers', 'cold in two workers, ns', ''],
  ['two_worker_speedup', 'two workers over one, times', '≥ 1.9'],
  ['two_worker_speedup_by_cpu', 'the same by processor time, times', ''],
  ['worker_open_ms', 'a worker opens the shared index, ms', ''],
  ['ask_ns', 'whole question where there is doubt, ns', ''],
  ['ask_owned_ns', 'whole question where there is none, ns', ''],
  ['ask_share', 'share of cold look-ups in doubt', ''],
  ['ledger_bytes_per_claim', 'ledger, bytes a claim', ''],
  ['ledger_owner_bytes_per_claim', 'owners, bytes a claim where each has its own', ''],
  ['ledger_claims_per_s', 'claims applied a second', ''],
  ['ledger_cpu_ns_per_claim', 'apply a claim, processor ns', '≤ 2,000'],
  ['ledger_repeat_cpu_ns_per_claim', 'apply it again, processor ns', ''],
  ['ledger_shared_cpu_ns_per_claim', 'apply one of a known owner, processor ns', ''],
  ['compact_s', 'fold them all in, s', ''],
]

/** The figures in Markdown, a column for each mix of families; times as best, and processor time in brackets. */
export function figuresTable(summaries: ReadonlyMap<Mix, Summary>): string {
  const mixes = [...summaries.keys()]
  const heads = { ipv4: 'IPv4', 'half-ipv6': 'half IPv6' }
  const rows = LINES.filter(([name]) => mixes.some(mix => cellOf(summaries.get(mix), name) !== ''))
  return table(
    ['figure', ...mixes.map(mix => heads[mix]), 'aim'],
    rows.map(([name, what, aim]) => [what, ...mixes.map(mix => cellOf(summaries.get(mix), name)), aim]),
  )
}

function cellOf(summary: Summary | undefined, name: string): string {
  const value = summary?.[name] ?? summary?.[`${name}_ns`]
  if (value === undefined || value === null) return ''
  const cpu = summary?.[`${name}_cpu_ns`]
  return typeof cpu === 'number' ? `${grouped(value)} (${grouped(cpu)})` : grouped(value)
}

export function peersTable(
  peers: readonly { readonly peer: PeerResult; readonly compared: readonly Compared[] }[],
): string {
  const rows = peers.flatMap(({ peer, compared }) =>
    compared.map(({ timing, ratio, ratioByCpu }) => [
      `${peer.peer} ${peer.engine}, ${timing.way}`,
      String(timing.threads),
      `${grouped(timing.nsPerProbe)} (${grouped(timing.cpuNsPerProbe)})`,
      `${grouped(ratio)} (${grouped(ratioByCpu)})`,
      peer.bytesPerVersion.toFixed(1),
      peer.loadSeconds.toFixed(1),
    ]),
  )
  return table(['engine', 'threads', 'ns a probe', 'times ours', 'bytes a version', 'load, s'], rows)
}

const grouped = (value: number): string =>
  value.toLocaleString('en-GB', { maximumFractionDigits: Math.abs(value) < 1 ? 5 : value < 100 ? 2 : 0 })

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}
