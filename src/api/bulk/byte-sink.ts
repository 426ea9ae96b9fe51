import { viewOf } from '../../ownership/ledger/text-table.ts'

/** Bytes that are put together piece by piece; what was taken out is not written to again. */
export class ByteSink {
  private bytes: Buffer
  private memory: DataView<ArrayBufferLike>
  private size = 0

  constructor(capacity = 64 * 1024) {
    this.bytes = Buffer.allocUnsafe(capacity)
    this.memory = viewOf(this.bytes)
  }

  get length(): number {
    return this.size
  }

  /** A part of other bytes. Short parts are copied here: a call of `Buffer.copy` costs more than forty bytes do. */
  part(from: Uint8Array, start: number, end: number): void {
    const length = end - start
    this.reserve(length)
    const { bytes, size } = this
    if (length > 64) bytes.set(from.subarray(start, end), size)
    else for (let i = 0; i < length; i++) bytes[size + i] = from[start + i] as number
    this.size = size + length
  }

  all(from: Uint8Array): void {
    this.part(from, 0, from.length)
  }

  text(text: string): void {
    this.reserve(text.length * 3)
    this.size += this.bytes.write(text, this.size)
  }

  byte(byte: number): void {
    this.reserve(1)
    this.bytes[this.size++] = byte
  }

  /** What so many bytes more may be written into, from `length` on; they count once `advance` is told of them. */
  room(length: number): DataView<ArrayBufferLike> {
    this.reserve(length)
    return this.memory
  }

  /** Up to where it was written. */
  advance(end: number): void {
    this.size = end
  }

  /** All of it, which goes to the taker. */
  take(): Buffer {
    const taken = this.bytes.subarray(0, this.size)
    this.replace(Buffer.allocUnsafe(Math.max(64 * 1024, this.size + (this.size >>> 2))))
    this.size = 0
    return taken
  }

  private reserve(length: number): void {
    const needed = this.size + length
    if (needed <= this.bytes.length) return
    const larger = Buffer.allocUnsafe(Math.max(needed, this.bytes.length * 2))
    larger.set(this.bytes.subarray(0, this.size))
    this.replace(larger)
  }

  private replace(bytes: Buffer): void {
    this.bytes = bytes
    this.memory = viewOf(bytes)
  }
}
