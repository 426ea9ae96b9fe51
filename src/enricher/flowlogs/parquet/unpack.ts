import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { decompress as unzstd } from 'fzstd'
import type { CompressionCodec } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { corrupt, unsupported } from './faults.ts'

type Unpack = (packed: Uint8Array, bytes: number) => Uint8Array

/**
 * zlib's own gunzip takes a fifth of the time of one in JavaScript. No codec is told to make more than the page's header
 * says, which was compared with the limits before.
 */
const UNPACK: Readonly<Partial<Record<CompressionCodec, Unpack>>> = {
  UNCOMPRESSED: packed => packed,
  GZIP: (packed, bytes) =>
    gunzipSync(packed, { maxOutputLength: Math.max(1, bytes), chunkSize: roomFor(packed, bytes) }),
  BROTLI: (packed, bytes) => brotliDecompressSync(packed, { maxOutputLength: Math.max(1, bytes) }),
  ZSTD: (packed, bytes) => unzstd(packed, new Uint8Array(bytes)),
  ...(compressors.SNAPPY && { SNAPPY: compressors.SNAPPY }),
  ...(compressors.LZ4 && { LZ4: compressors.LZ4 }),
  ...(compressors.LZ4_RAW && { LZ4_RAW: compressors.LZ4_RAW }),
}

/** Deflate packs no byte into less than a 1032nd. */
const MOST_RATIO = 1032
const LEAST_CHUNK_BYTES = 64

/** One buffer that all of a page fits into, and one byte more, for zlib asks for another buffer where one is full. */
const roomFor = (packed: Uint8Array, bytes: number): number =>
  Math.max(LEAST_CHUNK_BYTES, Math.min(bytes, packed.length * MOST_RATIO) + 1)

/** The contents of a page. Throws a fault, or what the codec throws, unless they are just `bytes` long. */
export function unpackPage(packed: Uint8Array, bytes: number, codec: CompressionCodec): Uint8Array {
  const unpack = UNPACK[codec]
  if (unpack === undefined) throw unsupported(`compression codec ${codec}`)
  if (bytes === 0) return new Uint8Array(0)
  const found = unpack(packed, bytes)
  if (found.length !== bytes) throw corrupt(`a page of ${found.length} bytes, its header says ${bytes}`)
  return found
}
