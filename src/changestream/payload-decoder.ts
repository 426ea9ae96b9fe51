import avro, { type Schema } from 'avsc'
import type { Change, Claim } from '../ownership/claim.ts'
import type { EncodedClaim } from '../ownership/encoded-claim.ts'
import { reasonOf } from '../runtime/errors.ts'
import { ByteCursor } from './claim/byte-cursor.ts'
import { ClaimBytes, type OwnersPlace } from './claim/claim-bytes.ts'
import { ClaimReader } from './claim/claim-reader.ts'
import { KNOWN_FIELDS } from './claim/fields.ts'
import { TextMemo } from './claim/text-memo.ts'
import { fingerprintOf } from './fingerprint.ts'
import { payloadWalk } from './payload-walk.ts'
import { RECORDS, recordSchemas, recordTypes } from './schemas.ts'
import { fromWire } from './wire.ts'
import { resolvedReading } from './wire-types.ts'

/** Either the change, or in a few words why the bytes are none. */
export type Decoded =
  | { readonly change: Change; readonly unreadable?: never }
  | { readonly change?: never; readonly unreadable: string }

/** Reads the record that fills a message from `position` on. Never throws. */
export type PayloadDecoder = (message: Buffer, position: number) => Decoded

const recordOfName = new Map(RECORDS.map(record => [recordTypes[record].name ?? record, record]))

/** Whether claims of the current schema can be read and written without avsc. */
export const isClaimKnown = fingerprintOf(recordTypes.claim) === KNOWN_FIELDS

/**
 * What decodes the records that were written with a schema, ours of any version or a foreign one of the same name.
 * @throws Error that says in a few words why records of this schema cannot be read as ours.
 */
export function payloadDecoder(schema: Schema): PayloadDecoder {
  const writer = avro.Type.forSchema(schema)
  const record = recordOfName.get(writer.name ?? '')
  if (record === undefined) throw new Error(`${writer.name ?? writer.typeName} is no record of the change stream`)
  const byAvsc = avscDecoder(record, schema)
  return record === 'claim' && fingerprintOf(writer) === KNOWN_FIELDS ? quickDecoder(byAvsc) : byAvsc
}

/** The definition of what bytes mean: a walk that bounds what they can cost, then avsc, then what the program asks of values. */
export function avscDecoder(record: Change['record'], schema: Schema): PayloadDecoder {
  const walk = payloadWalk(avro.Type.forSchema(schema))
  const read = resolvedReading(recordSchemas[record], schema)
  return (message, position) => {
    try {
      if (walk(message, position) !== message.length) return { unreadable: `bytes after the ${record} record` }
      return { change: fromWire(record, read(message.subarray(position))) }
    } catch (error) {
      return { unreadable: `not a ${record} record: ${reasonOf(error)}` }
    }
  }
}

const cursor = new ByteCursor()
const names = new TextMemo()
const claims = new ClaimReader(names)
const claimBytes = new ClaimBytes(cursor, names, claims)

/** Claims in the usual form, which are all but all there is; the rest is left to `byAvsc`. */
const quickDecoder =
  (byAvsc: PayloadDecoder): PayloadDecoder =>
  (message, position) => {
    const read = readClaimAt(message, position)
    return read !== undefined && read.end === message.length ? { change: read.claim } : byAvsc(message, position)
  }

/** A claim of the current schema that begins here, and where it ends; undefined where only avsc can tell. Never throws. */
export function readClaimAt(
  bytes: Buffer,
  position: number,
): { readonly claim: Claim; readonly end: number } | undefined {
  if (!isClaimKnown) return undefined
  try {
    cursor.over(bytes, position)
    const claim = claims.read(cursor)
    return cursor.position <= bytes.length ? { claim, end: cursor.position } : undefined
  } catch {
    return undefined
  }
}

/**
 * As `readClaimAt`, without making an object of it: the claim taken apart, until the next one is read. Undefined also where
 * it is one that has to be read as an object.
 * @param known Of a claim that was read here before.
 */
export function takeClaimApart(
  bytes: Buffer,
  position: number,
  known?: OwnersPlace,
): { readonly claim: EncodedClaim; readonly end: number } | undefined {
  if (!isClaimKnown) return undefined
  try {
    cursor.over(bytes, position)
    claimBytes.read(known)
    takenApart.end = cursor.position
    return cursor.position <= bytes.length ? takenApart : undefined
  } catch {
    return undefined
  }
}

/** One for all, as the claim in it is. */
const takenApart = { claim: claimBytes as EncodedClaim, end: 0 }
