/** Of a run that is written as one: a group of as many is packed otherwise. */
const GROUP = 8

/** Bytes that so many values take at most, and their headers. */
export const hybridBytes = (values: number): number => 4 * values + 64

/**
 * Writes the first values in so many bits each, at most 24, as Parquet's hybrid of runs and bit-packed groups (Encodings.md, "Run Length
 * Encoding / Bit-Packing Hybrid"), the least first. Returns where they end. Tight, as each field of each record is such a value.
 */
export function writeHybrid(values: Int32Array, count: number, width: number, out: Uint8Array, from: number): number {
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
    at = writeVarint((end - i) << 1, out, at)
    for (let shift = 0; shift < width; shift += 8) out[at++] = value >>> shift
    i = end
    packedFrom = i
  }
  return packedFrom < count ? writePacked(values, packedFrom, count, width, out, at) : at
}

/** Whole groups; what the last one lacks are zeros. */
function writePacked(
  values: Int32Array,
  from: number,
  until: number,
  width: number,
  out: Uint8Array,
  begin: number,
): number {
  const groups = Math.ceil((until - from) / GROUP)
  let at = writeVarint((groups << 1) | 1, out, begin)
  const end = at + groups * width
  let bits = 0
  let waiting = 0
  for (let i = from; i < until; i++) {
    waiting |= (values[i] as number) << bits
    bits += width
    while (bits >= 8) {
      out[at++] = waiting
      waiting >>>= 8
      bits -= 8
    }
  }
  if (bits > 0) out[at++] = waiting
  out.fill(0, at, end)
  return end
}

function writeVarint(value: number, out: Uint8Array, begin: number): number {
  let at = begin
  let left = value
  for (; left > 0x7f; left >>>= 7) out[at++] = left | 0x80
  out[at++] = left
  return at
}
