import { DEFAULT_COLUMNS, type Format, formatOf } from './fields.ts'
import { type OpenedLog, openFlowLog } from './open-flow-log.ts'
import { readParquetChunks } from './parquet-chunks.ts'
import { givenFormat, headerMissing, LONGEST_LINE_BYTES, type ReadOptions } from './read.ts'
import { RecordBatch } from './record-batch.ts'
import { TextBatches } from './text-batches.ts'

export type BatchOptions = ReadOptions & {
  /** Records that a batch holds at most. */
  readonly batchRecords?: number
  /** False where nobody will ask for the tokens of columns that attribution does not need: Parquet then leaves them unread. */
  readonly withTokens?: boolean
}

const BATCH_RECORDS = 8192

/**
 * Reads one flow log as columns: text, plain or in gzip or Zstandard, CloudWatch's envelope, Parquet; told by its first bytes.
 * One batch is filled again and again: what was yielded is good until the next is asked for. Bad lines, and an input
 * that ends too early or is damaged, come among `others` with their place, and the rest goes on. It says of every line what
 * `readFlowLog` says, and throws before the first batch what that throws, and whatever `bytes` throws.
 */
export async function* readBatches(
  bytes: AsyncIterable<Uint8Array>,
  options: BatchOptions,
): AsyncGenerator<RecordBatch> {
  const given = givenFormat(options)
  const opened = await openFlowLog(bytes, options.inflating ?? 'beside')
  if (opened.kind === 'parquet') yield* readParquetChunks(opened.chunks, options)
  else yield* readText(opened, opened.kind === 'envelope' ? (given ?? formatOf(DEFAULT_COLUMNS)) : given, options)
}

async function* readText(
  { chunks, faults, documents }: OpenedLog,
  given: Format | undefined,
  { name, longestLineBytes = LONGEST_LINE_BYTES, batchRecords = BATCH_RECORDS }: BatchOptions,
): AsyncGenerator<RecordBatch> {
  const batch = new RecordBatch(batchRecords)
  const reader = new TextBatches(batch, { given, headerMissing: headerMissing(name), longestLineBytes })
  for await (const chunk of chunks) {
    if (documents.length > 0) yield* reader.reject(documents.splice(0))
    yield* reader.take(chunk)
  }
  yield* reader.reject(documents)
  yield* reader.finish(faults)
}
