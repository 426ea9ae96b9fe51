import { createGunzip, type Gunzip } from 'node:zlib'

const OUTPUT_CHUNK_BYTES = 256 * 1024
/** What a corrupt place can cost at most: zlib throws away what it had made of the slice that holds the fault. */
const INPUT_SLICE_BYTES = 16 * 1024

export type GzipFault = { readonly reason: 'truncated-gzip' | 'corrupt-gzip'; readonly detail: string }

/**
 * The contents of a gzip stream of any number of members. Everything before the end of a truncated stream is yielded, and
 * then `onFault` is called; an error of `bytes` itself is thrown, for a torn connection is not a torn file. Each slice is
 * drained before the next is written: a stream that fails throws away what was not read from it.
 */
export async function* gunzip(
  bytes: AsyncIterable<Uint8Array>,
  onFault: (fault: GzipFault) => void,
): AsyncGenerator<Uint8Array> {
  const inflater = createGunzip({ chunkSize: OUTPUT_CHUNK_BYTES })
  const watch = watchStream(inflater)
  let readBytes = 0
  try {
    for await (const chunk of bytes) {
      for (let from = 0; from < chunk.length; from += INPUT_SLICE_BYTES) {
        const slice = chunk.subarray(from, from + INPUT_SLICE_BYTES)
        const written = watch.write(slice)
        yield* drain(inflater, watch, written)
        if (watch.failure()) break
        readBytes += slice.length
      }
      if (watch.failure()) break
    }
    if (!watch.failure()) yield* drain(inflater, watch, watch.end())
  } finally {
    inflater.destroy()
  }
  const failure = watch.failure()
  if (failure) {
    const reason = failure.code === 'Z_BUF_ERROR' ? 'truncated-gzip' : 'corrupt-gzip'
    onFault({ reason, detail: `${failure.message} after ${readBytes} compressed bytes` })
  }
}

type Step = { done: boolean }
type StreamWatch = {
  write(slice: Uint8Array): Step
  end(): Step
  failure(): NodeJS.ErrnoException | undefined
  /** Resolves at the next event of the stream. */
  changed(): Promise<void>
}

async function* drain(inflater: Gunzip, watch: StreamWatch, step: Step): AsyncGenerator<Uint8Array> {
  for (;;) {
    const output: unknown = inflater.read()
    if (output instanceof Uint8Array) yield output
    else if (step.done || watch.failure()) return
    else await watch.changed()
  }
}

function watchStream(inflater: Gunzip): StreamWatch {
  let failure: NodeJS.ErrnoException | undefined
  let wake = () => {}
  inflater.on('readable', () => wake())
  inflater.on('error', error => {
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
    write: slice => stepThat(finished => inflater.write(slice, finished)),
    end: () =>
      stepThat(finished => {
        inflater.once('end', finished)
        inflater.end()
      }),
    failure: () => failure,
    changed: () =>
      new Promise(resolve => {
        wake = resolve
      }),
  }
}
