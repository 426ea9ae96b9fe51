import type { Type } from 'avsc'

const EMPTY = 0xc15d213aa4d7a795n

const TABLE = Array.from({ length: 256 }, (_, byte) => {
  let word = BigInt(byte)
  for (let bit = 0; bit < 8; bit++) word = (word >> 1n) ^ (EMPTY & -(word & 1n))
  return BigInt.asUintN(64, word)
})

/** CRC-64-AVRO ("Rabin") of the text, as Avro 1.11 §"Schema Fingerprints" defines it. */
export function rabin(text: string): bigint {
  let crc = EMPTY
  for (const byte of Buffer.from(text)) crc = (crc >> 8n) ^ (TABLE[Number((crc ^ BigInt(byte)) & 0xffn)] ?? 0n)
  return crc
}

/** Fingerprint of the type's parsing canonical form, which is what avsc's `schema()` gives. */
export const fingerprintOf = (type: Type): bigint => rabin(JSON.stringify(type.schema()))
