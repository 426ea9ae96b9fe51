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

/** The records in their order, cut into requests. */
export function inRequests(records: readonly PlacedRecord[]): readonly Request[] {
  const requests: Map<number, PlacedRecord[]>[] = []
  let bytes = Number.POSITIVE_INFINITY
  for (const record of records) {
    const more = record.value.length + record.key.length + AROUND_A_RECORD_BYTES
    bytes += more
    if (bytes > REQUEST_BYTES.soft) {
      requests.push(new Map())
      bytes = more
    }
    const request = requests.at(-1)
    const bundle = request?.get(record.partition)
    if (bundle) bundle.push(record)
    else request?.set(record.partition, [record])
  }
  return requests
}

/** Packs each request while the one before it is on its way. */
export async function* packed(
  requests: readonly Request[],
  compression: Compression,
): AsyncGenerator<readonly Bundle[]> {
  const pack = async (request: Request) =>
    Promise.all([...request].map(async ([to, records]) => bundleOf(to, await encodeBatch(records, compression))))
  let next: Promise<readonly Bundle[]> | undefined
  for (const [index, request] of requests.entries()) {
    const current = next ?? pack(request)
    const following = requests[index + 1]
    next = following && pack(following)
    next?.catch(() => {}) // told when its turn comes
    yield await current
  }
}
