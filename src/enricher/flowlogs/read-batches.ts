import { DEFAULT_COLUMNS, type Format, formatOf } from './fields.ts'
import { HeldBytes } from './held-bytes.ts'
import { type OpenedLog, openFlowLog } from './open-flow-log.ts'
import { readParquetChunks } from './parquet-chunks.ts'
import { givenFormat, headerMissing, LONGEST_LINE_BYTES, type ReadOptions } from './read.ts'
import type { RecordBatch } from './record-batch.ts'
import { TextBatches } from './text-batches.ts'
import { TextRoom } from './text-room.ts'

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
export const readBatches = (
  bytes: AsyncIterable<Uint8Array>,
  { name, ...options }: BatchOptions,
): AsyncGenerator<RecordBatch> => new BatchReader(options).read(bytes, name)

/** Reads one flow log after another as `readBatches` does, each to its end or given up before the next, and keeps what it needs for that. */
export class BatchReader {
  readonly #options: Omit<BatchOptions, 'name'>
  readonly #held = new HeldBytes()
  #room: TextRoom | undefined
  #isReading = false

  constructor(options: Omit<BatchOptions, 'name'>) {
    this.#options = options
  }

  async *read(bytes: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<RecordBatch> {
    if (this.#isReading) throw new Error(`${name}: another flow log is being read with the same reader`)
    this.#isReading = true
    try {
      const options = { ...this.#options, name }
      const given = givenFormat(options)
      const opened = await openFlowLog(bytes, options.inflating ?? 'beside', this.#held)
      if (opened.kind === 'parquet') yield* readParquetChunks(opened.chunks, options)
      else
        yield* this.#readText(opened, opened.kind === 'envelope' ? (given ?? formatOf(DEFAULT_COLUMNS)) : given, name)
    } finally {
      this.#isReading = false
    }
  }

  async *#readText(
    { chunks, faults, documents }: OpenedLog,
    given: Format | undefined,
    name: string,
  ): AsyncGenerator<RecordBatch> {
    const { batchRecords = BATCH_RECORDS, longestLineBytes = LONGEST_LINE_BYTES } = this.#options
    this.#room ??= new TextRoom(batchRecords, longestLineBytes)
    const reader = new TextBatches(this.#room, { given, headerMissing: headerMissing(name) })
    for await (const chunk of chunks) {
      if (documents.length > 0) yield* reader.reject(documents.splice(0))
      yield* reader.take(chunk)
    }
    yield* reader.reject(documents)
    yield* reader.finish(faults)
  }
}
