import { readParquet } from './parquet/read-parquet.ts'
import { rejected } from './parse.ts'
import { RecordBatch } from './record-batch.ts'

/** Seven times what AWS lets a file grow to. A Parquet file is read from its end, and so is held as a whole. */
const MOST_FILE_BYTES = 512 * 1024 * 1024

/** Reads a Parquet file that comes as a stream. */
export async function* readParquetChunks(
  chunks: AsyncIterable<Uint8Array>,
  options: { readonly name: string; readonly batchRecords?: number; readonly withTokens?: boolean },
): AsyncGenerator<RecordBatch> {
  const held: Uint8Array[] = []
  let heldBytes = 0
  for await (const chunk of chunks) {
    held.push(chunk)
    heldBytes += chunk.length
    if (heldBytes <= MOST_FILE_BYTES) continue
    const batch = new RecordBatch(1)
    batch.others = [rejected('', 0, 'oversize-parquet', `more than ${MOST_FILE_BYTES} bytes that are not in a file`)]
    yield batch
    return
  }
  const whole = held.length === 1 && held[0] ? held[0] : Buffer.concat(held, heldBytes)
  held.length = 0
  yield* readParquet(whole, options)
}
