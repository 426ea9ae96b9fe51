import type { Millis } from '../ownership/window.ts'
import type { WhohadError } from '../runtime/errors.ts'
import type { AttributedFlow, FlowObject, StoredDeadLetter, StoredGap } from '../store/port.ts'
import { attribute, type LookUps, windowOf } from './attribute.ts'
import { type FlowObjectRef, objectName } from './flowlogs/object-ref.ts'
import type { FlowRecord, ParsedLine } from './flowlogs/parse.ts'
import { isNoFlowLog, printable, readFlowLog } from './flowlogs/read.ts'
import { gapOf } from './gap.ts'
import type { DeadLetterReason } from './outcome.ts'
import { toRow } from './row.ts'
import { createTally, type Tally } from './tally.ts'

/** Some lines of an object with both ends answered, in their order. */
export type AnsweredLines = {
  readonly rows: readonly AttributedFlow[]
  readonly letters: readonly StoredDeadLetter[]
  /** Where the log itself has no records. */
  readonly gaps: readonly StoredGap[]
  /** Rows of which a later poll may still change an answer. */
  readonly openRows: number
  readonly rejected: Tally<DeadLetterReason>
  readonly skipped: Tally<'NODATA' | 'SKIPDATA'>
  /** Why the object could be read no further; it has a dead letter then. */
  readonly refusal?: WhohadError
}

export type Answering = {
  readonly open: (object: FlowObjectRef, signal?: AbortSignal) => Promise<AsyncIterable<Uint8Array>>
  /** How much earlier than `start` a packet may be; AWS says up to 60,000. A smaller one is a declared bound. */
  readonly slackMs: Millis
  /** Field names of objects that have no header line. */
  readonly format?: string | undefined
}

/**
 * Answers one flow log object, as often as it is asked to the same, with the time of asking and the generation of its manifest.
 * Errors of `open` and of the bytes are thrown. `onRecord` is told of each record.
 */
export async function* answeredLines(
  object: FlowObjectRef,
  manifest: FlowObject,
  lookUps: LookUps,
  { open, slackMs, format }: Answering,
  signal?: AbortSignal,
  onRecord?: (record: FlowRecord) => void,
): AsyncGenerator<AnsweredLines> {
  const bytes = await open(object, signal)
  try {
    for await (const { columns, lines } of readFlowLog(bytes, { name: objectName(object), format })) {
      signal?.throwIfAborted()
      const answered = answering(manifest, lookUps, slackMs)
      for (const line of lines) answered.take(line, columns, onRecord)
      yield answered.all()
    }
  } catch (error) {
    // What is wrong with the object itself will be wrong tomorrow: it becomes a dead letter, and the rest goes on.
    if (!isNoFlowLog(error)) throw error
    const answered = answering(manifest, lookUps, slackMs)
    answered.letter('unreadable-object', 'line 0', `${error.code}: ${error.message}`)
    yield { ...answered.all(), refusal: error }
  }
}

function answering({ objectId, generation, updatedAtMs }: FlowObject, lookUps: LookUps, slackMs: Millis) {
  const rejected = createTally<DeadLetterReason>()
  const skipped = createTally<'NODATA' | 'SKIPDATA'>()
  const rows: AttributedFlow[] = []
  const letters: StoredDeadLetter[] = []
  const gaps: StoredGap[] = []
  let openRows = 0
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
    const attributed = attribute(record, window, updatedAtMs, lookUps)
    if (!attributed.final) openRows++
    rows.push(toRow(record, attributed, objectId, generation))
  }
  return {
    letter,
    take(line: ParsedLine, columns: readonly string[], onRecord?: (record: FlowRecord) => void): void {
      if (line.kind === 'skipped') {
        skipped.add(line.status)
        gaps.push({ objectId, generation, ...gapOf(line, columns, lookUps) })
      } else if (line.kind === 'rejected') letter(line.reason, placeOf(line), line.sample)
      else {
        takeRecord(line)
        onRecord?.(line)
      }
    },
    all: (): AnsweredLines => ({ rows, letters, gaps, openRows, rejected, skipped }),
  }
}

const placeOf = (line: ParsedLine): string =>
  line.kind === 'rejected' && line.detail !== '' ? `line ${line.line}, ${line.detail}` : `line ${line.line}`
