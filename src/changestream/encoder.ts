import { type Change, sourceOf } from '../ownership/claim.ts'
import { reasonOf } from '../runtime/errors.ts'
import { ClaimWriter } from './claim/claim-writer.ts'
import { MessageSlab } from './claim/message-slab.ts'
import { changestreamErrors } from './errors.ts'
import { isClaimKnown } from './payload-decoder.ts'
import { recordTypes } from './schemas.ts'
import { toWire } from './wire.ts'

/** What stands before the record in a message and says which schema it has. */
export type Headers = Readonly<Record<Change['record'], Uint8Array>>

/**
 * Readers unpack at most 64 MiB at once, and what is larger would end the reading of all behind it. Two less are left for the
 * records of the same block before it, and for what surrounds it.
 */
export const LARGEST_RECORD_BYTES = 62 * 1024 * 1024

/**
 * @returns What makes a message of a change. It throws WHOHAD_STREAM_RECORD_UNENCODABLE where the change does not fit its schema,
 * and WHOHAD_STREAM_RECORD_TOO_LARGE.
 */
export function changeEncoder(headers: Headers): (change: Change) => Buffer {
  const slab = new MessageSlab()
  const claims = new ClaimWriter(slab)
  return change => {
    const header = headers[change.record]
    if (change.record === 'claim' && isClaimKnown) {
      try {
        slab.begin(header)
        claims.write(change)
        const message = slab.finish()
        if (message.length <= LARGEST_RECORD_BYTES) return message
      } catch {
        // Whatever is unusual about it, avsc knows how it is written, or says why it cannot be.
      }
    }
    return notTooLarge(change, encodeByAvsc(change, header))
  }
}

function notTooLarge(change: Change, message: Buffer): Buffer {
  if (message.length <= LARGEST_RECORD_BYTES) return message
  const { record } = change
  throw changestreamErrors.recordTooLarge({
    record,
    key: sourceOf(change),
    bytes: message.length,
    largest: LARGEST_RECORD_BYTES,
  })
}

export function encodeByAvsc(change: Change, header: Uint8Array): Buffer {
  try {
    return Buffer.concat([header, recordTypes[change.record].toBuffer(toWire(change))])
  } catch (cause) {
    throw unencodable(change, cause)
  }
}

export const unencodable = (change: Change, cause: unknown) =>
  changestreamErrors.recordUnencodable({ record: change.record, key: sourceOf(change), reason: reasonOf(cause) }, cause)
