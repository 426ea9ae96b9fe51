/** Avro's long is a zigzag varint. Bytes that a number up to 2^52 takes at most. */
export const LONGEST_VARINT = 8

/** Writes the number at `position` and gives the position behind it. */
export function writeLong(bytes: Uint8Array, position: number, value: number): number {
  let rest = value < 0 ? -2 * value - 1 : 2 * value
  while (rest >= 0x80) {
    bytes[position++] = (rest % 0x80) | 0x80
    rest = Math.floor(rest / 0x80)
  }
  bytes[position++] = rest
  return position
}

/** Reads numbers; an object that is used again, as one is read for every few bytes. */
export class LongReader {
  /** Position behind the number that was read last; −1 where the bytes end before it does. */
  end = -1

  /** 0 where there is no whole number, NaN where it is longer than any. */
  readAt(bytes: Uint8Array, position: number): number {
    let sum = 0
    for (let weight = 1, at = position; at < bytes.length; weight *= 0x80) {
      const byte = bytes[at++] as number
      sum += (byte & 0x7f) * weight
      if (byte < 0x80 || weight > 2 ** 63) {
        this.end = at
        if (byte >= 0x80) return Number.NaN
        return sum % 2 === 0 ? sum / 2 : -(sum + 1) / 2
      }
    }
    this.end = -1
    return 0
  }
}
