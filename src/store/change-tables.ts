import type { Change, Claim, Horizon, Owner, Progress, Scope, SourceRecord } from '../ownership/claim.ts'
import { storeErrors } from './errors.ts'
import type { StoredChange } from './port.ts'
import type { Column } from './tab-separated.ts'

/** A change of one kind with its place in the stream. */
type Placed<C extends Change> = Omit<StoredChange, 'change'> & { readonly change: C }

// Only the one infinity that a field can mean becomes null; the other one is refused when it is encoded.
const lower = (value: number): number | null => (value === Number.NEGATIVE_INFINITY ? null : value)
const upper = (value: number): number | null => (value === Number.POSITIVE_INFINITY ? null : value)

const place: readonly Column<Placed<Change>>[] = [
  ['stream_partition', row => row.partition],
  ['stream_offset', row => row.offset],
  ['logged_at_ms', row => row.loggedAtMs],
]

const revision: readonly Column<Placed<Claim | Progress | SourceRecord>>[] = [
  ['revision_epoch', row => row.change.revision.epoch],
  ['revision_sequence', row => row.change.revision.sequence],
]

/** A column about the first owner; a shared address has more, all of them in `owners`. */
const firstOwner = (name: string, value: (owner: Owner) => string | null): Column<Placed<Claim>> => [
  name,
  ({ change: { owners } }) => (owners[0] === undefined ? '' : (value(owners[0]) ?? '')),
]

/** JSON has no infinity. A start of null means "since ever"; any other number that JSON lacks would become one. */
function scopeCell(scope: Scope): object {
  const fromMs = lower(scope.fromMs)
  if (fromMs !== null && !Number.isSafeInteger(fromMs))
    throw storeErrors.statementRefused({ statement: 'INSERT', reason: `number ${fromMs}` })
  return { ...scope, fromMs }
}

export const CLAIM_COLUMNS: readonly Column<Placed<Claim>>[] = [
  ['claim_id', row => row.change.id],
  ...revision,
  ['domain', row => row.change.domain],
  ['prefix', row => row.change.prefix],
  ['first_port', row => row.change.ports?.first ?? null],
  ['last_port', row => row.change.ports?.last ?? null],
  ['layer', row => row.change.layer],
  ['source', row => row.change.source],
  firstOwner('application', owner => owner.application),
  firstOwner('cluster', owner => owner.cluster),
  firstOwner('stack', owner => owner.stack),
  firstOwner('detail', owner => owner.detail),
  firstOwner('kind', owner => owner.kind),
  firstOwner('resource_id', owner => owner.resourceId),
  firstOwner('account', owner => owner.account),
  firstOwner('region', owner => owner.region),
  firstOwner('zone', owner => owner.zone),
  firstOwner('vpc', owner => owner.vpc),
  firstOwner('subnet', owner => owner.subnet),
  firstOwner('eni', owner => owner.eni),
  firstOwner('host', owner => owner.host),
  firstOwner('team', owner => owner.team),
  ['owner_count', row => row.change.owners.length],
  ['owners', row => JSON.stringify(row.change.owners)],
  ['lifetime_id', row => row.change.lifetimeId],
  ['start_earliest_ms', row => lower(row.change.start.earliestMs)],
  ['start_latest_ms', row => upper(row.change.start.latestMs)],
  ['end_earliest_ms', row => lower(row.change.end.earliestMs)],
  ['end_latest_ms', row => upper(row.change.end.latestMs)],
  ['last_sighting_ms', row => row.change.lastSightingMs],
  ['evidence', row => row.change.evidence],
  ['state', row => row.change.state],
  ['expects', row => row.change.expects],
  ['whole', row => row.change.whole],
  ...place,
]

export const SOURCE_COLUMNS: readonly Column<Placed<SourceRecord>>[] = [
  ['source', row => row.change.source],
  ...revision,
  ['kind', row => row.change.kind],
  ['scope', row => JSON.stringify(row.change.scope.map(scopeCell))],
  ['lag_ms', row => row.change.bounds.lagMs],
  ['clock_error_ms', row => row.change.bounds.clockErrorMs],
  ['bridge_ms', row => upper(row.change.bounds.bridgeMs)],
  ['briefest_holding_ms', row => row.change.bounds.briefestHoldingMs],
  ['longest_gap_ms', row => upper(row.change.bounds.longestGapMs)],
  ['valid_from_ms', row => lower(row.change.validity.fromMs)],
  ['valid_until_ms', row => upper(row.change.validity.untilMs)],
  ...place,
]

export const COVERAGE_COLUMNS: readonly Column<Placed<Progress>>[] = [
  ['source', row => row.change.source],
  ...revision,
  ['complete_up_to_ms', row => lower(row.change.completeUpToMs)],
  ['over_at_ms', row => lower(row.change.overAtMs)],
  ['addresses', row => row.change.counts.addresses],
  ['changed', row => row.change.counts.changed],
  ['refused', row => row.change.refused !== null],
  ['refused_reason', row => row.change.refused?.reason ?? ''],
  ['refused_detail', row => row.change.refused?.detail ?? ''],
  ...place,
]

export const HORIZON_COLUMNS: readonly Column<Placed<Horizon>>[] = [
  ['domain', row => row.change.domain],
  ['before_ms', row => row.change.beforeMs],
  ...place,
]

export type ChangesByTable = {
  readonly claims: Placed<Claim>[]
  readonly sources: Placed<SourceRecord>[]
  readonly coverage: Placed<Progress>[]
  readonly horizons: Placed<Horizon>[]
}

export function byTable(changes: readonly StoredChange[]): ChangesByTable {
  const tables: ChangesByTable = { claims: [], sources: [], coverage: [], horizons: [] }
  for (const { change, ...at } of changes) {
    switch (change.record) {
      case 'claim':
        tables.claims.push({ ...at, change })
        break
      case 'source':
        tables.sources.push({ ...at, change })
        break
      case 'progress':
        tables.coverage.push({ ...at, change })
        break
      case 'horizon':
        tables.horizons.push({ ...at, change })
        break
    }
  }
  return tables
}

/** One past the last offset of each partition that occurs. */
export function endsOf(changes: readonly StoredChange[]): readonly { partition: number; end: number }[] {
  const ends = new Map<number, number>()
  for (const { partition, offset } of changes) ends.set(partition, Math.max(offset + 1, ends.get(partition) ?? 0))
  return [...ends].map(([partition, end]) => ({ partition, end }))
}

export const POSITION_COLUMNS: readonly Column<{ readonly partition: number; readonly end: number }>[] = [
  ['stream_partition', row => row.partition],
  ['end_offset', row => row.end],
]
