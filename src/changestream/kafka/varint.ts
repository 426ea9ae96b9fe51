/** Variable-length numbers in zigzag, as in Kafka's records and in Avro. */

/** Of a number that is not negative, in zigzag. */
export const varintBytes = (value: number): number =>
  value < 64 ? 1 : value < 8192 ? 2 : value < 1048576 ? 3 : value < 134217728 ? 4 : 5

/** Writes a number that is not negative, and returns where it ends. */
export function writeVarint(out: Buffer, from: number, value: number): number {
  let at = from
  let rest = value * 2
  while (rest > 127) {
    out[at++] = (rest & 127) | 128
    rest = Math.floor(rest / 128)
  }
  out[at++] = rest
  return at
}

/** Reads the numbers of Kafka's records, one after the other. */
export class VarintCursor {
  at = 0
  private readonly bytes: Buffer

  constructor(bytes: Buffer) {
    this.bytes = bytes
  }

  skip(count: number): void {
    if (count > 0) this.at += count
  }

  /** In zigzag; exact up to 2^53. */
  next(): number {
    let result = 0
    let scale = 1
    for (let read = 0; read < 10; read++) {
      const byte = this.bytes[this.at++]
      if (byte === undefined) break
      result += (byte & 127) * scale
      if (byte < 128) return result % 2 === 0 ? result / 2 : -(result + 1) / 2
      scale *= 128
    }
    throw new Error('A record batch is cut short.')
  }
}
