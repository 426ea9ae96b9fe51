import type { Change } from '../ownership/claim.ts'
import type { Millis } from '../ownership/window.ts'
import type { Clock } from '../runtime/clock.ts'
import { type EncodedChange, leavingBehind } from './encoded-change.ts'
import { changeEncoder } from './encoder.ts'
import { asBuffer, isSingleObject, registryIdOf } from './framing.ts'
import type { Decoded } from './payload-decoder.ts'
import type { RegistryOptions, RegistryReport } from './registry/options.ts'
import { registeredCodec } from './registry/registered-codec.ts'
import { schemasInFolder } from './schemas.ts'
import { SingleObjectDecoder, singleObjectHeaders } from './single-object.ts'

export type { Decoded } from './payload-decoder.ts'

/** Makes messages of changes and changes of messages, in whatever framing. */
export type ChangeCodec = {
  /** @throws WHOHAD_STREAM_RECORD_UNENCODABLE, WHOHAD_STREAM_RECORD_TOO_LARGE */
  encode(change: Change): Buffer
  /** The change in these bytes, whoever wrote them. Never throws: what cannot be read is said, and becomes a dead letter. */
  decode(bytes: Uint8Array): Decoded
  /**
   * Fetches the schemas that these messages need and are not known yet; to be awaited before they are decoded. While the
   * registry does not answer it goes on asking, until the codec is closed.
   */
  prepare(messages: readonly Uint8Array[]): Promise<void>
  /** A claim that can be left encoded (`ReadOptions.encoded`) with its place in the log; undefined of all else. Never throws. */
  leave?(message: Buffer, partition: number, offset: number, loggedAtMs: Millis): EncodedChange | undefined
  /** Gives up asking: what waits in `prepare` rejects. */
  close(): void
}

export type CodecOptions = {
  /** Name of the Kafka topic, by which the registry's subjects are called. */
  readonly topic: string
  /** Writes what the registry's readers understand; single-object encoding where it is left out. */
  readonly registry?: RegistryOptions | undefined
  /** Folder with .avsc files of further versions whose records are to be read: those of a newer whohad. */
  readonly schemaFolder?: string | undefined
  readonly clock: Clock
  readonly report: RegistryReport
}

/**
 * The codec for a topic. With a registry the current schemas are registered first.
 * @throws WHOHAD_STREAM_SCHEMA_UNREADABLE, WHOHAD_SCHEMA_REGISTRY_UNREACHABLE, WHOHAD_SCHEMA_REGISTRY_LOGIN_REFUSED,
 * WHOHAD_SCHEMA_REGISTRY_INCOMPATIBLE, WHOHAD_SCHEMA_REGISTRY_FAILED
 */
export async function createCodec(options: CodecOptions): Promise<ChangeCodec> {
  const { topic, registry, schemaFolder, clock, report } = options
  const more = schemaFolder === undefined ? [] : schemasInFolder(schemaFolder)
  const singleObjects = more.length === 0 ? plain : new SingleObjectDecoder(more)
  if (registry) return registeredCodec(registry, { topic, singleObjects, clock, report })
  return {
    encode: encodeChange,
    decode: bytes => decodeSingleObject(bytes, singleObjects),
    prepare: async () => {},
    leave: leaveEncoded,
    close: () => {},
  }
}

const plain = new SingleObjectDecoder()

/**
 * The change in single-object encoding.
 * @throws WHOHAD_STREAM_RECORD_UNENCODABLE where it does not fit its schema, WHOHAD_STREAM_RECORD_TOO_LARGE
 */
export const encodeChange: (change: Change) => Buffer = changeEncoder(singleObjectHeaders)

/** The change in these bytes, in single-object encoding by any version that was published. Never throws. */
export const decodeChange = (bytes: Uint8Array): Decoded => decodeSingleObject(bytes, plain)

/** As `ChangeCodec.leave`, of messages in single-object encoding by the current schema. */
export const leaveEncoded = leavingBehind(singleObjectHeaders.claim)

function decodeSingleObject(bytes: Uint8Array, decoder: SingleObjectDecoder): Decoded {
  const message = asBuffer(bytes)
  if (isSingleObject(message)) return decoder.decode(message)
  const id = registryIdOf(message)
  return id === undefined
    ? { unreadable: 'no Avro single-object header' }
    : { unreadable: `schema ${id} of a schema registry, and kafka.schemaRegistryUrl is not set` }
}
