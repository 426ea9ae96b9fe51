import { type Change, sourceOf } from '../ownership/claim.ts'
import { reasonOf } from '../runtime/errors.ts'
import { changestreamErrors } from './errors.ts'
import { fingerprintOf } from './fingerprint.ts'
import { payloadWalk } from './payload-walk.ts'
import { RECORDS, recordTypes } from './schemas.ts'
import { fromWire, toWire } from './wire.ts'

/** Either the change, or in a few words why the bytes are none. */
export type Decoded =
  | { readonly change: Change; readonly unreadable?: never }
  | { readonly change?: never; readonly unreadable: string }

/** Avro 1.11, "Single-object encoding": two marker bytes, then the schema's fingerprint, little-endian. */
const MARKER = [0xc3, 0x01] as const
const HEADER_BYTES = 10

const kinds = RECORDS.map(record => {
  const type = recordTypes[record]
  const fingerprint = fingerprintOf(type)
  const header = Buffer.alloc(HEADER_BYTES)
  header.set(MARKER)
  header.writeBigUInt64LE(fingerprint, MARKER.length)
  return { record, type, fingerprint, header, walk: payloadWalk(type) }
})
const headers = new Map(kinds.map(({ record, header }) => [record, header]))
const byFingerprint = new Map(kinds.map(kind => [kind.fingerprint, kind]))

/**
 * The change in single-object encoding.
 * @throws WHOHAD_STREAM_RECORD_UNENCODABLE where it does not fit its schema.
 */
export function encodeChange(change: Change): Buffer {
  try {
    return Buffer.concat([headers.get(change.record) as Buffer, recordTypes[change.record].toBuffer(toWire(change))])
  } catch (cause) {
    throw unencodable(change, cause)
  }
}

export const unencodable = (change: Change, cause: unknown) =>
  changestreamErrors.recordUnencodable({ record: change.record, key: sourceOf(change), reason: reasonOf(cause) }, cause)

/** The change in these bytes, whoever wrote them. Never throws: what cannot be read is said, and becomes a dead letter. */
export function decodeChange(bytes: Uint8Array): Decoded {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (buffer.length < HEADER_BYTES || buffer[0] !== MARKER[0] || buffer[1] !== MARKER[1]) {
    return { unreadable: 'no Avro single-object header' }
  }
  const fingerprint = buffer.readBigUInt64LE(MARKER.length)
  const kind = byFingerprint.get(fingerprint)
  if (kind === undefined)
    return { unreadable: `unknown schema fingerprint ${fingerprint.toString(16).padStart(16, '0')}` }
  const payload = buffer.subarray(HEADER_BYTES)
  try {
    if (kind.walk(payload, 0) !== payload.length) return { unreadable: `bytes after the ${kind.record} record` }
    return { change: fromWire(kind.record, kind.type.fromBuffer(payload)) }
  } catch (error) {
    return { unreadable: `not a ${kind.record} record: ${reasonOf(error)}` }
  }
}
