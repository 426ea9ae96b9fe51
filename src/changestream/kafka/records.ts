import type { Change } from '../../ownership/claim.ts'
import type { Millis } from '../../ownership/window.ts'
import type { DeadLetter, LoggedChange } from '../port.ts'
import { type FetchedBatch, unpackedRecords, visitRecords } from './record-batch.ts'
import { hasSchemaHeader } from './schema-header.ts'

/** How the stream's changes are made of messages, and messages of changes. */
export type RecordCodec = RecordDecoder & {
  encode(change: Change): Buffer
  /** What `left` is, for who asks for it (`ReadOptions.encoded`). */
  leave?: RecordDecoder['left']
}

type DecodedAs<T> =
  | { readonly change: T; readonly unreadable?: never }
  | { readonly change?: never; readonly unreadable: string }

/** Makes changes of bytes (or, in a topic of another kind, what that holds); `prepare` is awaited before a batch is decoded. */
export type RecordDecoder<T extends object = Change> = {
  decode(bytes: Uint8Array): DecodedAs<T>
  prepare?(values: readonly Uint8Array[]): Promise<void>
  /** Asked before `decode`: the record, where it can be left as it lies there. */
  left?(value: Buffer, partition: number, offset: number, loggedAtMs: Millis): Placed<T> | undefined
}

export type Placed<T> = Omit<LoggedChange, 'change'> & { readonly change: T }

export type Records<T = Change> = { readonly changes: readonly Placed<T>[]; readonly letters: readonly DeadLetter[] }

const LETTER_BYTES = 256

const SCHEMA_IN_HEADER =
  'its schema is named in the header __value_schema_id, which is not read: give its producer value.schema.id.serializer=io.confluent.kafka.serializers.schema.id.PrefixSchemaIdSerializer'

/** As much of a message as is kept of one that cannot be read. */
export const firstOf = (value: Uint8Array): Uint8Array => Uint8Array.from(value.subarray(0, LETTER_BYTES))

/** What a partition's batches hold from offset `from` on: changes, and dead letters. */
export async function readRecords<T extends object>(
  decoder: RecordDecoder<T>,
  partition: number,
  batches: readonly FetchedBatch[],
  from: number,
): Promise<Records<T>> {
  const changes: Placed<T>[] = []
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
      const left = decoder.left?.(value, partition, offset, loggedAtMs)
      if (left) {
        changes.push(left)
        return
      }
      const { change, unreadable } = decoder.decode(value)
      if (unreadable === undefined) changes.push({ change, partition, offset, loggedAtMs })
      else {
        const reason = hasSchemaHeader(unpacked, value) ? SCHEMA_IN_HEADER : unreadable
        letters.push({ partition, offset, reason, payload: firstOf(value) })
      }
    })
  }
  return { changes, letters }
}
