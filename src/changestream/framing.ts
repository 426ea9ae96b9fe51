/** Avro 1.11, "Single-object encoding": two marker bytes, then the schema's fingerprint, little-endian. */
export const SINGLE_OBJECT_MARKER = [0xc3, 0x01] as const
export const SINGLE_OBJECT_HEADER_BYTES = 10

/** Confluent's wire format: a zero byte, then the schema's id in the registry, big-endian. */
export const REGISTRY_HEADER_BYTES = 5
const GUID_HEADER_BYTES = 17

export const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

export const isSingleObject = (message: Uint8Array): boolean =>
  message.length >= SINGLE_OBJECT_HEADER_BYTES &&
  message[0] === SINGLE_OBJECT_MARKER[0] &&
  message[1] === SINGLE_OBJECT_MARKER[1]

/** Confluent's newer format: a one, then the 16 bytes of the schema's GUID. Nobody else's messages begin so either. */
export const isGuidFramed = (message: Uint8Array): boolean => message.length > GUID_HEADER_BYTES && message[0] === 1

/** The id of the schema in the registry's framing; undefined where the message is not framed so. */
export function registryIdOf(message: Uint8Array): number | undefined {
  if (message.length < REGISTRY_HEADER_BYTES || message[0] !== 0) return undefined
  const [, a = 0, b = 0, c = 0, d = 0] = message
  return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0
}
