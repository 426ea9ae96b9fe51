import type { PeerResult, Timing } from './peer.ts'
import type { Figure } from './rounds.ts'
import type { WhohadResult } from './whohad.ts'

/** Named numbers, in snake_case; null where it was not measured. */
export type Summary = { readonly [name: string]: number | null }

/** What one run of the index comes to. */
export function summaryOf(result: WhohadResult): Summary {
  const { versions, sizes, lookUps, asked, workers, checkpoint, straddling, ledger } = result
  const { hits, ipv6Hits, cold, hotHits, hot, fallback, window, batched, batchedSmall, outcomes } = lookUps
  return {
    bytes_per_version: round(sizes.lookUpBytes / versions, 2),
    named_bytes_per_version: round(sizes.namedBytes / versions, 2),
    owner_bytes: sizes.factBytes,
    bytes_per_version_straddling: straddling && round(straddling.sizes.lookUpBytes / straddling.versions, 2),
    resident_bytes: result.residentBytes,
    build_s: round(result.buildSeconds, 2),
    checkpoint_bytes: checkpoint.checkpointBytes,
    checkpoint_write_s: round(checkpoint.writeSeconds, 2),
    restore_s: round(checkpoint.restoreSeconds, 2),
    ...named('cold', hits),
    ...(ipv6Hits && named('cold_ipv6', ipv6Hits)),
    ...named('cold_mixed', cold),
    ...named('hot', hotHits),
    ...named('hot_mixed', hot),
    ...named('fallback', fallback),
    ...named('window', window),
    ...named('batched', batched),
    ...named('batched_65536', batchedSmall),
    ...(straddling && named('cold_straddling', straddling.cold)),
    random_read_ns: round(result.randomRead.ns, 1),
    random_read_cpu_ns: round(result.randomRead.cpuNs, 1),
    ask_ns: asked.inFull && round(asked.inFull.ns, 0),
    ask_cpu_ns: asked.inFull && round(asked.inFull.cpuNs, 0),
    ask_owned_ns: round(asked.owned.ns, 0),
    ask_share: round(outcomes.cold.inFull / result.probes, 5),
    ask_share_windows: round(outcomes.window.inFull / result.probes, 5),
    ...named('one_worker', workers.one),
    ...named('two_workers', workers.two),
    two_worker_speedup: round(workers.one.ns / workers.two.ns, 2),
    two_worker_speedup_by_cpu: round((2 * workers.one.cpuNs) / workers.two.cpuNs, 2),
    worker_start_ms: round(workers.startMs, 0),
    worker_open_ms: round(workers.openMs, 1),
    ledger_claims: ledger?.claims ?? null,
    ledger_bytes_per_claim: ledger && round(ledger.bytesPerClaim, 1),
    ledger_owner_bytes_per_claim: ledger && round(ledger.factBytesPerClaim, 1),
    ledger_claims_per_s: ledger && round(ledger.claimsPerSecond, 0),
    ledger_cpu_ns_per_claim: ledger && round(ledger.cpuNsPerClaim, 0),
    ledger_repeat_cpu_ns_per_claim: ledger && round(ledger.repeatCpuNsPerClaim, 0),
    ledger_shared_cpu_ns_per_claim: ledger && round(ledger.sharedCpuNsPerClaim, 0),
    compact_s: ledger && round(ledger.compactSeconds, 2),
    compact_cpu_s: ledger && round(ledger.compactCpuSeconds, 2),
  }
}

/** Best wall time, median, slowest over fastest, and processor time. */
const named = (name: string, { ns, medianNs, spread, cpuNs }: Figure): Summary => ({
  [`${name}_ns`]: round(ns, 1),
  [`${name}_median_ns`]: round(medianNs, 1),
  [`${name}_spread`]: round(spread, 2),
  [`${name}_cpu_ns`]: round(cpuNs, 1),
})

/** A peer's time in one of its ways, against workers of ours with as many threads; both add up the owners that they find. */
export type Compared = {
  /** One thread and the way that was asked for go without saying: duckdb, duckdb_hash_join_with_a_range_two_threads. */
  readonly name: string
  readonly timing: Timing
  /** How many times as long as we it takes. */
  readonly ratio: number
  readonly ratioByCpu: number
}

export function compare(peer: PeerResult, { workers }: WhohadResult): readonly Compared[] {
  return peer.timings.map(timing => {
    const { way, threads, nsPerProbe, cpuNsPerProbe } = timing
    const ours = threads === 1 ? workers.one : workers.two
    const ofWay = way === peer.way ? '' : `_${way.replaceAll(/\W+/g, '_')}`
    return {
      name: `${peer.peer}${ofWay}${threads === 1 ? '' : '_two_threads'}`,
      timing,
      ratio: round(nsPerProbe / ours.ns, 2),
      ratioByCpu: round(cpuNsPerProbe / ours.cpuNs, 2),
    }
  })
}

export const comparisonOf = (peer: PeerResult, compared: readonly Compared[]): Summary => ({
  ...Object.fromEntries(
    compared.flatMap(({ name, timing, ratio, ratioByCpu }) => [
      [`vs_${name}`, ratio],
      [`vs_${name}_by_cpu`, ratioByCpu],
      [`${name}_ns`, round(timing.nsPerProbe, 1)],
      [`${name}_cpu_ns`, round(timing.cpuNsPerProbe, 1)],
    ]),
  ),
  [`${peer.peer}_load_s`]: round(peer.loadSeconds, 2),
  [`${peer.peer}_bytes_per_version`]: round(peer.bytesPerVersion, 2),
})

export const round = (value: number, digits: number): number => Number(value.toFixed(digits))
