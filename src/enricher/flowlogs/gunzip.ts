import { createGunzip, gunzipSync } from 'node:zlib'
import { type CompressionFault, OUTPUT_CHUNK_BYTES, throughStream } from './decompress.ts'

/** What is inflated in one piece at most, and from how much. */
const MOST_WHOLE_BYTES = 128 * 1024 * 1024
export const MOST_WHOLE_GZIP_BYTES = 32 * 1024 * 1024

/**
 * The contents of a gzip stream of any number of members, inflated in a thread of its own. Everything before the end of a
 * truncated stream is yielded, and then `onFault` is called. Memory is bounded by one chunk.
 */
export function gunzip(
  bytes: AsyncIterable<Uint8Array>,
  onFault: (fault: CompressionFault) => void,
): AsyncGenerator<Uint8Array> {
  return throughStream(bytes, createGunzip({ chunkSize: OUTPUT_CHUNK_BYTES }), ({ message, atEnd, readBytes }) =>
    onFault({
      reason: atEnd ? 'truncated-gzip' : 'corrupt-gzip',
      detail: `${message} after ${readBytes} compressed bytes`,
    }),
  )
}

/**
 * The contents of whole gzip members, inflated here and now: in a worker that has nothing else to do this takes the least
 * time. Undefined where they are damaged or more than is kept in one piece: `gunzip` tells what can be had of them.
 */
export function gunzipWhole(bytes: Uint8Array): Uint8Array | undefined {
  if (bytes.length > MOST_WHOLE_GZIP_BYTES || bytes.length < 4) return undefined
  // The last four bytes say how long the last member is, and there is mostly one: so one buffer holds all.
  const said = new DataView(bytes.buffer, bytes.byteOffset + bytes.length - 4, 4).getUint32(0, true)
  const chunkSize = Math.min(Math.max(said + 1, 64 * 1024), MOST_WHOLE_BYTES)
  try {
    return gunzipSync(bytes, { chunkSize, maxOutputLength: MOST_WHOLE_BYTES })
  } catch {
    return undefined
  }
}
