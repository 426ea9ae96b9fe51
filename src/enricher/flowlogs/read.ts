import { WhohadError } from '../../runtime/errors.ts'
import { enricherErrors } from '../errors.ts'
import { DEFAULT_COLUMNS, type Format, formatOf, parseHeader } from './fields.ts'
import { LineJudge } from './line-judge.ts'
import { linesOf } from './lines.ts'
import { type Inflating, type OpenedLog, openFlowLog } from './open-flow-log.ts'
import { readParquetChunks } from './parquet-chunks.ts'
import { type ParsedLine, rejected } from './parse.ts'
import { recordAt } from './record-at.ts'
import type { RecordBatch } from './record-batch.ts'

/** Four times what the longest record of version 11 can be. */
export const LONGEST_LINE_BYTES = 64 * 1024

export type ReadOptions = {
  /** How errors call the input. */
  readonly name: string
  /** Field names or LogFormat of a file that has no header line. A header in the file wins. */
  readonly format?: string | undefined
  readonly longestLineBytes?: number
  /** `beside` where it is left out. */
  readonly inflating?: Inflating
}

export type FlowBatch = {
  /** Names of the fields in the order of the tokens; empty for what stands before the input tells. */
  readonly columns: readonly string[]
  readonly lines: readonly ParsedLine[]
}

/**
 * Reads one flow log line by line as objects: text, plain or in gzip or Zstandard, CloudWatch's envelope, Parquet. Bad lines,
 * and a stream that ends too early or is damaged, come as rejected lines with their place, and the rest goes on. Blank
 * lines are passed over; an empty input has no batch. Throws WHOHAD_FLOW_HEADER_MISSING before the first batch where
 * neither the file nor the options say which fields there are, WHOHAD_FLOW_COLUMNS_MISSING where no column of a Parquet
 * file is one, WHOHAD_FLOW_FORMAT_MALFORMED, and whatever `bytes` throws.
 */
export async function* readFlowLog(bytes: AsyncIterable<Uint8Array>, options: ReadOptions): AsyncGenerator<FlowBatch> {
  const given = givenFormat(options)
  const opened = await openFlowLog(bytes, options.inflating ?? 'beside')
  if (opened.kind === 'parquet') yield* rowsOf(readParquetChunks(opened.chunks, options))
  else yield* linesIn(opened, opened.kind === 'envelope' ? (given ?? formatOf(DEFAULT_COLUMNS)) : given, options)
}

async function* linesIn(
  { chunks, faults, documents }: OpenedLog,
  given: Format | undefined,
  { name, longestLineBytes = LONGEST_LINE_BYTES }: ReadOptions,
): AsyncGenerator<FlowBatch> {
  const judge = new LineJudge(given, headerMissing(name))
  let number = 0
  let torn = ''
  for await (const batch of linesOf(chunks, longestLineBytes)) {
    let parsed: ParsedLine[] = documents
      .splice(0)
      .map(({ reason, detail, sample }) => rejected(sample, number, reason, detail))
    for (const line of batch) {
      // The piece of a line that a torn stream ends with may look whole: 42 of 4249 is a number too.
      if (!line.terminated && faults.length > 0) {
        torn = line.text
        continue
      }
      const { format } = judge
      const found = judge.judge(line, number++)
      if (judge.format !== format && parsed.length > 0) {
        yield { columns: format?.columns ?? [], lines: parsed }
        parsed = []
      }
      if (found) parsed.push(found)
    }
    yield { columns: judge.format?.columns ?? [], lines: parsed }
  }
  const rest = [
    ...documents.map(({ reason, detail, sample }) => rejected(sample, number, reason, detail)),
    ...faults.map(({ reason, detail }) => rejected(torn, number, reason, detail)),
  ]
  if (rest.length > 0) yield { columns: judge.format?.columns ?? [], lines: rest }
}

async function* rowsOf(batches: AsyncIterable<RecordBatch>): AsyncGenerator<FlowBatch> {
  for await (const batch of batches) {
    const rows = Array.from({ length: batch.count }, (_, place) => recordAt(batch, place))
    const lines = [...rows, ...batch.others].sort((a, b) => a.line - b.line)
    yield { columns: batch.columns, lines }
  }
}

/** Throws WHOHAD_FLOW_FORMAT_MALFORMED. */
export const givenFormat = ({ format }: ReadOptions): Format | undefined =>
  format === undefined ? undefined : parseFormat(format)

/** Whether an error says what the input *is*, and so will be the same at every attempt. */
export function isNoFlowLog(error: unknown): error is WhohadError {
  const { flowHeaderMissing, flowColumnsMissing } = enricherErrors
  return error instanceof WhohadError && [flowHeaderMissing.code, flowColumnsMissing.code].includes(error.code)
}

/** The format that a person or a setting gives. Throws WHOHAD_FLOW_FORMAT_MALFORMED. */
export function parseFormat(text: string): Format {
  const format = parseHeader(text)
  if (format === undefined) throw enricherErrors.flowFormatMalformed({ format: text })
  return format
}

/** What says that an input has no header. */
export const headerMissing = (name: string) => (firstLine: string) =>
  enricherErrors.flowHeaderMissing({ name, line: printable(firstLine.slice(0, 100)) })

/** Unprintable characters escaped, so that a binary file cannot talk to somebody's terminal. */
export const printable = (text: string): string =>
  text.replace(/[\p{Cc}\p{Cs}\uFFFD]/gu, c => `\\u${(c.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`)
