import type { AnsweredBatch } from '../join/answered-batch.ts'
import { type EndFields, EndParts } from './end-parts.ts'
import { EndTexts } from './end-texts.ts'
import { LineBuffer, type Promptness } from './line-buffer.ts'

/** Parts of so many ends are kept, some 300 bytes each. */
const MOST_ENDS = 65_536

export type LineSinkOptions = Promptness & { readonly room?: LineRoom }

/**
 * What outputs of lines need, and the next output as well: the bytes of a chunk, and what lines say of ends. Made once for all
 * outputs that a thread makes one after another.
 */
export class LineRoom {
  readonly lines = new LineBuffer()
  /** Numbers of the ends of the batch, by place. */
  sources: Int32Array = new Int32Array(0)
  destinations: Int32Array = new Int32Array(0)
  private readonly ends: EndTexts
  private readonly parts = new Map<(end: EndFields) => string, EndParts>()

  constructor(mostEnds = MOST_ENDS) {
    this.ends = new EndTexts(mostEnds)
  }

  /** What is said of ends by this function, which must be the same one for each output of its form. */
  partsOf(textOf: (end: EndFields) => string): EndParts {
    const parts = this.parts.get(textOf) ?? new EndParts(this.ends, textOf)
    this.parts.set(textOf, parts)
    return parts
  }

  /** Numbers the ends of a batch, which mean something until the next one. */
  number(answered: AnsweredBatch): void {
    this.ends.forgetIfMany()
    this.sources = this.ends.number(answered, 'source', this.sources)
    this.destinations = this.ends.number(answered, 'destination', this.destinations)
    for (const parts of this.parts.values()) parts.keepUp()
  }
}
