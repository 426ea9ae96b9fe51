/**
 * Thrown where bytes are not as our own writer writes them. Whoever meets it asks avsc, which says what they are: so the fast
 * way needs to know only what is usual, and has no words for what is wrong.
 */
export const UNUSUAL = new RangeError('not as whohad writes it')

/** Of the upper part of a zigzag number: from 2^53 on a double does not hold the whole exactly. */
const TOO_HIGH = 2 ** 25
const LOWEST = -(2 ** 52 - 1)

/**
 * Reads Avro's primitives from one message. Reading over the end gives nonsense and moves `position` beyond the end, and it
 * never goes back: one look at the end tells.
 */
export class ByteCursor {
  bytes: Buffer = Buffer.alloc(0)
  position = 0
  /** The memory that `bytes` is a part of, from `base` on. */
  memory: DataView<ArrayBufferLike> = new DataView(new ArrayBuffer(0))
  base = 0
  private viewed: ArrayBufferLike = this.memory.buffer

  over(bytes: Buffer, position: number): void {
    this.bytes = bytes
    this.position = position
    this.base = bytes.byteOffset
    // The messages of one fetch share their memory, and a view costs as much as thirty numbers that are read.
    if (bytes.buffer === this.viewed) return
    this.viewed = bytes.buffer
    this.memory = new DataView(bytes.buffer)
  }

  /** Four bytes as they lie there. */
  word(position: number): number {
    return this.memory.getInt32(this.base + position, true)
  }

  long(): number {
    const { bytes } = this
    let at = this.position
    let byte = bytes[at++] as number
    let low = byte & 0x7f
    for (let shift = 7; byte >= 0x80 && shift < 28; shift += 7) {
      byte = bytes[at++] as number
      low |= (byte & 0x7f) << shift
    }
    if (byte < 0x80) {
      this.position = at
      return (low >>> 1) ^ -(low & 1)
    }
    byte = bytes[at++] as number
    let high = byte & 0x7f
    for (let shift = 7; byte >= 0x80 && shift < 28; shift += 7) {
      byte = bytes[at++] as number
      high |= (byte & 0x7f) << shift
    }
    this.position = at
    if (byte < 0x80) return unzigzag(high, low)
    throw UNUSUAL
  }

  /** How many bytes or things follow. */
  count(): number {
    const byte = this.bytes[this.position] as number
    if (byte >= 0x80) return this.manyMore()
    this.position++
    if ((byte & 1) === 1) throw UNUSUAL
    return byte >>> 1
  }

  private manyMore(): number {
    const count = this.long()
    // Neither an item nor a character is smaller than a byte.
    if (count >= 0 && count <= this.bytes.length - this.position) return count
    throw UNUSUAL
  }

  boolean(): boolean {
    const byte = this.bytes[this.position++] as number
    if (byte > 1) throw UNUSUAL
    return byte === 1
  }

  /** Whether the other branch of a union with null follows. */
  isThere(): boolean {
    const byte = this.bytes[this.position++] as number
    if (byte !== 0 && byte !== 2) throw UNUSUAL
    return byte === 2
  }

  /** One of fewer than 64 things. */
  choice<T>(of: readonly T[]): T {
    const byte = this.bytes[this.position++] as number
    const chosen = of[byte >>> 1]
    if ((byte & 1) === 1 || chosen === undefined) throw UNUSUAL
    return chosen
  }

  text(): string {
    return this.slice(this.count())
  }

  slice(size: number): string {
    const from = this.position
    this.position = from + size
    return this.bytes.toString('utf8', from, this.position)
  }
}

function unzigzag(high: number, low: number): number {
  if (high >= TOO_HIGH) throw UNUSUAL
  const sum = high * 2 ** 28 + low
  if (sum % 2 === 0) return sum / 2
  const number = -(sum + 1) / 2
  if (number < LOWEST) throw UNUSUAL
  return number
}
