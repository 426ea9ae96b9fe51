/** Ten times what one record of a stream may hold. */
const MOST_DOCUMENT_BYTES = 32 * 1024 * 1024
/** How subscription data begins. Within a whole document it stands nowhere: in a string its quotes would be escaped. */
const BEGINNING = Buffer.from('{"messageType"')
const [OPEN, CLOSE, QUOTE, BACKSLASH] = [0x7b, 0x7d, 0x22, 0x5c] as const
const BETWEEN = /^[\s,[\]\uFEFF]*$/

export type JsonDocument = { readonly bytes: Buffer; readonly problem: string | undefined }

/**
 * JSON objects that follow each other with or without anything between them, those of one chunk together. One that is cut
 * short ends where the next subscription data begins; what is longer than 32 MiB, and what is no object, is given by its
 * beginning and with a problem.
 */
export async function* splitDocuments(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<readonly JsonDocument[]> {
  const splitter = new DocumentSplitter()
  for await (const chunk of chunks) yield splitter.take(chunk)
  yield splitter.finish()
}

class DocumentSplitter {
  #documents: JsonDocument[] = []
  /** Bytes that are not looked at yet: a beginning may be cut in two. */
  #rest: Buffer = Buffer.alloc(0)
  #parts: Buffer[] = []
  #length = 0
  #depth = 0
  #inString = false
  #isEscaped = false

  take(chunk: Uint8Array): readonly JsonDocument[] {
    const bytes = Buffer.concat([this.#rest, chunk])
    const until = Math.max(0, bytes.length - BEGINNING.length + 1)
    this.#walk(bytes, until)
    this.#rest = bytes.subarray(until)
    return this.#given()
  }

  finish(): readonly JsonDocument[] {
    this.#walk(this.#rest, this.#rest.length)
    this.#end(this.#depth > 0 ? 'the document is cut short' : 'not a JSON object')
    return this.#given()
  }

  #given(): readonly JsonDocument[] {
    const documents = this.#documents
    this.#documents = []
    return documents
  }

  #walk(bytes: Buffer, until: number): void {
    let from = 0
    for (let at = 0; at < until; at++) {
      const byte = bytes[at]
      if (byte === OPEN && (!this.#inString || this.#isBeginning(bytes, at))) {
        if (this.#depth === 0 || this.#isBeginning(bytes, at)) {
          this.#keep(bytes.subarray(from, at))
          this.#end(this.#depth > 0 ? 'the document is cut short' : 'not a JSON object')
          from = at
        }
        this.#depth++
      } else if (this.#inString) {
        if (this.#isEscaped) this.#isEscaped = false
        else if (byte === BACKSLASH) this.#isEscaped = true
        else if (byte === QUOTE) this.#inString = false
      } else if (this.#depth > 0) {
        if (byte === QUOTE) this.#inString = true
        else if (byte === CLOSE && --this.#depth === 0) {
          this.#keep(bytes.subarray(from, at + 1))
          this.#end(undefined)
          from = at + 1
        }
      }
    }
    this.#keep(bytes.subarray(from, until))
  }

  #isBeginning(bytes: Buffer, at: number): boolean {
    return bytes.compare(BEGINNING, 0, BEGINNING.length, at, Math.min(at + BEGINNING.length, bytes.length)) === 0
  }

  #keep(part: Buffer): void {
    const room = MOST_DOCUMENT_BYTES - this.#length
    if (part.length > 0 && room > 0) this.#parts.push(Buffer.from(part.subarray(0, room)))
    this.#length += part.length
  }

  /** Ends the object, or what stands between objects. */
  #end(problem: string | undefined): void {
    const bytes = Buffer.concat(this.#parts)
    const isTooLong = this.#length > MOST_DOCUMENT_BYTES
    this.#parts = []
    this.#length = 0
    this.#depth = 0
    this.#inString = false
    this.#isEscaped = false
    if (problem !== undefined && BETWEEN.test(bytes.toString('utf8', 0, 1024)) && bytes.length <= 1024) return
    this.#documents.push({ bytes, problem: isTooLong ? 'a document of more than 32 MiB' : problem })
  }
}
