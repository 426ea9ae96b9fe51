import type { DomainRule } from '../ownership/domains.ts'
import type { ReachTable } from '../ownership/reach.ts'
import type { Millis } from '../ownership/window.ts'
import type { Clock } from '../runtime/clock.ts'
import type { WhohadError } from '../runtime/errors.ts'
import type { AttributedFlow, FlowObject, Store, StoredDeadLetter } from '../store/port.ts'
import { attribute, type LookUps, windowOf } from './attribute.ts'
import { type FlowObjectRef, objectIdOf, objectName, partsOfKey } from './flowlogs/object-ref.ts'
import type { FlowRecord, ParsedLine } from './flowlogs/parse.ts'
import { isNoFlowLog, printable, readFlowLog } from './flowlogs/read.ts'
import { lookUpsOn } from './look-ups.ts'
import type { DeadLetterReason, ObjectResult } from './outcome.ts'
import type { EnricherReport } from './report.ts'
import { toRow } from './row.ts'
import { createTally } from './tally.ts'
import type { IndexView } from './view.ts'

export type ObjectContext = {
  readonly open: (object: FlowObjectRef, signal?: AbortSignal) => Promise<AsyncIterable<Uint8Array>>
  readonly view: IndexView
  readonly store: Store
  readonly rules: readonly DomainRule[]
  readonly reach?: ReachTable | undefined
  /** How much earlier than `start` a packet may be; AWS says up to 60,000. A smaller one is a declared bound. */
  readonly slackMs: Millis
  /** Field names of objects that have no header line. */
  readonly format?: string | undefined
  readonly clock: Clock
  readonly report: EnricherReport
  /** Rows written at once. */
  readonly rowsPerInsert?: number
}

const ROWS_PER_INSERT = 10_000
const FIRST_GENERATION = 1

/**
 * Reads one flow log object, answers both ends of each record, and writes rows, dead letters and manifest. Everything that
 * the rows depend on is fixed before the first one is written: the position of the change stream and the time of asking
 * are in the `started` manifest, and an attempt that finds one joins at it again. So any number of attempts write the same
 * rows under the same identities. Errors of `open`, of the bytes and of the store are thrown, and leave the object
 * uncommitted.
 */
export async function processObject(
  object: FlowObjectRef,
  context: ObjectContext,
  signal?: AbortSignal,
): Promise<ObjectResult> {
  const objectId = objectIdOf(object)
  const found = await context.store.findObject(objectId)
  if (found?.state === 'committed') return { object: found, written: false, rejected: [] }
  return context.view.pin(async ({ index, position }) => {
    const manifest = found ?? startedManifest(object, position, context.clock.now())
    if (found === undefined) await context.store.putObject(manifest)
    const asPinned = manifest.position.every((offset, partition) => offset === position[partition])
    const joined = asPinned ? index : await context.view.at(manifest.position)
    const lookUps = lookUpsOn(joined, context.rules, {
      regionOfObject: partsOfKey(object.key)?.region,
      reach: context.reach,
    })
    return writeObject(object, manifest, lookUps, context, signal)
  })
}

function startedManifest(object: FlowObjectRef, position: readonly number[], nowMs: Millis): FlowObject {
  const { bucket, key, etag } = object
  const counts = { records: 0, skipped: 0, deadLetters: 0 }
  const generation = FIRST_GENERATION
  const objectId = objectIdOf(object)
  return { objectId, bucket, key, etag, generation, state: 'started', position, ...counts, updatedAtMs: nowMs }
}

async function writeObject(
  object: FlowObjectRef,
  manifest: FlowObject,
  lookUps: LookUps,
  context: ObjectContext,
  signal: AbortSignal | undefined,
): Promise<ObjectResult> {
  const name = objectName(object)
  const writer = objectWriter(manifest, lookUps, context)
  const bytes = await context.open(object, signal)
  try {
    for await (const { lines } of readFlowLog(bytes, { name, format: context.format })) {
      signal?.throwIfAborted()
      for (const line of lines) writer.take(line)
      await writer.flushFull()
    }
  } catch (error) {
    // What is wrong with the object itself will be wrong tomorrow: it becomes a dead letter, and the rest goes on.
    if (!isNoFlowLog(error)) throw error
    writer.refuse(error)
    context.report.objectRefused({ object: name, error })
  }
  const { records, skipped, rejected } = await writer.finish()
  for (const [reason, count] of rejected.entries()) context.report.linesRejected({ object: name, reason, count })
  for (const [status, count] of skipped.entries()) context.report.linesSkipped({ object: name, status, count })
  const counts = { records, skipped: skipped.total(), deadLetters: rejected.total() }
  const committed: FlowObject = { ...manifest, state: 'committed', ...counts, updatedAtMs: context.clock.now() }
  await context.store.putObject(committed)
  return { object: committed, written: true, rejected: rejected.entries() }
}

/** Rows and dead letters of one object on their way to the store. */
function objectWriter({ objectId, generation, updatedAtMs }: FlowObject, lookUps: LookUps, context: ObjectContext) {
  const { store, slackMs, rowsPerInsert = ROWS_PER_INSERT } = context
  const rejected = createTally<DeadLetterReason>()
  const skipped = createTally<'NODATA' | 'SKIPDATA'>()
  let records = 0
  let rows: AttributedFlow[] = []
  let letters: StoredDeadLetter[] = []
  const letter = (reason: DeadLetterReason, place: string, sample: string) => {
    rejected.add(reason)
    letters.push({ origin: objectId, place, reason, sample: printable(sample), atMs: updatedAtMs })
  }
  const takeRecord = (record: FlowRecord) => {
    const window = windowOf(record, slackMs)
    if (window === undefined) {
      letter('without-time', placeOf(record), record.tokens.join(' ').slice(0, 256))
      return
    }
    rows.push(toRow(record, attribute(record, window, updatedAtMs, lookUps), objectId, generation))
    records++
  }
  const flush = async () => {
    for (let from = 0; from < rows.length; from += rowsPerInsert) {
      await store.insertFlows(rows.slice(from, from + rowsPerInsert))
    }
    if (letters.length > 0) await store.insertDeadLetters(letters)
    rows = []
    letters = []
  }
  return {
    take(line: ParsedLine): void {
      if (line.kind === 'skipped') skipped.add(line.status)
      else if (line.kind === 'rejected') letter(line.reason, placeOf(line), line.sample)
      else takeRecord(line)
    },
    refuse: (error: WhohadError) => letter('unreadable-object', 'line 0', `${error.code}: ${error.message}`),
    async flushFull(): Promise<void> {
      if (rows.length + letters.length >= rowsPerInsert) await flush()
    },
    async finish() {
      await flush()
      return { records, skipped, rejected }
    },
  }
}

const placeOf = (line: ParsedLine): string =>
  line.kind === 'rejected' && line.detail !== '' ? `line ${line.line}, ${line.detail}` : `line ${line.line}`
