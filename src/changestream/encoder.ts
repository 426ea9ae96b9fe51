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

/** @returns What makes a message of a change, and throws WHOHAD_STREAM_RECORD_UNENCODABLE where it does not fit its schema. */
export function changeEncoder(headers: Headers): (change: Change) => Buffer {
  const slab = new MessageSlab()
  const claims = new ClaimWriter(slab)
  return change => {
    const header = headers[change.record]
    if (change.record === 'claim' && isClaimKnown) {
      try {
        slab.begin(header)
        claims.write(change)
        return slab.finish()
      } catch {
        // Whatever is unusual about it, avsc knows how it is written, or says why it cannot be.
      }
    }
    return encodeByAvsc(change, header)
  }
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
