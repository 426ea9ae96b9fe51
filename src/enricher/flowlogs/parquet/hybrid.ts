import { corrupt } from './faults.ts'

/** Dictionaries of more than 16 million entries are nobody's. */
const WIDEST = 24

/**
 * Reads `count` values of `width` bits in Parquet's hybrid of runs and bit-packed groups (Encodings.md, "Run Length Encoding
 * / Bit-Packing Hybrid"). One such value stands for every field of every record, hence no closures and no views here.
 * Returns where the values ended. Throws where the bytes hold fewer.
 */
export function readHybrid(
  bytes: Uint8Array,
  from: number,
  until: number,
  width: number,
  out: Int32Array | Uint8Array,
  count: number,
): number {
  if (width > WIDEST) throw corrupt(`values of ${width} bits`)
  if (width === 0) {
    out.fill(0, 0, count)
    return from
  }
  const valueBytes = (width + 7) >>> 3
  let at = from
  let filled = 0
  while (filled < count) {
    let header = 0
    for (let shift = 0; ; shift += 7) {
      if (at >= until || shift > 28) throw corrupt('values end too early')
      const byte = bytes[at++] ?? 0
      header |= (byte & 0x7f) << shift
      if (byte < 0x80) break
    }
    const length = header >>> 1
    if ((header & 1) === 1) {
      const take = Math.min(length * 8, count - filled)
      if (at + Math.ceil((take * width) / 8) > until) throw corrupt('values end too early')
      unpack(bytes, at, width, out, filled, take)
      at = Math.min(at + length * width, until)
      filled += take
    } else {
      if (at + valueBytes > until) throw corrupt('values end too early')
      let value = 0
      for (let i = 0; i < valueBytes; i++) value |= (bytes[at++] ?? 0) << (i * 8)
      const take = Math.min(length, count - filled)
      out.fill(value, filled, filled + take)
      filled += take
    }
  }
  return at
}

/** Whether so many values of one bit are all 1 as one run, which is how a column is written of which each row has a value. */
export function isRunOfOnes(bytes: Uint8Array, from: number, until: number, count: number): boolean {
  let at = from
  let header = 0
  for (let shift = 0; ; shift += 7) {
    if (at >= until || shift > 28) return false
    const byte = bytes[at++] ?? 0
    header |= (byte & 0x7f) << shift
    if (byte < 0x80) break
  }
  return (header & 1) === 0 && header >>> 1 >= count && at < until && bytes[at] === 1
}

/** A value lies within four bytes, for its width is 24 bits at most and it begins at most 7 bits into the first. */
function unpack(
  bytes: Uint8Array,
  from: number,
  width: number,
  out: Int32Array | Uint8Array,
  place: number,
  count: number,
): void {
  const mask = (1 << width) - 1
  let bit = 0
  let at = from
  for (let i = 0; i < count; i++) {
    // Past the end of the bytes there is nothing, and no value reaches that far.
    const word =
      (bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24)
    out[place + i] = (word >>> bit) & mask
    bit += width
    at += bit >>> 3
    bit &= 7
  }
}
