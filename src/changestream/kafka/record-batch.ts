import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
import type { Millis } from '../../ownership/window.ts'
import { crc32c } from './crc32c.ts'
import { VarintCursor, varintBytes, writeVarint } from './varint.ts'

/** Record batches of Kafka's log, magic 2 (Kafka protocol guide, "Record Batch"). Numbers are big-endian. */
export type Compression = 'none' | 'gzip'
export type OutgoingRecord = { readonly key: string; readonly value: Buffer }

/** A batch as it was fetched: its head read, its records still packed. */
export type FetchedBatch = {
  readonly baseOffset: number
  readonly lastOffset: number
  readonly count: number
  readonly attributes: number
  readonly firstTimestampMs: Millis
  readonly maxTimestampMs: Millis
  readonly producerId: string
  readonly records: Buffer
}

export type VisitRecord = (offset: number, loggedAtMs: Millis, value: Buffer) => unknown

const HEAD_BYTES = 61
const LENGTH_FROM = 12 // offset and length itself are not in the length
const CRC_FROM = 21
const COMPRESSION_MASK = 0x07
const LOG_APPEND_TIME = 0x08
export const IN_TRANSACTION = 0x10
export const CONTROL = 0x20
const CODES: Readonly<Record<Compression, number>> = { none: 0, gzip: 1 }
const NAMES = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const

/** Measured on claims: half the time of level 6, for an eighth more bytes (docs/change-stream.md). */
const GZIP_LEVEL = 1
/** No batch of ours is near it; a bomb is. */
const LARGEST_UNPACKED_BYTES = 256 * 1024 * 1024

const pack = promisify(gzip)
/** Claims become less than a fourth: packed in one piece, where each further one costs a call into another thread and back. */
const packing = ({ length }: Buffer) => ({ level: GZIP_LEVEL, chunkSize: Math.max(SMALLEST_CHUNK, length >> 2) })
const SMALLEST_CHUNK = 16 * 1024
const unpack = promisify(gunzip)

/** The records of one partition as one batch, in their order. */
export async function encodeBatch(records: readonly OutgoingRecord[], compression: Compression): Promise<Buffer> {
  const body = encodeRecords(records)
  const packed = compression === 'gzip' ? await pack(body, packing(body)) : body
  const batch = Buffer.allocUnsafe(HEAD_BYTES + packed.length)
  const nowMs = BigInt(Date.now()) // the topic's own clock replaces it
  batch.writeBigInt64BE(0n, 0) // offsets are the broker's to give
  batch.writeInt32BE(batch.length - LENGTH_FROM, 8)
  batch.writeInt32BE(-1, 12) // leader epoch: not ours either
  batch.writeInt8(2, 16)
  batch.writeInt16BE(CODES[compression], 21)
  batch.writeInt32BE(records.length - 1, 23)
  batch.writeBigInt64BE(nowMs, 27)
  batch.writeBigInt64BE(nowMs, 35)
  batch.writeBigInt64BE(-1n, 43) // producer id, epoch and sequence: not idempotent
  batch.writeInt16BE(-1, 51)
  batch.writeInt32BE(-1, 53)
  batch.writeInt32BE(records.length, 57)
  packed.copy(batch, HEAD_BYTES)
  batch.writeUInt32BE(crc32c(batch.subarray(CRC_FROM)), 17)
  return batch
}

/** Length, attributes, timestamp delta, offset delta, key, value, count of headers; the longest varint has five bytes. */
const LARGEST_AROUND_BYTES = 5 + 1 + 1 + 5 + 5 + 5 + 1

function encodeRecords(records: readonly OutgoingRecord[]): Buffer {
  let largest = 0
  for (const { key, value } of records) largest += LARGEST_AROUND_BYTES + 3 * key.length + value.length
  const out = Buffer.allocUnsafe(largest)
  let at = 0
  let lastKey = ''
  let keyBytes = Buffer.alloc(0)
  for (const [index, { key, value }] of records.entries()) {
    if (key !== lastKey) keyBytes = Buffer.from(key)
    lastKey = key
    const around = 3 + varintBytes(index) + varintBytes(keyBytes.length) + varintBytes(value.length)
    at = writeVarint(out, at, around + keyBytes.length + value.length)
    out[at++] = 0
    out[at++] = 0
    at = writeVarint(out, at, index)
    at = writeVarint(out, at, keyBytes.length)
    at += keyBytes.copy(out, at)
    at = writeVarint(out, at, value.length)
    at += value.copy(out, at)
    out[at++] = 0
  }
  return out.subarray(0, at)
}

/** The batches in what a fetch gave of one partition; one that was cut off at its end is left out, and comes again. */
export function batchesIn(bytes: Buffer): FetchedBatch[] {
  const batches: FetchedBatch[] = []
  let at = 0
  while (at + HEAD_BYTES <= bytes.length) {
    const end = at + LENGTH_FROM + bytes.readInt32BE(at + 8)
    if (end > bytes.length) break
    const magic = bytes.readInt8(at + 16)
    if (magic !== 2) throw new Error(`A record batch has magic ${magic}, not 2.`)
    const baseOffset = Number(bytes.readBigInt64BE(at))
    batches.push({
      baseOffset,
      lastOffset: baseOffset + bytes.readInt32BE(at + 23),
      count: bytes.readInt32BE(at + 57),
      attributes: bytes.readInt16BE(at + 21),
      firstTimestampMs: Number(bytes.readBigInt64BE(at + 27)),
      maxTimestampMs: Number(bytes.readBigInt64BE(at + 35)),
      producerId: String(bytes.readBigInt64BE(at + 43)),
      records: bytes.subarray(at + HEAD_BYTES, end),
    })
    at = end
  }
  return batches
}

/** What this whohad cannot undo, by name; undefined where it can. */
export const unreadableCompression = ({ attributes }: FetchedBatch): string | undefined => {
  const code = attributes & COMPRESSION_MASK
  return code <= 1 ? undefined : (NAMES[code] ?? `code ${code}`)
}

/** The batch's records, undone; `unreadableCompression` must have been asked. */
export const unpackedRecords = async ({ attributes, records }: FetchedBatch): Promise<Buffer> =>
  (attributes & COMPRESSION_MASK) === 1 && records.length > 0
    ? unpack(records, { maxOutputLength: LARGEST_UNPACKED_BYTES })
    : records

/** Calls `visit` for each record, in their order. A value that is missing (a tombstone) is empty. */
export function visitRecords(batch: FetchedBatch, unpacked: Buffer, visit: VisitRecord): void {
  const { baseOffset, count, firstTimestampMs, maxTimestampMs } = batch
  const byLog = (batch.attributes & LOG_APPEND_TIME) !== 0
  const cursor = new VarintCursor(unpacked)
  for (let i = 0; i < count; i++) {
    const length = cursor.next()
    const end = cursor.at + length
    cursor.at++ // attributes, unused
    const timestampMs = firstTimestampMs + cursor.next()
    const offset = baseOffset + cursor.next()
    cursor.skip(cursor.next())
    const from = cursor.at
    const bytes = cursor.next()
    const value = bytes < 0 ? unpacked.subarray(from, from) : unpacked.subarray(cursor.at, cursor.at + bytes)
    if (end > unpacked.length || cursor.at + Math.max(0, bytes) > end) throw new Error('A record batch is cut short.')
    cursor.at = end // past the headers
    visit(offset, byLog ? maxTimestampMs : timestampMs, value)
  }
}
