/** Of a run that is written as one: a group of as many is packed otherwise. */
const GROUP = 8
/**
 * So many values are whole words whatever their width. V8 compiles a function for its next call once it was called often; one that is in
 * its loop at the time leaves compiled code at the end of the loop, each time, and a column is one call.
 */
const SLICE = 256

/** Bytes that so many values take at most, and their headers. */
export const hybridBytes = (values: number): number => 4 * values + 64

/**
 * Writes the first values in so many bits each, at most 24, as Parquet's hybrid of runs and bit-packed groups (Encodings.md, "Run Length
 * Encoding / Bit-Packing Hybrid"), the least first. Returns where they end. Tight, as each field of each record is such a value.
 */
export function writeHybrid(values: Int32Array, count: number, width: number, out: DataView, from: number): number {
  let at = from
  let packedFrom = 0
  let i = 0
  while (i < count) {
    const value = values[i] as number
    // Past the end there is nothing, which equals no value.
    if (width > 0 && (values[i + 1] !== value || values[i + GROUP - 1] !== value)) {
      i += GROUP
      continue
    }
    let end = i + 1
    while (end < count && values[end] === value) end++
    if (width > 0 && end - i < GROUP) {
      i += GROUP
      continue
    }
    if (packedFrom < i) at = writePacked(values, packedFrom, i, width, out, at)
    at = writeRun(value, end - i, width, out, at)
    i = end
    packedFrom = i
  }
  return packedFrom < count ? writePacked(values, packedFrom, count, width, out, at) : at
}

/** One value as often as there are rows. */
export function writeRun(value: number, count: number, width: number, out: DataView, from: number): number {
  let at = writeVarint(count << 1, out, from)
  for (let shift = 0; shift < width; shift += 8) out.setUint8(at++, value >>> shift)
  return at
}

/** Whole groups; what the last one lacks are zeros. */
function writePacked(
  values: Int32Array,
  from: number,
  until: number,
  width: number,
  out: DataView,
  begin: number,
): number {
  const groups = Math.ceil((until - from) / GROUP)
  let at = writeVarint((groups << 1) | 1, out, begin)
  const end = at + groups * width
  for (let i = from; i < until; i += SLICE) at = writeSlice(values, i, Math.min(until, i + SLICE), width, out, at)
  for (; at < end; at++) out.setUint8(at, 0)
  return end
}

/** Returns where the last byte with a bit of them ends: of a whole slice, at a whole word. */
function writeSlice(
  values: Int32Array,
  from: number,
  until: number,
  width: number,
  out: DataView,
  begin: number,
): number {
  let at = begin
  let bits = 0
  let waiting = 0
  for (let i = from; i < until; i++) {
    const value = values[i] as number
    waiting |= value << bits
    bits += width
    if (bits < 32) continue
    out.setInt32(at, waiting, true)
    at += 4
    bits -= 32
    // What of the value did not fit: nothing where no bits are left over.
    waiting = value >>> (width - bits)
  }
  for (; bits > 0; bits -= 8, waiting >>>= 8) out.setUint8(at++, waiting)
  return at
}

function writeVarint(value: number, out: DataView, begin: number): number {
  let at = begin
  let left = value
  for (; left > 0x7f; left >>>= 7) out.setUint8(at++, left | 0x80)
  out.setUint8(at++, left)
  return at
}
