import { Decompress } from 'fzstd'

const MAGIC = 0xfd2fb528
/** 16 magic numbers, which differ in their last four bits, begin frames that are passed over. */
const SKIPPABLE_MAGIC = 0x184d2a50
const MOST_BLOCK_BYTES = 128 * 1024
/** As much as the zstd command grants a file that it does not know. */
const MOST_WINDOW_BYTES = 128 * 1024 * 1024
const CHECKSUM_BYTES = 4

type Part =
  | { readonly kind: 'magic' }
  | { readonly kind: 'skipped'; bytes: number }
  | { readonly kind: 'block'; readonly mostBytes: number; readonly hasChecksum: boolean }

/**
 * Zstandard frames (RFC 8878), walked block by block: the library gets one block at a time, so that no input makes more than
 * 128 KiB at once, and no window that was not looked at. Frames are independent; skippable ones are passed over. Checksums are
 * not compared.
 */
export class ZstdFrames {
  readBytes = 0
  #part: Part = { kind: 'magic' }
  #pending: Buffer = Buffer.alloc(0)
  #output: Uint8Array[] = []
  #decompress = new Decompress()

  /** True between frames: the only place at which a file may end. */
  get isWhole(): boolean {
    return this.#part.kind === 'magic' && this.#pending.length === 0
  }

  /** Throws where the bytes are no Zstandard; what they gave before is yielded. */
  *take(chunk: Uint8Array): Generator<Uint8Array> {
    this.#pending = this.#pending.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.#pending, chunk])
    for (;;) {
      const used = this.#step(this.#pending)
      if (used === 0) return
      this.#pending = this.#pending.subarray(used)
      this.readBytes += used
      const output = this.#output
      this.#output = []
      for (const piece of output) if (piece.length > 0) yield piece
    }
  }

  /** Takes one part from the beginning of `bytes`; 0 where it is not whole yet. */
  #step(bytes: Buffer): number {
    const part = this.#part
    if (part.kind === 'magic') return bytes.length < 8 ? 0 : this.#begin(bytes)
    if (part.kind === 'block') return this.#block(bytes, part.mostBytes, part.hasChecksum)
    const used = Math.min(part.bytes, bytes.length)
    part.bytes -= used
    if (part.bytes === 0) this.#part = { kind: 'magic' }
    return used
  }

  #begin(bytes: Buffer): number {
    const magic = bytes.readUInt32LE(0)
    if ((magic & ~0xf) >>> 0 === SKIPPABLE_MAGIC) {
      const length = bytes.readUInt32LE(4)
      if (length > 0) this.#part = { kind: 'skipped', bytes: length }
      return 8
    }
    if (magic !== MAGIC) throw new Error('no frame begins here')
    const descriptor = bytes.readUInt8(4)
    const isSingleSegment = (descriptor & 0x20) !== 0
    const sizeFlag = descriptor >> 6
    const sizeBytes = sizeFlag === 0 ? Number(isSingleSegment) : 1 << sizeFlag
    const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] ?? 0
    const headerBytes = 5 + Number(!isSingleSegment) + dictionaryBytes + sizeBytes
    if (bytes.length < headerBytes) return 0
    if ((descriptor & 8) !== 0) throw new Error('a reserved bit is set')
    if (dictionaryBytes > 0) throw new Error('it needs a dictionary')
    const windowBytes = isSingleSegment
      ? contentBytes(bytes, headerBytes - sizeBytes, sizeBytes)
      : windowOf(bytes.readUInt8(5))
    if (windowBytes > MOST_WINDOW_BYTES) throw new Error(`a window of ${windowBytes} bytes`)
    this.#decompress = new Decompress(piece => this.#output.push(piece))
    // The library wants the longest header that there is before it looks at any.
    this.#decompress.push(bytes.subarray(0, headerBytes))
    const mostBytes = Math.min(MOST_BLOCK_BYTES, windowBytes)
    this.#part = { kind: 'block', mostBytes, hasChecksum: (descriptor & 4) !== 0 }
    return headerBytes
  }

  #block(bytes: Buffer, mostBytes: number, hasChecksum: boolean): number {
    if (bytes.length < 3) return 0
    const header = bytes.readUIntLE(0, 3)
    const isLast = (header & 1) === 1
    const type = (header >> 1) & 3
    const size = header >> 3
    if (type === 3 || size > mostBytes) throw new Error('a block of a kind or size that there is not')
    const length = 3 + (type === 1 ? 1 : size) + (isLast && hasChecksum ? CHECKSUM_BYTES : 0)
    if (bytes.length < length) return 0
    this.#decompress.push(bytes.subarray(0, length), isLast)
    if (isLast) this.#part = { kind: 'magic' }
    return length
  }
}

const windowOf = (descriptor: number): number => 2 ** (10 + (descriptor >> 3)) * (1 + (descriptor & 7) / 8)

/** The size of the content as its header gives it: of two bytes it lacks 256. */
function contentBytes(bytes: Buffer, at: number, sizeBytes: number): number {
  if (sizeBytes === 8) return Number(bytes.readBigUInt64LE(at))
  return bytes.readUIntLE(at, sizeBytes) + (sizeBytes === 2 ? 256 : 0)
}
