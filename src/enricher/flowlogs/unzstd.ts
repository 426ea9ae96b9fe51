import type { Transform } from 'node:stream'
import * as zlib from 'node:zlib'
import { type CompressionFault, OUTPUT_CHUNK_BYTES, throughStream } from './decompress.ts'
import { ZstdFrames } from './zstd-frames.ts'

const INPUT_SLICE_BYTES = 64 * 1024

/** Node has Zstandard from 22.15 on, and the types here are those of 20. */
const native = zlib as { readonly createZstdDecompress?: (options: { chunkSize: number }) => Transform }

/**
 * The contents of Zstandard frames, by node:zlib in a thread of its own where this Node has it, else by a library in this
 * one. Everything before a damaged place is yielded, and then `onFault` is called.
 */
export async function* unzstd(
  bytes: AsyncIterable<Uint8Array>,
  onFault: (fault: CompressionFault) => void,
): AsyncGenerator<Uint8Array> {
  if (native.createZstdDecompress) {
    const decompressor = native.createZstdDecompress({ chunkSize: OUTPUT_CHUNK_BYTES })
    yield* throughStream(bytes, decompressor, ({ message, atEnd, readBytes }) =>
      onFault({ reason: atEnd ? 'truncated-zstd' : 'corrupt-zstd', detail: after(message, readBytes) }),
    )
    return
  }
  const frames = new ZstdFrames()
  for await (const chunk of bytes) {
    for (let from = 0; from < chunk.length; from += INPUT_SLICE_BYTES) {
      const pieces = frames.take(chunk.subarray(from, from + INPUT_SLICE_BYTES))
      for (;;) {
        let next: IteratorResult<Uint8Array>
        try {
          next = pieces.next()
        } catch (error) {
          const message = error instanceof Error ? error.message : String(error)
          onFault({ reason: 'corrupt-zstd', detail: after(message, frames.readBytes) })
          return
        }
        if (next.done) break
        yield next.value
      }
    }
  }
  if (!frames.isWhole) onFault({ reason: 'truncated-zstd', detail: after('unexpected end of file', frames.readBytes) })
}

const after = (message: string, readBytes: number): string => `${message} after ${readBytes} compressed bytes`
