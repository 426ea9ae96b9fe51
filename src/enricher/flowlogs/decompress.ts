import type { Transform } from 'node:stream'

/** What a corrupt place can cost at most: zlib throws away what it had made of the slice that holds the fault. */
const INPUT_SLICE_BYTES = 16 * 1024

/** What one output chunk of a decompressor should hold: a read by a thread of its own costs as much as some 10 KiB. */
export const OUTPUT_CHUNK_BYTES = 256 * 1024

export type CompressionFault = {
  readonly reason: 'truncated-gzip' | 'corrupt-gzip' | 'truncated-zstd' | 'corrupt-zstd'
  readonly detail: string
}

/** Where a stream failed: `atEnd` where all of the input had been taken, and more was needed. */
export type StreamFailure = { readonly message: string; readonly atEnd: boolean; readonly readBytes: number }

/**
 * What a decompressor of node:zlib, which works in a thread of its own, makes of `bytes`. Everything before a failure is
 * yielded, and then `onFailure` is called; an error of `bytes` itself is thrown, for a torn connection is not a torn file.
 * Each slice is drained before the next is written: a stream that fails throws away what was not read from it.
 */
export async function* throughStream(
  bytes: AsyncIterable<Uint8Array>,
  decompressor: Transform,
  onFailure: (failure: StreamFailure) => void,
): AsyncGenerator<Uint8Array> {
  const watch = watchStream(decompressor)
  let readBytes = 0
  let atEnd = false
  try {
    for await (const chunk of bytes) {
      for (let from = 0; from < chunk.length; from += INPUT_SLICE_BYTES) {
        const slice = chunk.subarray(from, from + INPUT_SLICE_BYTES)
        const written = watch.write(slice)
        yield* drain(decompressor, watch, written)
        if (watch.failure()) break
        readBytes += slice.length
      }
      if (watch.failure()) break
    }
    if (!watch.failure()) {
      yield* drain(decompressor, watch, watch.end())
      atEnd = true
    }
  } finally {
    decompressor.destroy()
  }
  const failure = watch.failure()
  if (failure) onFailure({ message: failure.message, atEnd, readBytes })
}

type Step = { done: boolean }
type StreamWatch = {
  write(slice: Uint8Array): Step
  end(): Step
  failure(): Error | undefined
  /** Resolves at the next event of the stream. */
  changed(): Promise<void>
}

async function* drain(decompressor: Transform, watch: StreamWatch, step: Step): AsyncGenerator<Uint8Array> {
  for (;;) {
    const output: unknown = decompressor.read()
    if (output instanceof Uint8Array) yield output
    else if (step.done || watch.failure()) return
    else await watch.changed()
  }
}

function watchStream(decompressor: Transform): StreamWatch {
  let failure: Error | undefined
  let wake = () => {}
  decompressor.on('readable', () => wake())
  decompressor.on('error', error => {
    failure = error
    wake()
  })
  const stepThat = (start: (finished: () => void) => void): Step => {
    const step = { done: false }
    start(() => {
      step.done = true
      wake()
    })
    return step
  }
  return {
    write: slice => stepThat(finished => decompressor.write(slice, finished)),
    end: () =>
      stepThat(finished => {
        decompressor.once('end', finished)
        decompressor.end()
      }),
    failure: () => failure,
    changed: () =>
      new Promise(resolve => {
        wake = resolve
      }),
  }
}
