const MAGIC = Buffer.from([0x28, 0xb5, 0x2f, 0xfd])
const BLOCK_BYTES = 128 * 1024
/** A window of 128 KiB, said in the way of RFC 8878 §3.1.1.1.2. */
const WINDOW = 7 << 3

const block = (type: 0 | 1, size: number, isLast: boolean, content: Uint8Array): Buffer => {
  const header = Buffer.alloc(3)
  header.writeUIntLE((size << 3) | (type << 1) | Number(isLast), 0, 3)
  return Buffer.concat([header, content])
}

/** A frame that holds the bytes as they are. */
export function storedFrame(bytes: Uint8Array, window = WINDOW): Buffer {
  const blocks: Buffer[] = []
  for (let from = 0; from === 0 || from < bytes.length; from += BLOCK_BYTES) {
    const piece = bytes.subarray(from, from + BLOCK_BYTES)
    blocks.push(block(0, piece.length, from + BLOCK_BYTES >= bytes.length, piece))
  }
  return Buffer.concat([MAGIC, Buffer.from([0, window]), ...blocks])
}

/** A frame of a byte repeated: 4 bytes for each 128 KiB. */
export const repeatedFrame = (byte: number, blocks: number): Buffer =>
  Buffer.concat([
    MAGIC,
    Buffer.from([0, WINDOW]),
    ...Array.from({ length: blocks }, (_, i) => block(1, BLOCK_BYTES, i === blocks - 1, Buffer.from([byte]))),
  ])

export const skippableFrame = (bytes: Uint8Array): Buffer => {
  const header = Buffer.from([0x5a, 0x2a, 0x4d, 0x18, 0, 0, 0, 0])
  header.writeUInt32LE(bytes.length, 4)
  return Buffer.concat([header, bytes])
}
