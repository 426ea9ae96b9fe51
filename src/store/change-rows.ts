import type { Change, Claim, Horizon, Layer, Progress, Revision, Scope, SourceRecord } from '../ownership/claim.ts'
import type { Prefix } from '../ownership/prefix.ts'
import type { Bounds } from '../ownership/window.ts'
import type { OwnersMemo } from './owners-memo.ts'
import type { ReplyRows } from './reply-rows.ts'

/** How a table's rows become changes again. */
export type ChangeRows = {
  readonly table: string
  /** What `changeOf` reads, in this order. */
  readonly columns: readonly string[]
  changeOf(row: ReplyRows, owners: OwnersMemo): Change
}

// Each function below reads its fields in the order in which they stand, which is that of the columns beside it. The
// column's type in schemas/sql, and what src/changestream let in, earn each cast.

const REVISION = ['revision_epoch', 'revision_sequence'] as const
const revisionOf = (row: ReplyRows): Revision => ({ epoch: row.whole(), sequence: row.whole() })

const boundsOf = (row: ReplyRows): Bounds => ({
  earliestMs: row.wholeOr(Number.NEGATIVE_INFINITY),
  latestMs: row.wholeOr(Number.POSITIVE_INFINITY),
})

function portsOf(row: ReplyRows): Claim['ports'] {
  const first = row.wholeOr(null)
  const last = row.wholeOr(null)
  return first === null || last === null ? null : { first, last }
}

const claims: ChangeRows = {
  table: 'claims',
  columns: [
    'claim_id',
    ...REVISION,
    'domain',
    'prefix',
    'first_port',
    'last_port',
    'layer',
    'source',
    'owners',
    'lifetime_id',
    'start_earliest_ms',
    'start_latest_ms',
    'end_earliest_ms',
    'end_latest_ms',
    'last_sighting_ms',
    'evidence',
    'state',
    'expects',
    'whole',
  ],
  changeOf: (row, owners): Claim => ({
    record: 'claim',
    id: row.text(),
    revision: revisionOf(row),
    domain: row.usualText(0),
    prefix: row.text() as Prefix,
    ports: portsOf(row),
    layer: row.usualText(1) as Layer,
    source: row.usualText(2),
    owners: owners.parsed(row.text()),
    lifetimeId: row.textOrNull(),
    start: boundsOf(row),
    end: boundsOf(row),
    lastSightingMs: row.wholeOr(0),
    evidence: row.usualText(3) as Claim['evidence'],
    state: row.usualText(4) as Claim['state'],
    expects: row.words() as readonly Layer[],
    whole: row.flag(),
  }),
}

type ScopeCell = Omit<Scope, 'fromMs'> & { readonly fromMs: number | null }

const scopesOf = (text: string): readonly Scope[] =>
  (JSON.parse(text) as readonly ScopeCell[]).map(scope => ({
    ...scope,
    fromMs: scope.fromMs ?? Number.NEGATIVE_INFINITY,
  }))

const sources: ChangeRows = {
  table: 'sources',
  columns: [
    'source',
    ...REVISION,
    'kind',
    'scope',
    'lag_ms',
    'clock_error_ms',
    'bridge_ms',
    'briefest_holding_ms',
    'longest_gap_ms',
    'valid_from_ms',
    'valid_until_ms',
  ],
  changeOf: (row): SourceRecord => ({
    record: 'source',
    source: row.text(),
    revision: revisionOf(row),
    kind: row.text(),
    scope: scopesOf(row.text()),
    bounds: {
      lagMs: row.whole(),
      clockErrorMs: row.whole(),
      bridgeMs: row.wholeOr(Number.POSITIVE_INFINITY),
      briefestHoldingMs: row.whole(),
      longestGapMs: row.wholeOr(Number.POSITIVE_INFINITY),
    },
    validity: { fromMs: row.wholeOr(Number.NEGATIVE_INFINITY), untilMs: row.wholeOr(Number.POSITIVE_INFINITY) },
  }),
}

function refusalOf(row: ReplyRows): Progress['refused'] {
  const refused = row.flag()
  const refusal = { reason: row.text(), detail: row.text() }
  return refused ? refusal : null
}

const coverage: ChangeRows = {
  table: 'coverage',
  columns: [
    'source',
    ...REVISION,
    'complete_up_to_ms',
    'over_at_ms',
    'addresses',
    'changed',
    'refused',
    'refused_reason',
    'refused_detail',
  ],
  changeOf: (row): Progress => ({
    record: 'progress',
    source: row.text(),
    revision: revisionOf(row),
    completeUpToMs: row.wholeOr(Number.NEGATIVE_INFINITY),
    overAtMs: row.wholeOr(Number.NEGATIVE_INFINITY),
    counts: { addresses: row.whole(), changed: row.whole() },
    refused: refusalOf(row),
  }),
}

const horizons: ChangeRows = {
  table: 'horizons',
  columns: ['domain', 'before_ms'],
  changeOf: (row): Horizon => ({ record: 'horizon', domain: row.text(), beforeMs: row.whole() }),
}

/** The tables that between them hold every change of the stream, each change in one of them. */
export const CHANGE_ROWS: readonly ChangeRows[] = [claims, sources, coverage, horizons]
