import { type Bundle, bundleOf } from './own-wire.ts'
import { type Compression, encodeBatch, type OutgoingRecord } from './record-batch.ts'

export type PlacedRecord = OutgoingRecord & { readonly partition: number }

/**
 * What one request brings, before compression. The broker's default limit for a batch is 1 MiB (`max.message.bytes`), and
 * `atLeast` is what it must not be set below: the rest is for one record more and for what surrounds the records.
 */
export const REQUEST_BYTES = { soft: 512 * 1024, atLeast: 768 * 1024 } as const
/** Lengths, deltas and count of headers of a record, at most. */
const AROUND_A_RECORD_BYTES = 23

/** The records of one request in their order, by partition. */
export type Request = ReadonlyMap<number, readonly OutgoingRecord[]>

/** The records in their order, cut into requests as they come. */
export function* inRequests(records: Iterable<PlacedRecord>): Generator<Request> {
  let request = new Map<number, PlacedRecord[]>()
  let bytes = 0
  for (const record of records) {
    const more = record.value.length + record.key.length + AROUND_A_RECORD_BYTES
    bytes += more
    if (bytes > REQUEST_BYTES.soft && request.size > 0) {
      yield request
      request = new Map()
      bytes = more
    }
    const bundle = request.get(record.partition)
    if (bundle) bundle.push(record)
    else request.set(record.partition, [record])
  }
  if (request.size > 0) yield request
}

/** What a request sends, once it is packed. */
export type PackedRequest = Promise<readonly Bundle[]>

/**
 * Packs the requests, all begun when this returns: what comes first is compressed in other threads while what follows is still
 * being encoded. It throws what `requests` throws, before anything can have been sent.
 */
export function packed(requests: Iterable<Request>, compression: Compression): readonly PackedRequest[] {
  const begun: PackedRequest[] = []
  for (const request of requests) {
    const bundles = [...request].map(async ([to, records]) => bundleOf(to, await encodeBatch(records, compression)))
    const whole = Promise.all(bundles)
    whole.catch(() => {}) // told to whoever sends it
    begun.push(whole)
  }
  return begun
}
