import type { CompressionFault } from './decompress.ts'
import { type EnvelopeFault, envelopeLines } from './envelope.ts'
import { gunzip, gunzipWhole, MOST_WHOLE_GZIP_BYTES } from './gunzip.ts'
import { HeldBytes } from './held-bytes.ts'
import { unzstd } from './unzstd.ts'

/** Where a stream is inflated: in a thread of its own beside the reader's, or whole and at once in the reader's. */
export type Inflating = 'beside' | 'here'

/** What an input is behind its compression. The faults grow while it is read. */
export type OpenedLog = {
  readonly kind: 'text' | 'envelope' | 'parquet'
  readonly chunks: AsyncIterable<Uint8Array>
  /** Why a compressed stream gave no more; complete once `chunks` have ended. */
  readonly faults: readonly CompressionFault[]
  /** Documents of an envelope that hold no log lines; whoever reports them takes them out. */
  readonly documents: EnvelopeFault[]
}

/** Compression within compression: Firehose compresses what CloudWatch had compressed. */
const MOST_LAYERS = 3
const HEAD_BYTES = 4
const GZIP = [0x1f, 0x8b]
const ZSTD = [0x28, 0xb5, 0x2f, 0xfd]
/** Behind one of 16 first bytes, the frames of Zstandard that are passed over. */
const SKIPPABLE = [0x2a, 0x4d, 0x18]
const PARQUET = [...Buffer.from('PAR1')]
const OBJECT = [...Buffer.from('{')]
const MARKED_OBJECT = [0xef, 0xbb, 0xbf, ...OBJECT]

/**
 * Looks at the first bytes of an input, for no file name and no Content-Encoding is reliable, and takes off what it is
 * wrapped in: gzip, Zstandard, CloudWatch's envelope. What is inflated whole is held in `held` before, which nothing else may use
 * until the log is read. Throws what `bytes` throws.
 */
export async function openFlowLog(
  bytes: AsyncIterable<Uint8Array>,
  inflating: Inflating,
  held = new HeldBytes(),
): Promise<OpenedLog> {
  const faults: CompressionFault[] = []
  const documents: EnvelopeFault[] = []
  const onFault = (fault: CompressionFault) => faults.push(fault)
  let chunks = bytes
  for (let layer = 0; ; layer++) {
    const { head, all } = await peek(chunks, HEAD_BYTES)
    const begins = (magic: readonly number[]) => magic.every((byte, i) => head[i] === byte)
    const isPacked = layer < MOST_LAYERS
    if (isPacked && begins(GZIP))
      chunks =
        inflating === 'here' ? gunzipHere(all, onFault, layer === 0 ? held : new HeldBytes()) : gunzip(all, onFault)
    else if (isPacked && (begins(ZSTD) || isSkippable(head))) chunks = unzstd(all, onFault)
    else if (begins(PARQUET)) return { kind: 'parquet', chunks: all, faults, documents }
    else if (begins(OBJECT) || begins(MARKED_OBJECT)) {
      const lines = envelopeLines(all, fault => documents.push(fault))
      return { kind: 'envelope', chunks: lines, faults, documents }
    } else return { kind: 'text', chunks: all, faults, documents }
  }
}

const isSkippable = (head: Uint8Array): boolean =>
  ((head[0] ?? 0) & 0xf0) === 0x50 && SKIPPABLE.every((byte, i) => head[i + 1] === byte)

async function* gunzipHere(
  bytes: AsyncIterable<Uint8Array>,
  onFault: (fault: CompressionFault) => void,
  held: HeldBytes,
): AsyncGenerator<Uint8Array> {
  const iterator = bytes[Symbol.asyncIterator]()
  held.clear()
  async function* everything(): AsyncGenerator<Uint8Array> {
    yield held.all()
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value
  }
  try {
    while (held.length <= MOST_WHOLE_GZIP_BYTES) {
      const next = await iterator.next()
      if (next.done) {
        const whole = gunzipWhole(held.all())
        if (whole) yield whole
        else yield* gunzip(everything(), onFault)
        return
      }
      held.push(next.value)
    }
    yield* gunzip(everything(), onFault)
  } finally {
    await iterator.return?.()
  }
}

/** The first bytes, and all of them again from the start. */
async function peek(
  bytes: AsyncIterable<Uint8Array>,
  length: number,
): Promise<{ head: Uint8Array; all: AsyncGenerator<Uint8Array> }> {
  const iterator = bytes[Symbol.asyncIterator]()
  const first: Uint8Array[] = []
  let firstBytes = 0
  while (firstBytes < length) {
    const next = await iterator.next()
    if (next.done) break
    first.push(next.value)
    firstBytes += next.value.length
  }
  async function* replay(): AsyncGenerator<Uint8Array> {
    try {
      yield* first.splice(0)
      for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value
    } finally {
      await iterator.return?.()
    }
  }
  return { head: Buffer.concat(first.map(chunk => chunk.subarray(0, length))).subarray(0, length), all: replay() }
}
