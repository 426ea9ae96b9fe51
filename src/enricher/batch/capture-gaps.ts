import type { SkippedLine } from '../flowlogs/parse.ts'
import type { RowSink } from '../sinks/port.ts'

/** A stretch of time over which a log has no records of an interface, as the log itself says. */
export type CaptureGap = {
  /** NODATA: there was no traffic. SKIPDATA: AWS lost records. */
  readonly status: SkippedLine['status']
  /** The interface, or what else recorded; null where the line does not tell. */
  readonly recorder: string | null
  /** ISO 8601, `until` exclusive; null where the line does not tell. */
  readonly from: string | null
  readonly until: string | null
  /** So many lines say so, one for each interval of aggregation. */
  readonly lines: number
}

export type CaptureGaps = {
  /** What AWS lost first, then by interface and time. */
  readonly gaps: readonly CaptureGap[]
  /** Lines that are in none of these, because there are too many. */
  readonly unlistedLines: number
}

/** Of each status: of an object with more than that the manifest counts the rest. */
const MOST_GAPS = 1000

type Stretch = { fromSeconds: number; untilSeconds: number; lines: number }

/** Collects the gaps that the lines of one object tell of. Those of one interface that meet are one. */
export class GapCollector {
  readonly #stretches = new Map<string, { readonly line: SkippedLine; readonly of: Stretch[] }>()
  readonly #counts = { NODATA: 0, SKIPDATA: 0 }
  #unlistedLines = 0

  take(line: SkippedLine): void {
    const key = `${line.status} ${recorderOf(line) ?? ''}`
    const known = this.#stretches.get(key)
    const fromSeconds = line.startSeconds ?? Number.NaN
    const untilSeconds = (line.endSeconds ?? Number.NaN) + 1
    const last = known?.of.at(-1)
    if (last && touches(last, fromSeconds, untilSeconds)) {
      join(last, { fromSeconds, untilSeconds, lines: 1 })
    } else if (this.#counts[line.status]++ >= MOST_GAPS) this.#unlistedLines++
    else if (known) known.of.push({ fromSeconds, untilSeconds, lines: 1 })
    else this.#stretches.set(key, { line, of: [{ fromSeconds, untilSeconds, lines: 1 }] })
  }

  all(): CaptureGaps {
    const gaps = [...this.#stretches.values()].flatMap(({ line, of }) =>
      merged(of).map(({ fromSeconds, untilSeconds, lines }) => ({
        status: line.status,
        recorder: recorderOf(line),
        from: instant(fromSeconds),
        until: instant(untilSeconds),
        lines,
      })),
    )
    return { gaps: gaps.sort(byStatusAndPlace), unlistedLines: this.#unlistedLines }
  }
}

/** The same sink; what lies between the records is looked at. */
export const collectingGaps = (sink: RowSink, gaps: GapCollector): RowSink => ({
  async write(answered) {
    for (const other of answered.batch.others) if (other.kind === 'skipped') gaps.take(other)
    await sink.write(answered)
  },
  finish: () => sink.finish(),
  abort: () => sink.abort(),
})

const recorderOf = ({ interfaceId, resourceId }: SkippedLine): string | null => interfaceId ?? resourceId ?? null

/** Stretches without times are one. */
const touches = (one: Stretch, fromSeconds: number, untilSeconds: number): boolean =>
  Number.isNaN(fromSeconds + untilSeconds)
    ? Number.isNaN(one.fromSeconds + one.untilSeconds)
    : fromSeconds <= one.untilSeconds && untilSeconds >= one.fromSeconds

function join(into: Stretch, { fromSeconds, untilSeconds, lines }: Stretch): void {
  into.fromSeconds = Math.min(into.fromSeconds, fromSeconds)
  into.untilSeconds = Math.max(into.untilSeconds, untilSeconds)
  into.lines += lines
}

function merged(stretches: readonly Stretch[]): readonly Stretch[] {
  const whole: Stretch[] = []
  for (const stretch of stretches.toSorted((a, b) => a.fromSeconds - b.fromSeconds)) {
    const last = whole.at(-1)
    if (last && touches(last, stretch.fromSeconds, stretch.untilSeconds)) join(last, stretch)
    else whole.push({ ...stretch })
  }
  return whole
}

const instant = (seconds: number): string | null =>
  Number.isNaN(seconds) ? null : new Date(seconds * 1000).toISOString()

const rank = ({ status, recorder, from }: CaptureGap): string =>
  `${status === 'SKIPDATA' ? 0 : 1} ${recorder ?? ''} ${from ?? ''}`

const byStatusAndPlace = (a: CaptureGap, b: CaptureGap): number => (rank(a) < rank(b) ? -1 : 1)
