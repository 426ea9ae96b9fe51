import type { Revision } from '../../ownership/claim.ts'
import type { Millis } from '../../ownership/window.ts'
import { reasonOf } from '../../runtime/errors.ts'
import type { Decoded } from '../codec.ts'
import type { LoggedChange, Position } from '../port.ts'
import { firstOf, type RecordDecoder } from './records.ts'

// The messages of the topic with what outlived retention (docs/change-stream.md, "Kafka: what outlives retention").

/** Which partition of that topic has what. */
export const CARRIED_PARTITIONS = { records: 0, heads: 1, count: 2 } as const

/** A record of the change stream that a run of retention has kept, with the place and time that it had. */
export type CarriedRecord = Pick<LoggedChange, 'partition' | 'offset' | 'loggedAtMs'> & {
  /** UUID of the run that wrote it. */
  readonly run: string
  readonly decoded: Decoded
  readonly payload: Uint8Array
}

/** The end of a run of retention: what its records stand for. Of all with the highest turn, the first one counts. */
export type Head = {
  readonly run: string
  /** One more than that of the head that the run began with. */
  readonly turn: number
  /** History below is gone. */
  readonly beforeMs: Millis
  /** What the run's records are all that is needed of. */
  readonly before: Position
  /** Where its records begin in their partition. */
  readonly firstOffset: number
  readonly records: number
  /** By source: claims of a lower revision were in the stream before, and count no more. */
  readonly floors: Readonly<Record<string, Revision>>
}

const VERSION = 1
const RUN_BYTES = 16
const PLACE_BYTES = RUN_BYTES + 4 + 8 + 8

/** `message` as it stands in the change stream. */
export function carriedMessage(run: string, { partition, offset, loggedAtMs }: Place, message: Uint8Array): Buffer {
  const out = Buffer.allocUnsafe(PLACE_BYTES + message.length)
  out.write(run.replaceAll('-', ''), 'hex')
  out.writeUInt32BE(partition, RUN_BYTES)
  out.writeBigInt64BE(BigInt(offset), RUN_BYTES + 4)
  out.writeBigInt64BE(BigInt(loggedAtMs), RUN_BYTES + 12)
  out.set(message, PLACE_BYTES)
  return out
}

type Place = Pick<LoggedChange, 'partition' | 'offset' | 'loggedAtMs'>

/** Reads those messages, with what reads the stream's own. */
export const carriedDecoder = (stream: RecordDecoder): RecordDecoder<CarriedRecord> => ({
  decode(bytes) {
    if (bytes.length < PLACE_BYTES) return { unreadable: `it has ${bytes.length} bytes` }
    const message = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    const payload = message.subarray(PLACE_BYTES)
    return {
      change: {
        run: uuidOf(message.toString('hex', 0, RUN_BYTES)),
        partition: message.readUInt32BE(RUN_BYTES),
        offset: Number(message.readBigInt64BE(RUN_BYTES + 4)),
        loggedAtMs: Number(message.readBigInt64BE(RUN_BYTES + 12)),
        decoded: stream.decode(payload),
        payload: firstOf(payload),
      },
    }
  },
  async prepare(values) {
    await stream.prepare?.(values.map(value => value.subarray(PLACE_BYTES)))
  },
})

const uuidOf = (hex: string): string => hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')

export const headMessage = (head: Head): Buffer => Buffer.from(JSON.stringify({ version: VERSION, ...head }))

export const headDecoder: RecordDecoder<Head> = {
  decode(bytes) {
    try {
      const { version, ...head } = JSON.parse(Buffer.from(bytes).toString()) as Head & { readonly version: unknown }
      if (version !== VERSION) return { unreadable: `its head has version ${String(version)}, not ${VERSION}` }
      return { change: head }
    } catch (error) {
      return { unreadable: `its head is no JSON (${reasonOf(error)})` }
    }
  },
}
