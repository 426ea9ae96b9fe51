import type { Millis } from '../ownership/window.ts'
import type { Clock } from '../runtime/clock.ts'
import type { AttributedFlow, FlowObject, Store, StoredDeadLetter, StoredGap } from '../store/port.ts'
import { type FlowObjectRef, objectName } from './flowlogs/object-ref.ts'
import type { AnsweredLines } from './object-answers.ts'
import type { DeadLetterReason, ObjectResult } from './outcome.ts'
import type { EnricherReport } from './report.ts'
import { createTally } from './tally.ts'

export type WritingContext = {
  readonly store: Pick<Store, 'findObject' | 'putObject' | 'insertFlows' | 'insertDeadLetters' | 'insertGaps'>
  readonly clock: Clock
  readonly report: EnricherReport
  /** Told of what is to be committed, before the index takes another change: up to when it has records. */
  readonly onAnswered?: (untilMs: Millis) => void
  /** Rows written at once. */
  readonly rowsPerInsert?: number
}

export type Generation = {
  readonly manifest: FlowObject
  /** The change stream has gone on since the position that the manifest pins: what it told since is not in the answers. */
  readonly isBehind: boolean
}

const ROWS_PER_INSERT = 10_000

/** Another process began the same generation at the same time, and its manifest is the one that stands. */
export class TakenOver {
  readonly standing: FlowObject
  constructor(standing: FlowObject) {
    this.standing = standing
  }
}

/**
 * Writes one generation of an object: its manifest as it was begun, rows, dead letters and gaps, and the manifest as committed,
 * in this order. Whoever repeats it with the same answers leaves the same rows. Where another manifest of the generation stands by
 * then, nothing is committed, and the rows may be of either: they have to be written once more, as that one pins them.
 */
export async function writeObject(
  object: FlowObjectRef,
  { manifest, isBehind }: Generation,
  answers: AsyncIterable<AnsweredLines> | Iterable<AnsweredLines>,
  context: WritingContext,
): Promise<ObjectResult | TakenOver> {
  const { store, report, clock } = context
  const name = objectName(object)
  const rejected = createTally<DeadLetterReason>()
  const skipped = createTally<'NODATA' | 'SKIPDATA'>()
  const writer = rowWriter(context)
  await store.putObject(manifest)
  for await (const lines of answers) {
    for (const [reason, count] of lines.rejected.entries()) rejected.add(reason, count)
    for (const [status, count] of lines.skipped.entries()) skipped.add(status, count)
    if (lines.refusal) report.objectRefused({ object: name, error: lines.refusal })
    await writer.write(lines)
  }
  const { records, newestEndMs, ...written } = await writer.finish()
  const standing = await store.findObject(manifest.objectId)
  if (standing && isOther(standing, manifest)) return new TakenOver(standing)
  const openRecords = isBehind ? records : written.openRecords
  for (const [reason, count] of rejected.entries()) report.linesRejected({ object: name, reason, count })
  for (const [status, count] of skipped.entries()) report.linesSkipped({ object: name, status, count })
  const counts = { records, openRecords, newestEndMs, skipped: skipped.total(), deadLetters: rejected.total() }
  const committed: FlowObject = { ...manifest, state: 'committed', ...counts, updatedAtMs: clock.now() }
  // Before: a store that fails here may have committed it all the same, and a later change must find it.
  context.onAnswered?.(newestEndMs)
  await store.putObject(committed)
  return { object: committed, written: true, rejected: rejected.entries() }
}

/** A committed manifest has the time of its commit; of one that is begun the time is what it was asked as of. */
export const isOther = (standing: FlowObject, manifest: FlowObject): boolean =>
  standing.generation === manifest.generation &&
  (standing.position.some((offset, partition) => offset !== manifest.position[partition]) ||
    (standing.state === 'started' && standing.updatedAtMs !== manifest.updatedAtMs))

function rowWriter({ store, rowsPerInsert = ROWS_PER_INSERT }: WritingContext) {
  let records = 0
  let openRecords = 0
  let newestEndMs = Number.NEGATIVE_INFINITY
  let rows: AttributedFlow[] = []
  let letters: StoredDeadLetter[] = []
  let gaps: StoredGap[] = []
  const flush = async () => {
    for (let from = 0; from < rows.length; from += rowsPerInsert) {
      await store.insertFlows(rows.slice(from, from + rowsPerInsert))
    }
    if (letters.length > 0) await store.insertDeadLetters(letters)
    if (gaps.length > 0) await store.insertGaps(gaps)
    rows = []
    letters = []
    gaps = []
  }
  return {
    async write(lines: AnsweredLines): Promise<void> {
      records += lines.rows.length
      openRecords += lines.openRows
      for (const { endSeconds } of lines.rows) newestEndMs = Math.max(newestEndMs, (endSeconds + 1) * 1000)
      rows = rows.concat(lines.rows)
      letters = letters.concat(lines.letters)
      gaps = gaps.concat(lines.gaps)
      if (rows.length + letters.length + gaps.length >= rowsPerInsert) await flush()
    },
    async finish() {
      await flush()
      return { records, openRecords, newestEndMs }
    },
  }
}
