import type { DecodedArray, Encoding } from 'hyparquet'
import { deltaBinaryUnpack } from 'hyparquet/src/delta.js'
import { byteStreamSplit } from 'hyparquet/src/encoding.js'
import { readPlain } from 'hyparquet/src/plain.js'
import { corrupt, oversize, unsupported } from './faults.ts'
import type { ParquetColumn } from './footer.ts'
import { readHybrid } from './hybrid.ts'
import { ByteTexts } from './texts.ts'

/** Values as they stand one after another, without the rows that have none. */
export type Dense =
  | { readonly kind: 'int32'; readonly values: Int32Array }
  /** Two words a value, the lower one first. */
  | { readonly kind: 'int64'; readonly words: Int32Array }
  | { readonly kind: 'texts'; readonly texts: ByteTexts }

/**
 * `count` values of a page or a dictionary from `at` on. What is neither a whole number nor text becomes text. Throws where
 * the bytes hold fewer, or say of a value that it is longer than `mostBytes` in all.
 */
export function readValues(
  bytes: Uint8Array,
  at: number,
  count: number,
  column: ParquetColumn,
  encoding: Encoding,
  mostBytes: number,
): Dense {
  const reader = { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: at }
  switch (encoding) {
    case 'PLAIN':
    case 'PLAIN_DICTIONARY': // of a dictionary page: plain by another name
      return readPlainValues(bytes, at, count, column)
    case 'DELTA_BINARY_PACKED':
      if (column.type === 'INT32') return { kind: 'int32', values: unpackDeltas(reader, count, new Int32Array(count)) }
      if (column.type !== 'INT64') break
      return { kind: 'int64', words: wordsOf(unpackDeltas(reader, count, new BigInt64Array(count))) }
    case 'DELTA_LENGTH_BYTE_ARRAY': {
      const lengths = unpackDeltas(reader, count, new Int32Array(count))
      return { kind: 'texts', texts: textsInARow(bytes, reader.offset, lengths) }
    }
    case 'DELTA_BYTE_ARRAY': {
      const prefixes = unpackDeltas(reader, count, new Int32Array(count))
      const suffixes = unpackDeltas(reader, count, new Int32Array(count))
      return { kind: 'texts', texts: joinPrefixes(bytes, reader.offset, prefixes, suffixes, mostBytes) }
    }
    case 'BYTE_STREAM_SPLIT':
      return ofDecoded(byteStreamSplit(reader, count, column.type, column.typeLength))
    case 'RLE': {
      if (column.type !== 'BOOLEAN') break
      const values = new Uint8Array(count)
      readHybrid(bytes, at + 4, bytes.length, 1, values, count)
      return ofTexts(Array.from(values, value => String(value === 1)))
    }
    default:
  }
  throw unsupported(`encoding ${encoding} of ${column.type}`)
}

type Reader = { view: DataView; offset: number }

function unpackDeltas<Values extends Int32Array | BigInt64Array>(
  reader: Reader,
  count: number,
  values: Values,
): Values {
  if (count > 0) deltaBinaryUnpack(reader, count, values)
  return values
}

function readPlainValues(bytes: Uint8Array, at: number, count: number, column: ParquetColumn): Dense {
  switch (column.type) {
    case 'INT32':
      return { kind: 'int32', values: copyWords(bytes, at, count) }
    case 'INT64':
      return { kind: 'int64', words: copyWords(bytes, at, count * 2) }
    case 'BYTE_ARRAY':
      return { kind: 'texts', texts: textsWithLengths(bytes, at, count) }
    default: {
      const reader = { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: at }
      return ofDecoded(readPlain(reader, column.type, count, column.typeLength))
    }
  }
}

/** A copy, for the words of a page lie at any byte. */
function copyWords(bytes: Uint8Array, at: number, count: number): Int32Array {
  if (at + count * 4 > bytes.length) throw corrupt('values end too early')
  const words = new Int32Array(count)
  new Uint8Array(words.buffer).set(bytes.subarray(at, at + count * 4))
  return words
}

const wordsOf = ({ buffer, byteOffset, length }: BigInt64Array): Int32Array =>
  new Int32Array(buffer, byteOffset, length * 2)

function textsWithLengths(bytes: Uint8Array, from: number, count: number): ByteTexts {
  const starts = new Int32Array(count)
  const ends = new Int32Array(count)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let at = from
  for (let i = 0; i < count; i++) {
    const length = view.getUint32(at, true)
    at += 4
    starts[i] = at
    at += length
    if (at > bytes.length) throw corrupt('values end too early')
    ends[i] = at
  }
  return new ByteTexts(bytes, starts, ends, count)
}

function textsInARow(bytes: Uint8Array, from: number, lengths: Int32Array): ByteTexts {
  const starts = new Int32Array(lengths.length)
  const ends = new Int32Array(lengths.length)
  let at = from
  for (const [i, length] of lengths.entries()) {
    starts[i] = at
    at += length
    if (length < 0 || at > bytes.length) throw corrupt('values end too early')
    ends[i] = at
  }
  return new ByteTexts(bytes, starts, ends, lengths.length)
}

/** A value may repeat all of the one before it: a few bytes can stand for gigabytes. */
function joinPrefixes(
  bytes: Uint8Array,
  from: number,
  prefixes: Int32Array,
  suffixes: Int32Array,
  mostBytes: number,
): ByteTexts {
  const count = prefixes.length
  let total = 0
  for (let i = 0; i < count; i++) total += Math.abs(prefixes[i] ?? 0) + Math.abs(suffixes[i] ?? 0)
  if (total > mostBytes) throw oversize(`values of ${total} bytes in one page`)
  const joined = new Uint8Array(total)
  const starts = new Int32Array(count)
  const ends = new Int32Array(count)
  let at = from
  let out = 0
  let previous = 0
  for (let i = 0; i < count; i++) {
    const prefix = prefixes[i] ?? 0
    const suffix = suffixes[i] ?? 0
    if (prefix < 0 || suffix < 0 || prefix > out - previous || at + suffix > bytes.length) {
      throw corrupt('values end too early')
    }
    joined.copyWithin(out, previous, previous + prefix)
    joined.set(bytes.subarray(at, at + suffix), out + prefix)
    at += suffix
    starts[i] = previous = out
    out += prefix + suffix
    ends[i] = out
  }
  return new ByteTexts(joined, starts, ends, count)
}

function ofDecoded(values: DecodedArray): Dense {
  if (values instanceof Int32Array) return { kind: 'int32', values }
  if (values instanceof BigInt64Array) return { kind: 'int64', words: wordsOf(values) }
  return ofTexts(Array.from(values as ArrayLike<unknown>, textOf))
}

/** Bytes that nobody said are text as hexadecimal digits; all else as JavaScript writes it. */
const textOf = (value: unknown): string =>
  value instanceof Uint8Array ? Buffer.from(value).toString('hex') : String(value)

function ofTexts(values: readonly string[]): Dense {
  const parts = values.map(value => Buffer.from(value))
  const lengths = Int32Array.from(parts, part => part.length)
  return { kind: 'texts', texts: textsInARow(Buffer.concat(parts), 0, lengths) }
}
