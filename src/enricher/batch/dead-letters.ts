import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { reasonOf, type WhohadError } from '../../runtime/errors.ts'
import { enricherErrors } from '../errors.ts'
import { printable } from '../flowlogs/read.ts'
import type { DeadLetterReason } from '../outcome.ts'
import { type ByteOut, fileOut } from '../sinks/byte-out.ts'
import type { RowSink } from '../sinks/port.ts'

/** A line of a file of dead letters, as JSON. */
export type DeadLetter = {
  /** The input, as errors call it. */
  readonly object: string
  /** Number of the line within the input, the header being 0. */
  readonly line: number
  readonly reason: DeadLetterReason
  /** The field at fault, or what the reader says; empty where the reason says all. */
  readonly detail: string
  /** The first 256 characters, with unprintable ones escaped. */
  readonly sample: string
}

/** Of one input. A file of garbage must not become a larger one. */
const MOST_LETTERS = 10_000

/** What could not be read, as NDJSON: of each input the first 10,000, and then one line that says how many more there were. */
export class DeadLetters {
  readonly #open: () => Promise<ByteOut>
  readonly #most: number
  readonly #isKeptEmpty: boolean
  #out: ByteOut | undefined
  #text = ''
  #object = ''
  #kept = 0
  #more = 0

  /** `open` is called at the first letter: what has none has no file, unless that is to be kept empty. */
  constructor(open: () => Promise<ByteOut>, { most = MOST_LETTERS, isKeptEmpty = false } = {}) {
    this.#open = open
    this.#most = most
    this.#isKeptEmpty = isKeptEmpty
  }

  take(object: string, { line, reason, detail, sample }: Omit<DeadLetter, 'object'>): void {
    if (object !== this.#object) this.#begin(object)
    if (this.#kept++ >= this.#most) this.#more++
    else this.#put({ object, line, reason, detail, sample: printable(sample) })
  }

  /** An input that is no flow log at all. */
  refuse(object: string, { code, message }: WhohadError): void {
    this.take(object, { line: 0, reason: 'unreadable-object', detail: code, sample: message })
  }

  /** @throws WHOHAD_OUTPUT_NOT_WRITTEN, as `finish` does */
  async flush(): Promise<void> {
    if (this.#text === '') return
    this.#out ??= await this.#open()
    await this.#out.write(Buffer.from(this.#text))
    this.#text = ''
  }

  async finish(): Promise<void> {
    this.#begin('')
    if (this.#isKeptEmpty) this.#out ??= await this.#open()
    await this.flush()
    await this.#out?.finish()
  }

  async abort(): Promise<void> {
    await this.#out?.abort()
  }

  #begin(object: string): void {
    if (this.#more > 0) this.#put({ object: this.#object, more: this.#more })
    this.#object = object
    this.#kept = 0
    this.#more = 0
  }

  #put(letter: DeadLetter | { readonly object: string; readonly more: number }): void {
    this.#text += `${JSON.stringify(letter)}\n`
  }
}

/** A file, and the folders above it. @throws WHOHAD_OUTPUT_NOT_WRITTEN */
export async function letterFile(path: string): Promise<ByteOut> {
  try {
    await mkdir(dirname(path), { recursive: true })
  } catch (cause) {
    throw enricherErrors.outputNotWritten({ path, reason: reasonOf(cause) }, cause)
  }
  return fileOut(path)
}

/** The same sink, and what lies between the records is kept. The letters are neither finished nor given up with it. */
export const keepingLetters = (sink: RowSink, object: string, letters: DeadLetters): RowSink => ({
  async write(answered) {
    for (const other of answered.batch.others) if (other.kind === 'rejected') letters.take(object, other)
    await letters.flush()
    await sink.write(answered)
  },
  finish: () => sink.finish(),
  abort: () => sink.abort(),
})
