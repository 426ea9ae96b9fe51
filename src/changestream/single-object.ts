import avro, { type Schema } from 'avsc'
import { reasonOf } from '../runtime/errors.ts'
import type { Headers } from './encoder.ts'
import { fingerprintOf } from './fingerprint.ts'
import { SINGLE_OBJECT_HEADER_BYTES as HEADER_BYTES, SINGLE_OBJECT_MARKER as MARKER } from './framing.ts'
import { type Decoded, type PayloadDecoder, payloadDecoder } from './payload-decoder.ts'
import { publishedSchemas, recordTypes } from './schemas.ts'

const headerOf = (fingerprint: bigint): Buffer => {
  const header = Buffer.alloc(HEADER_BYTES)
  header.set(MARKER)
  header.writeBigUInt64LE(fingerprint, MARKER.length)
  return header
}

export const singleObjectHeaders: Headers = {
  claim: headerOf(fingerprintOf(recordTypes.claim)),
  progress: headerOf(fingerprintOf(recordTypes.progress)),
  source: headerOf(fingerprintOf(recordTypes.source)),
  horizon: headerOf(fingerprintOf(recordTypes.horizon)),
}

type Known = { readonly low: number; readonly high: number; readonly schema: Schema; decoder?: PayloadDecoder }

/** Finds the writer's schema by its fingerprint among all that were published, and those of a folder. */
export class SingleObjectDecoder {
  private readonly known: readonly Known[]

  constructor(more: readonly Schema[] = []) {
    this.known = [...publishedSchemas, ...more].map(schema => {
      const header = headerOf(fingerprintOf(avro.Type.forSchema(schema)))
      return { low: header.readInt32LE(2), high: header.readInt32LE(6), schema }
    })
  }

  /** Of a message for which `isSingleObject` is true. */
  decode(message: Buffer): Decoded {
    const low = int32At(message, 2)
    const high = int32At(message, 6)
    for (const known of this.known) {
      if (known.low !== low || known.high !== high) continue
      known.decoder ??= decoderOrReason(known.schema)
      return known.decoder(message, HEADER_BYTES)
    }
    const fingerprint = message.readBigUInt64LE(MARKER.length)
    return { unreadable: `unknown schema fingerprint ${fingerprint.toString(16).padStart(16, '0')}` }
  }
}

/** A schema that is none of ours makes no decoder: then the reason is said of every record of it. */
export function decoderOrReason(schema: Schema): PayloadDecoder {
  try {
    return payloadDecoder(schema)
  } catch (error) {
    const unreadable = `its schema cannot be read as ours: ${reasonOf(error)}`
    return () => ({ unreadable })
  }
}

const int32At = (bytes: Buffer, at: number): number =>
  (bytes[at] as number) |
  ((bytes[at + 1] as number) << 8) |
  ((bytes[at + 2] as number) << 16) |
  ((bytes[at + 3] as number) << 24)
