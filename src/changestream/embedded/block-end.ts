import { crc32 } from 'node:zlib'

/** What the last record of a block carries (`blockEnd` of the schema): union branch, CRC-32, durable bytes. */
export const BLOCK_END_BYTES = 13
const CRC_BYTES = 12

export type BlockEnd = {
  /** Whether the data is what was written. */
  readonly isRight: boolean
  /** Bytes of the segment that were durable when the block was written: damage below is no torn tail. */
  readonly durableBytes: number
}

/** Puts the end of a block at `position` of its data, and gives the position behind it. */
export function writeBlockEnd(data: Buffer, position: number, durableBytes: number): number {
  data[position] = 2 // second branch of the union, in zigzag
  data.writeUInt32LE(crc32(data.subarray(0, position + 1)), position + 1)
  data.writeBigUInt64LE(BigInt(durableBytes), position + 5)
  return position + BLOCK_END_BYTES
}

/** What the end of a block of our own schema says; of one that cannot even be unpacked, that it is wrong. */
export function endOfPacked(packed: Buffer, unpack: (packed: Buffer) => Buffer): BlockEnd {
  try {
    return blockEndOf(unpack(packed))
  } catch {
    return { isRight: false, durableBytes: 0 }
  }
}

/** What the end of a block's data says. */
export function blockEndOf(data: Buffer): BlockEnd {
  const at = data.length - CRC_BYTES
  if (at < 1) return { isRight: false, durableBytes: 0 }
  return {
    isRight: data[at - 1] === 2 && crc32(data.subarray(0, at)) === data.readUInt32LE(at),
    durableBytes: Number(data.readBigUInt64LE(at + 4)),
  }
}
