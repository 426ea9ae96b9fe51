import type { ByteOut } from './byte-out.ts'

const CHUNK_BYTES = 256 * 1024

/** Text and bytes gathered into chunks, for a write costs the same however short it is. */
export class LineBuffer {
  readonly #out: ByteOut
  #chunks: Uint8Array[] = []
  #text = ''
  #bytes = 0

  constructor(out: ByteOut) {
    this.#out = out
  }

  text(text: string): void {
    this.#text += text
  }

  /** A copy is kept: the bytes may be written over once this returns. */
  raw(bytes: Uint8Array): void {
    this.#settle()
    this.#chunks.push(Buffer.from(bytes))
    this.#bytes += bytes.length
  }

  /** Writes what there is, once that is worth it. */
  async flush(least = CHUNK_BYTES): Promise<void> {
    this.#settle()
    if (this.#bytes < least || this.#bytes === 0) return
    const chunk = Buffer.concat(this.#chunks, this.#bytes)
    this.#chunks = []
    this.#bytes = 0
    await this.#out.write(chunk)
  }

  #settle(): void {
    if (this.#text === '') return
    const bytes = Buffer.from(this.#text)
    this.#chunks.push(bytes)
    this.#bytes += bytes.length
    this.#text = ''
  }
}
