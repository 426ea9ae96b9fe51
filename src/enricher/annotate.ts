import type { AnswerState } from '../ownership/answer.ts'
import type { Millis, Window } from '../ownership/window.ts'
import type { FlowEnd } from '../store/port.ts'
import { attribute, type LookUps, windowOf } from './attribute.ts'
import type { FlowRecord, ParsedLine, RejectedLine, RejectionReason, SkippedLine } from './flowlogs/parse.ts'
import { readFlowLog } from './flowlogs/read.ts'
import { createTally } from './tally.ts'

/** One line of a flow log, with what is known of it. */
export type Annotated = { readonly name: string; readonly columns: readonly string[] } & (
  | {
      readonly kind: 'flow'
      readonly record: FlowRecord
      readonly source: FlowEnd
      readonly destination: FlowEnd
    }
  | { readonly kind: 'without-time'; readonly record: FlowRecord }
  | { readonly kind: 'skipped'; readonly skipped: SkippedLine }
  | { readonly kind: 'rejected'; readonly rejected: RejectedLine }
)

export type SideCount = {
  readonly side: 'source' | 'destination'
  readonly state: AnswerState
  readonly reason: string
  readonly flows: number
  readonly bytes: number
}

export type AnnotateSummary = {
  /** Records that were answered. */
  readonly records: number
  /** Records that carry no time and were given none: not answered. */
  readonly withoutTime: number
  readonly noData: number
  readonly skipData: number
  readonly rejected: Readonly<Partial<Record<RejectionReason, number>>>
  readonly states: readonly SideCount[]
}

export type AnnotateSettings = {
  readonly lookUps: LookUps
  readonly slackMs: Millis
  readonly nowMs: Millis
  /** The time of records that carry none. */
  readonly atMs?: Millis | undefined
  /** Field names of a file without header. */
  readonly format?: string | undefined
}

export type Annotator = {
  /**
   * Every line of one file in its order. Throws WHOHAD_FLOW_HEADER_MISSING and the like before the first line, and what
   * the bytes throw where they throw it; the lines up to there are given and counted.
   */
  annotate(name: string, bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Annotated>
  /** Counts over all files so far. */
  summary(): AnnotateSummary
}

/** Annotates files record by record, on an index that stands still meanwhile: what `ObjectAnnotator` says of them is held against this. */
export function createAnnotator(settings: AnnotateSettings): Annotator {
  const { lookUps, slackMs, nowMs, atMs } = settings
  const given = atMs === undefined ? undefined : { fromMs: atMs, untilMs: atMs + 1 }
  const counts = createCounts()
  const annotateLine = (line: ParsedLine, window: Window | undefined): AnnotatedLine => {
    if (line.kind === 'skipped') return { kind: 'skipped', skipped: line }
    if (line.kind === 'rejected') return { kind: 'rejected', rejected: line }
    if (window === undefined) return { kind: 'without-time', record: line }
    return { kind: 'flow', record: line, ...attribute(line, window, nowMs, lookUps) }
  }
  return {
    async *annotate(name, bytes) {
      for await (const { columns, lines } of readFlowLog(bytes, { name, format: settings.format })) {
        for (const line of lines) {
          const window = line.kind === 'flow' ? (windowOf(line, slackMs) ?? given) : undefined
          const annotated = annotateLine(line, window)
          counts.add(annotated)
          yield { name, columns, ...annotated }
        }
      }
    },
    summary: counts.summary,
  }
}

type WithoutPlace<T> = T extends unknown ? Omit<T, 'name' | 'columns'> : never
type AnnotatedLine = WithoutPlace<Annotated>

function createCounts() {
  const kinds = createTally<Annotated['kind']>()
  const statuses = createTally<'NODATA' | 'SKIPDATA'>()
  const rejections = createTally<RejectionReason>()
  const states = new Map<string, { -readonly [Field in keyof SideCount]: SideCount[Field] }>()
  const addEnd = (side: SideCount['side'], { state, reason }: FlowEnd, bytes: number) => {
    const name = `${side} ${state} ${reason}`
    const count = states.get(name) ?? { side, state, reason, flows: 0, bytes: 0 }
    count.flows += 1
    count.bytes += bytes
    states.set(name, count)
  }
  return {
    add(line: AnnotatedLine): void {
      kinds.add(line.kind)
      if (line.kind === 'skipped') statuses.add(line.skipped.status)
      if (line.kind === 'rejected') rejections.add(line.rejected.reason)
      if (line.kind !== 'flow') return
      addEnd('source', line.source, line.record.bytes ?? 0)
      addEnd('destination', line.destination, line.record.bytes ?? 0)
    },
    summary: (): AnnotateSummary => ({
      records: kinds.of('flow'),
      withoutTime: kinds.of('without-time'),
      noData: statuses.of('NODATA'),
      skipData: statuses.of('SKIPDATA'),
      rejected: Object.fromEntries(rejections.entries()),
      states: [...states.values()].map(count => ({ ...count })),
    }),
  }
}
