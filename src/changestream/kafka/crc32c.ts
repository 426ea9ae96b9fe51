/** The Castagnoli polynomial, its bits the other way round. */
const POLYNOMIAL = 0x82f63b78
const STRIDE = 8

/** What a byte adds to the checksum that 0 to 7 further bytes follow, 256 numbers each. */
const tables = new Int32Array(STRIDE * 256)
for (let byte = 0; byte < 256; byte++) {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1
  tables[byte] = crc
}
for (let i = 256; i < tables.length; i++) {
  const before = tables[i - 256] as number
  tables[i] = (before >>> 8) ^ (tables[before & 0xff] as number)
}

/** CRC-32C, as Kafka's record batches have it. Eight bytes in one step: Node's own crc32 has another polynomial. */
export function crc32c(bytes: Uint8Array): number {
  const table = tables
  const end = bytes.length
  const lastWhole = end - STRIDE
  let crc = -1
  let at = 0
  for (; at <= lastWhole; at += STRIDE) {
    crc ^=
      byteAt(bytes, at) | (byteAt(bytes, at + 1) << 8) | (byteAt(bytes, at + 2) << 16) | (byteAt(bytes, at + 3) << 24)
    crc =
      (table[1792 + (crc & 0xff)] as number) ^
      (table[1536 + ((crc >>> 8) & 0xff)] as number) ^
      (table[1280 + ((crc >>> 16) & 0xff)] as number) ^
      (table[1024 + (crc >>> 24)] as number) ^
      (table[768 + byteAt(bytes, at + 4)] as number) ^
      (table[512 + byteAt(bytes, at + 5)] as number) ^
      (table[256 + byteAt(bytes, at + 6)] as number) ^
      (table[byteAt(bytes, at + 7)] as number)
  }
  for (; at < end; at++) crc = (crc >>> 8) ^ (table[(crc ^ byteAt(bytes, at)) & 0xff] as number)
  return (crc ^ -1) >>> 0
}

const byteAt = (bytes: Uint8Array, at: number): number => bytes[at] as number
