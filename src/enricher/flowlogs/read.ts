import { WhohadError } from '../../runtime/errors.ts'
import { enricherErrors } from '../errors.ts'
import { type Format, parseHeader } from './fields.ts'
import { type GzipFault, gunzip } from './gunzip.ts'
import { type Line, linesOf } from './lines.ts'
import { type LineParser, lineParser, type ParsedLine, rejected } from './parse.ts'

/** Four times what the longest record of version 11 can be. */
const LONGEST_LINE_BYTES = 64 * 1024
const GZIP_MAGIC = [0x1f, 0x8b] as const
const PARQUET_MAGIC = 'PAR1'

export type ReadOptions = {
  /** How errors call the input. */
  readonly name: string
  /** Field names or LogFormat of a file that has no header line. A header in the file wins. */
  readonly format?: string | undefined
  readonly longestLineBytes?: number
}

export type FlowBatch = {
  /** Names of the fields in the order of the tokens; empty where the input ended before it told. */
  readonly columns: readonly string[]
  readonly lines: readonly ParsedLine[]
}

/**
 * Reads one flow log, gzip or plain text (told by its first bytes, for no file name and no Content-Encoding is reliable).
 * Bad lines, and a gzip stream that ends too early, come as rejected lines with their place, and the rest goes on. Blank
 * lines are passed over; an empty input has no batch. Throws WHOHAD_FLOW_HEADER_MISSING before the first batch where
 * neither the file nor the options say which fields there are, WHOHAD_FLOW_PARQUET_UNSUPPORTED,
 * WHOHAD_FLOW_FORMAT_MALFORMED, and whatever `bytes` throws.
 */
export async function* readFlowLog(bytes: AsyncIterable<Uint8Array>, options: ReadOptions): AsyncGenerator<FlowBatch> {
  const given = options.format === undefined ? undefined : parseFormat(options.format)
  const faults: GzipFault[] = []
  const text = plainText(bytes, options.name, fault => faults.push(fault))
  const lines = lineReader(options.name, given)
  let torn = ''
  for await (const batch of linesOf(text, options.longestLineBytes ?? LONGEST_LINE_BYTES)) {
    const parsed: ParsedLine[] = []
    for (const line of batch) {
      // The piece of a line that a torn stream ends with may look whole: 42 of 4249 is a number too.
      if (!line.terminated && faults.length > 0) torn = line.text
      else lines.read(line, parsed)
    }
    yield { columns: lines.columns(), lines: parsed }
  }
  const rest = faults.map(({ reason, detail }) => rejected(torn, lines.next(), reason, detail))
  if (rest.length > 0) yield { columns: lines.columns(), lines: rest }
}

function lineReader(name: string, given: Format | undefined) {
  let next = 0
  let format: Format | undefined
  let parse: LineParser | undefined
  return {
    next: () => next,
    columns: () => format?.columns ?? [],
    read(line: Line, into: ParsedLine[]): void {
      const number = next++
      if (isBlank(line)) return
      if (parse === undefined) {
        const own = parseHeader(line.text)
        format = own ?? given ?? refuseHeader(name, line.text)
        parse = lineParser(format)
        if (own) return
      }
      into.push(line.tooLong ? rejected(line.text, number, 'line-too-long', '') : parse(line.text, number))
    },
  }
}

/** Whether an error says what the input *is*, and so will be the same at every attempt. */
export function isNoFlowLog(error: unknown): error is WhohadError {
  const { flowHeaderMissing, flowParquetUnsupported } = enricherErrors
  return error instanceof WhohadError && [flowHeaderMissing.code, flowParquetUnsupported.code].includes(error.code)
}

/** The format that a person or a setting gives. Throws WHOHAD_FLOW_FORMAT_MALFORMED. */
export function parseFormat(text: string): Format {
  const format = parseHeader(text)
  if (format === undefined) throw enricherErrors.flowFormatMalformed({ format: text })
  return format
}

function refuseHeader(name: string, line: string): never {
  throw enricherErrors.flowHeaderMissing({ name, line: printable(line.slice(0, 100)) })
}

/** Unprintable characters escaped, so that a binary file cannot talk to somebody's terminal. */
export const printable = (text: string): string =>
  text.replace(/[\p{Cc}\p{Cs}\uFFFD]/gu, c => `\\u${(c.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`)

const isBlank = ({ text }: Line): boolean => text === '' || text === '\r' || text.trim() === ''

async function* plainText(
  bytes: AsyncIterable<Uint8Array>,
  name: string,
  onFault: (fault: GzipFault) => void,
): AsyncGenerator<Uint8Array> {
  const { head, all, close } = await peek(bytes, PARQUET_MAGIC.length)
  if (Buffer.from(head).toString('latin1') === PARQUET_MAGIC) {
    await close()
    throw enricherErrors.flowParquetUnsupported({ name })
  }
  yield* head[0] === GZIP_MAGIC[0] && head[1] === GZIP_MAGIC[1] ? gunzip(all, onFault) : all
}

/** The first bytes, and all of them again from the start. */
async function peek(
  bytes: AsyncIterable<Uint8Array>,
  length: number,
): Promise<{ head: Uint8Array; all: AsyncGenerator<Uint8Array>; close: () => Promise<unknown> }> {
  const iterator = bytes[Symbol.asyncIterator]()
  const first: Uint8Array[] = []
  let firstBytes = 0
  while (firstBytes < length) {
    const next = await iterator.next()
    if (next.done) break
    first.push(next.value)
    firstBytes += next.value.length
  }
  const close = async () => iterator.return?.()
  async function* replay(): AsyncGenerator<Uint8Array> {
    try {
      yield* first
      for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value
    } finally {
      await close()
    }
  }
  return { head: Buffer.concat(first).subarray(0, length), all: replay(), close }
}
