import type { Decoded } from '../codec.ts'
import type { DeadLetter, LoggedChange } from '../port.ts'
import { type FetchedBatch, unpackedRecords, visitRecords } from './record-batch.ts'

/** Makes changes of bytes; `prepare` is awaited before the records of a batch are decoded. */
export type RecordDecoder = {
  decode(bytes: Uint8Array): Decoded
  prepare?(values: readonly Uint8Array[]): Promise<void>
}

export type Records = { readonly changes: readonly LoggedChange[]; readonly letters: readonly DeadLetter[] }

const LETTER_BYTES = 256

/** What a partition's batches hold from offset `from` on: changes, and dead letters. */
export async function readRecords(
  decoder: RecordDecoder,
  partition: number,
  batches: readonly FetchedBatch[],
  from: number,
): Promise<Records> {
  const changes: LoggedChange[] = []
  const letters: DeadLetter[] = []
  for (const batch of batches) {
    const unpacked = await unpackedRecords(batch)
    if (decoder.prepare) {
      const values: Uint8Array[] = []
      visitRecords(batch, unpacked, (offset, _, value) => offset >= from && values.push(value))
      await decoder.prepare(values)
    }
    visitRecords(batch, unpacked, (offset, loggedAtMs, value) => {
      if (offset < from) return
      const { change, unreadable } = decoder.decode(value)
      if (change) changes.push({ change, partition, offset, loggedAtMs })
      else
        letters.push({
          partition,
          offset,
          reason: unreadable,
          payload: Uint8Array.from(value.subarray(0, LETTER_BYTES)),
        })
    })
  }
  return { changes, letters }
}
