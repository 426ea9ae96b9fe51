/** Room for a gzip object of usual size, and what more is added by doubling. */
const FIRST_BYTES = 2 * 1024 * 1024

/** The bytes of an object in one piece, in memory that the next object uses again. */
export class HeldBytes {
  #bytes = new Uint8Array(0)
  length = 0

  clear(): void {
    this.length = 0
  }

  push(chunk: Uint8Array): void {
    const needed = this.length + chunk.length
    if (needed > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(needed, 2 * this.#bytes.length, FIRST_BYTES))
      larger.set(this.all())
      this.#bytes = larger
    }
    this.#bytes.set(chunk, this.length)
    this.length = needed
  }

  /** Good until the next `clear`. */
  all(): Uint8Array {
    return this.#bytes.subarray(0, this.length)
  }
}
