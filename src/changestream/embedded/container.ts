import { randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import { deflateRaw, deflateRawSync, inflateRaw, inflateRawSync, type ZlibOptions } from 'node:zlib'
import avro, { type Schema } from 'avsc'
import { payloadWalk } from '../payload-walk.ts'
import { type RecordReader, readerOf } from './record-reader.ts'
import { LONGEST_VARINT, LongReader, writeLong } from './varint.ts'

// Avro 1.11, "Object Container Files". avsc's own streams read and write them too, but tell no block's place.
const SYNC_BYTES = 16
const headerType = avro.Type.forSchema({
  type: 'record',
  name: 'Header',
  fields: [
    { name: 'magic', type: { type: 'fixed', name: 'Magic', size: 4 } },
    { name: 'meta', type: { type: 'map', values: 'bytes' } },
    { name: 'sync', type: { type: 'fixed', name: 'Sync', size: SYNC_BYTES } },
  ],
})
const walkHeader = payloadWalk(headerType)
const MAGIC = Buffer.from('Obj\x01')

/** A block is ended at a mebibyte. A few bytes can say that they are gigabytes: that is damage, or worse. */
const LARGEST_UNPACKED_MIB = 64

const [SMALLEST_CHUNK, LARGEST_CHUNK] = [16 * 1024, 2 * 1024 * 1024]

/** Claims become a tenth, and so most blocks are unpacked in one go: every further one costs a call into another thread. */
const inflating = ({ length }: Buffer) => ({
  maxOutputLength: LARGEST_UNPACKED_MIB << 20,
  chunkSize: Math.min(LARGEST_CHUNK, Math.max(SMALLEST_CHUNK, length * 16)),
})

const inflateRawAside = promisify(inflateRaw)
const deflateRawAside: (data: Buffer, options: ZlibOptions) => Promise<Buffer> = promisify(deflateRaw)
/** Large enough for a whole block of claims, for the same reason. */
const deflating = ({ length }: Buffer) => ({ level: 1, chunkSize: Math.max(SMALLEST_CHUNK, length >> 2) })

function inflated(packed: Buffer): Buffer {
  try {
    return inflateRawSync(packed, inflating(packed))
  } catch (error) {
    throw inflateFailure(error)
  }
}

async function inflatedAside(packed: Buffer): Promise<Buffer> {
  try {
    return await inflateRawAside(packed, inflating(packed))
  } catch (error) {
    throw inflateFailure(error)
  }
}

const inflateFailure = (error: unknown): unknown =>
  error instanceof RangeError
    ? new Error(`a block that unpacks to more than ${LARGEST_UNPACKED_MIB} MiB`, { cause: error })
    : error

/** Avro's two codecs that every implementation has. Deflated, claims are a tenth, for a tenth of an append's time. */
const CODECS = {
  null: {
    pack: (data: Buffer): Buffer => data,
    packAside: async (data: Buffer): Promise<Buffer> => data,
    unpack: (packed: Buffer): Buffer => packed,
    unpackAside: async (packed: Buffer): Promise<Buffer> => packed,
  },
  deflate: {
    pack: (data: Buffer): Buffer => deflateRawSync(data, deflating(data)),
    packAside: (data: Buffer): Promise<Buffer> => deflateRawAside(data, deflating(data)),
    unpack: inflated,
    unpackAside: inflatedAside,
  },
} as const
export type CodecName = keyof typeof CODECS

/** What a container's blocks are made with. */
export type Framing = {
  readonly sync: Buffer
  readonly pack: (data: Buffer) => Buffer
  /** As `pack`, in another thread; the data must stay as it is meanwhile. */
  readonly packAside: (data: Buffer) => Promise<Buffer>
  /** @throws Error where the bytes are not what `pack` gives, or more than a block can hold. */
  readonly unpack: (packed: Buffer) => Buffer
  /** As `unpack`, in another thread. */
  readonly unpackAside: (packed: Buffer) => Promise<Buffer>
}

export type Header = Framing & {
  readonly bytes: number
  readonly reader: RecordReader
}

/** The beginning of a new container of records of this schema. */
export const newHeader = (schema: Schema, codec: CodecName = 'null'): Buffer =>
  headerType.toBuffer({
    magic: MAGIC,
    meta: { 'avro.schema': Buffer.from(JSON.stringify(schema)), 'avro.codec': Buffer.from(codec) },
    sync: randomBytes(SYNC_BYTES),
  })

/** @throws Error that says in a few words why this is not the beginning of a segment. */
export function parseHeader(bytes: Buffer): Header {
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) throw new Error('it does not begin like an Avro container file')
  walkHeader(bytes, 0)
  const { value, offset } = headerType.decode(bytes)
  const { meta, sync } = value as { meta: Record<string, Buffer>; sync: Buffer }
  const codec = meta['avro.codec']?.toString() ?? 'null'
  if (!isKnown(codec)) throw new Error(`its blocks are compressed with ${codec}, which no version of whohad writes`)
  return {
    bytes: offset,
    sync: Buffer.from(sync),
    reader: readerOf(meta['avro.schema']?.toString() ?? 'null'),
    ...CODECS[codec],
  }
}

const isKnown = (codec: string): codec is CodecName => Object.hasOwn(CODECS, codec)

/** `count` records as one block; `data` as the container's codec packs them. */
export function framed(count: number, data: Buffer, sync: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(2 * LONGEST_VARINT + data.length + SYNC_BYTES)
  let at = writeLong(bytes, writeLong(bytes, 0, count), data.length)
  data.copy(bytes, at)
  at += data.length
  sync.copy(bytes, at)
  return bytes.subarray(0, at + SYNC_BYTES)
}

export type WholeBlock = {
  readonly kind: 'whole'
  readonly count: number
  /** The records, as the container's codec packs them. */
  readonly data: Buffer
  readonly next: number
}

export type Block =
  | WholeBlock
  /** More bytes are needed; at least `wanted` from the block's beginning on. */
  | { readonly kind: 'incomplete'; readonly wanted: number }
  | { readonly kind: 'broken'; readonly reason: string }

const longs = new LongReader()

export function blockAt(bytes: Buffer, position: number, sync: Buffer): Block {
  const count = longs.readAt(bytes, position)
  if (longs.end < 0) return { kind: 'incomplete', wanted: bytes.length - position + 1 }
  const size = longs.readAt(bytes, longs.end)
  const from = longs.end
  if (from < 0) return { kind: 'incomplete', wanted: bytes.length - position + 1 }
  if (!(count > 0 && size > 0)) return { kind: 'broken', reason: 'a block without records' }
  const end = from + size
  const next = end + SYNC_BYTES
  if (next > bytes.length) return { kind: 'incomplete', wanted: next - position }
  if (!bytes.subarray(end, next).equals(sync)) return { kind: 'broken', reason: 'a block without its end marker' }
  return { kind: 'whole', count, data: bytes.subarray(from, end), next }
}
