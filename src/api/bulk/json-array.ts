import { apiErrors } from '../errors.ts'
import { ByteSink } from './byte-sink.ts'
import type { JsonAnswers } from './json-answers.ts'
import { type BulkTransform, LONGEST_LINE_BYTES, tooLong, unreadable } from './transform.ts'

const [QUOTE, COMMA, OPEN_ARRAY, BACKSLASH, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [
  0x22, 0x2c, 0x5b, 0x5c, 0x5d, 0x7b, 0x7d,
]

/**
 * The elements of one JSON array, each answered when its end has come. An element that is no JSON has an error in its place;
 * what follows is found by its brackets and quotes all the same.
 */
export class JsonArray implements BulkTransform {
  private readonly answers: JsonAnswers
  private readonly sink = new ByteSink()
  private state: 'before' | 'within' | 'after' = 'before'
  private element: number[] = []
  private isTooLong = false
  private depth = 0
  private isInText = false
  private isEscaped = false
  private count = 0

  constructor(answers: JsonAnswers) {
    this.answers = answers
  }

  /** @throws WHOHAD_BULK_INPUT_MALFORMED where it is no array */
  take(chunk: Buffer): Buffer {
    for (const byte of chunk) {
      if (this.state === 'within') this.within(byte)
      else if (!isSpace(byte)) this.around(byte)
    }
    return this.sink.take()
  }

  end(): Buffer {
    if (this.state === 'before') throw apiErrors.bulkInputMalformed({ reason: 'it is empty, and no JSON array' })
    if (this.state === 'within') {
      if (this.hasElement()) this.answerElement()
      this.put(JSON.stringify({ error: unreadable('the array has no end') }))
      this.sink.text(']')
    }
    return this.sink.take()
  }

  private around(byte: number): void {
    if (this.state === 'before' && byte === OPEN_ARRAY) {
      this.state = 'within'
      this.sink.text('[')
    } else if (this.state === 'before')
      throw apiErrors.bulkInputMalformed({ reason: 'it does not begin as a JSON array' })
    // What stands behind the array answers nothing and is passed over.
  }

  private within(byte: number): void {
    if (this.isInText) {
      if (this.isEscaped) this.isEscaped = false
      else if (byte === BACKSLASH) this.isEscaped = true
      else if (byte === QUOTE) this.isInText = false
    } else if (byte === QUOTE) this.isInText = true
    else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) this.depth++
    else if (this.depth > 0 && (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY)) this.depth--
    else if (this.depth === 0 && byte === COMMA) {
      this.answerElement()
      return
    } else if (this.depth === 0 && byte === CLOSE_ARRAY) {
      this.close()
      return
    }
    if (this.element.length < LONGEST_LINE_BYTES) this.element.push(byte)
    else this.isTooLong = true
  }

  private close(): void {
    if (this.count > 0 || this.hasElement()) this.answerElement()
    this.sink.text(']\n')
    this.state = 'after'
  }

  private hasElement(): boolean {
    return this.isTooLong || !this.element.every(isSpace)
  }

  private answerElement(): void {
    const { element, isTooLong } = this
    this.element = []
    this.isTooLong = false
    this.put(isTooLong ? JSON.stringify({ error: tooLong() }) : this.answers.answer(Buffer.from(element).toString()))
  }

  private put(text: string): void {
    if (this.count++ > 0) this.sink.text(',\n')
    this.sink.text(text)
  }
}

const isSpace = (byte: number): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
