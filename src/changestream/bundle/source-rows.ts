import type { Change, Progress } from '../../ownership/claim.ts'
import type { HistoryColumns } from '../../ownership/coverage.ts'
import type { Cell, TableColumn } from '../parquet/table-writer.ts'
import { fromWire, toWire } from '../wire.ts'
import { cellReader, type Row } from './cells.ts'

const text = (name: string): TableColumn => ({ name, type: 'STRING' })
const whole = (name: string): TableColumn => ({ name, type: 'INT64' })

/** A row for each source: its registration where there is one, and its newest poll where there was one. */
export const SOURCE_COLUMNS: readonly TableColumn[] = [
  ...['source', 'kind'].map(text),
  ...['epoch', 'sequence', 'lag_ms', 'clock_error_ms', 'bridge_ms', 'briefest_holding_ms', 'longest_gap_ms'].map(whole),
  ...['valid_from_ms', 'valid_until_ms'].map(whole),
  text('scope'),
  ...['poll_epoch', 'poll_sequence', 'poll_complete_up_to_ms', 'poll_over_at_ms', 'poll_addresses'].map(whole),
  whole('poll_changed'),
  ...['refused_reason', 'refused_detail'].map(text),
  // Of all its polls: what SQL needs to know how long an open claim is certain.
  whole('complete_up_to_ms'),
]

type WireSource = {
  readonly kind: string
  readonly revision: { readonly epoch: number; readonly sequence: number }
  readonly bounds: Readonly<Record<string, number | null>>
  readonly validity: { readonly fromMs: number | null; readonly untilMs: number | null }
  readonly scope: unknown
}
type WireProgress = Omit<Progress, 'record' | 'completeUpToMs' | 'overAtMs'> & {
  readonly completeUpToMs: number | null
  readonly overAtMs: number | null
}

export function rowOfSource({ source, record, newest, marks }: HistoryColumns): readonly Cell[] {
  const own = record && (toWire(record) as WireSource) // what `toWire` makes of a source
  const poll = newest && (toWire(newest) as WireProgress) // and of a progress
  return [
    source,
    own?.kind ?? null,
    own?.revision.epoch ?? null,
    own?.revision.sequence ?? null,
    own?.bounds['lagMs'] ?? null,
    own?.bounds['clockErrorMs'] ?? null,
    own?.bounds['bridgeMs'] ?? null,
    own?.bounds['briefestHoldingMs'] ?? null,
    own?.bounds['longestGapMs'] ?? null,
    own?.validity.fromMs ?? null,
    own?.validity.untilMs ?? null,
    own ? JSON.stringify(own.scope) : null,
    poll?.revision.epoch ?? null,
    poll?.revision.sequence ?? null,
    poll?.completeUpToMs ?? null,
    poll?.overAtMs ?? null,
    poll?.counts.addresses ?? null,
    poll?.counts.changed ?? null,
    poll?.refused?.reason ?? null,
    poll?.refused?.detail ?? null,
    marks.at(-1) ?? null,
  ]
}

/** Registration and newest poll, as far as the row has them. @throws RangeError where it means nothing. */
export function* changesOfSource(row: Row): Generator<Change> {
  const cell = cellReader(row)
  const source = cell.text('source')
  const kind = cell.textOrNull('kind')
  if (kind !== null) {
    yield fromWire('source', {
      source,
      kind,
      revision: { epoch: cell.whole('epoch'), sequence: cell.whole('sequence') },
      scope: cell.json('scope'),
      bounds: {
        lagMs: cell.whole('lag_ms'),
        clockErrorMs: cell.whole('clock_error_ms'),
        bridgeMs: cell.wholeOrNull('bridge_ms'),
        briefestHoldingMs: cell.whole('briefest_holding_ms'),
        longestGapMs: cell.wholeOrNull('longest_gap_ms'),
      },
      validity: { fromMs: cell.wholeOrNull('valid_from_ms'), untilMs: cell.wholeOrNull('valid_until_ms') },
    })
  }
  const epoch = cell.wholeOrNull('poll_epoch')
  if (epoch === null) return
  const reason = cell.textOrNull('refused_reason')
  yield fromWire('progress', {
    source,
    revision: { epoch, sequence: cell.whole('poll_sequence') },
    completeUpToMs: cell.wholeOrNull('poll_complete_up_to_ms'),
    overAtMs: cell.wholeOrNull('poll_over_at_ms'),
    counts: { addresses: cell.whole('poll_addresses'), changed: cell.whole('poll_changed') },
    refused: reason === null ? null : { reason, detail: cell.text('refused_detail') },
  })
}

/** A row for each complete poll of each source: up to when it vouched, and when it was over. */
export const COVERAGE_COLUMNS: readonly TableColumn[] = [
  text('source'),
  ...['complete_up_to_ms', 'over_at_ms'].map(whole),
]

export function* rowsOfCoverage({ source, marks, overAt }: HistoryColumns): Generator<readonly Cell[]> {
  for (const [i, completeUpToMs] of marks.entries()) yield [source, msCell(completeUpToMs), msCell(overAt[i] ?? 0)]
}

const msCell = (ms: number): Cell => (ms === Number.NEGATIVE_INFINITY ? null : ms)

/** A complete poll that is older than the newest, whose number nobody needs any more: below every one that polls have. */
export function progressOfCoverage(row: Row): Progress {
  const cell = cellReader(row)
  return {
    record: 'progress',
    source: cell.text('source'),
    revision: { epoch: -1, sequence: 0 },
    completeUpToMs: cell.wholeOrNull('complete_up_to_ms') ?? Number.NEGATIVE_INFINITY,
    overAtMs: cell.wholeOrNull('over_at_ms') ?? Number.NEGATIVE_INFINITY,
    counts: { addresses: 0, changed: 0 },
    refused: null,
  }
}

/** A row for each domain whose beginning is gone. */
export const HORIZON_COLUMNS: readonly TableColumn[] = [text('domain'), whole('before_ms')]

export function horizonOf(row: Row): Change {
  const cell = cellReader(row)
  return fromWire('horizon', { domain: cell.text('domain'), beforeMs: cell.whole('before_ms') })
}
