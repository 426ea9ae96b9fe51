import { type Format, parseHeader } from './fields.ts'
import type { Line } from './lines.ts'
import { type LineParser, lineParser, type ParsedLine, rejected } from './parse.ts'

/**
 * Says what each line of one input is, in their order: a record, none, or undefined for a blank line and a header. The first
 * line that is not blank may be a header, and wins over a given format. A later line that is no record and names both ends
 * is one too: files that were put together end to end keep their headers. `refuse` is what is thrown where no format is known.
 */
export class LineJudge {
  format: Format | undefined
  readonly #given: Format | undefined
  readonly #refuse: (firstLine: string) => Error
  #parse: LineParser | undefined

  constructor(given: Format | undefined, refuse: (firstLine: string) => Error) {
    this.#given = given
    this.#refuse = refuse
  }

  judge({ text, tooLong }: Line, number: number): ParsedLine | undefined {
    if (!tooLong && text.trim() === '') return undefined
    if (this.#parse === undefined && this.#begin(text)) return undefined
    const line = tooLong ? rejected(text, number, 'line-too-long', '') : this.#parse?.(text, number)
    if (line?.kind === 'rejected' && !tooLong) {
      const format = parseHeader(text)
      if (format && namesBothEnds(format)) return this.#read(format)
    }
    return line
  }

  /** Tells whether the first line is a header. */
  #begin(text: string): boolean {
    const own = parseHeader(text)
    const format = own ?? this.#given
    if (format === undefined) throw this.#refuse(text)
    this.#read(format)
    return own !== undefined
  }

  #read(format: Format): undefined {
    const isSame = this.format?.columns.join(' ') === format.columns.join(' ')
    if (isSame) return
    this.format = format
    this.#parse = lineParser(format)
  }
}

const namesBothEnds = ({ sourceAddress, packetSource, destinationAddress, packetDestination }: Format): boolean =>
  Math.max(sourceAddress, packetSource) >= 0 && Math.max(destinationAddress, packetDestination) >= 0
