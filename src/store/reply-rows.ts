import { storeErrors } from './errors.ts'

const TAB = 9
const LINE_FEED = 10
const MINUS = 45
const ZERO = 48
const BACKSLASH = 92
const LETTER_T = 116
const WORDS_SLOT = 9
const NO_WORDS: readonly string[] = Object.freeze([])
const MEANINGS: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', b: '\b', f: '\f', 0: '\0' }

/** Where a cell lies. */
type Cell = { readonly from: number; readonly until: number }

/**
 * A reply in TabSeparated, read row by row and cell by cell from left to right. What it gives out is made anew and keeps
 * nothing of the reply in memory. Throws WHOHAD_STORE_STATEMENT_FAILED where the reply is not made of the rows that are read,
 * as when the engine failed in the midst of it.
 */
export class ReplyRows {
  private readonly bytes: Buffer
  private readonly statement: string
  private at = 0
  private rowIsOver = true
  // Of the cell that was met last.
  private from = 0
  private until = 0
  private isPlain = true
  private isAscii = true
  private readonly usual: (Cell & { readonly text: string })[] = []

  constructor(bytes: Buffer, statement: string) {
    this.bytes = bytes
    this.statement = statement
    if (bytes.length > 0 && bytes[bytes.length - 1] !== LINE_FEED) throw this.broken()
  }

  /** Goes on to the next row; false where there is none. */
  next(): boolean {
    if (!this.rowIsOver) throw this.broken()
    this.rowIsOver = this.at === this.bytes.length
    return !this.rowIsOver
  }

  /** The last row alone, whatever was read. */
  last(): ReplyRows {
    const { length } = this.bytes
    const from = length < 2 ? 0 : this.bytes.lastIndexOf(LINE_FEED, length - 2) + 1
    return new ReplyRows(this.bytes.subarray(from), this.statement)
  }

  text(): string {
    this.meet()
    return this.decoded()
  }

  /** The same, for a column whose rows mostly say what the row before said; each such column has a `slot` of its own. */
  usualText(slot: number): string {
    this.meet()
    const usual = this.usual[slot]
    if (usual && this.isAgain(usual)) return usual.text
    const text = this.decoded()
    this.usual[slot] = { text, from: this.from, until: this.until }
    return text
  }

  textOrNull(): string | null {
    this.meet()
    return this.isNull() ? null : this.decoded()
  }

  whole(): number {
    this.meet()
    return this.number()
  }

  wholeOr<T>(instead: T): number | T {
    this.meet()
    return this.isNull() ? instead : this.number()
  }

  flag(): boolean {
    this.meet()
    return this.bytes[this.from] === LETTER_T
  }

  /** A list of plain words, in which nothing has to be escaped. */
  words(): readonly string[] {
    const list = this.usualText(WORDS_SLOT)
    return list === '[]' ? NO_WORDS : list.slice(2, -2).split("','")
  }

  /** Whether the cell that was met last has the bytes of an earlier one. */
  private isAgain({ from, until }: Cell): boolean {
    const length = until - from
    if (this.until - this.from !== length) return false
    const { bytes, from: here } = this
    for (let i = 0; i < length; i++) if (bytes[here + i] !== bytes[from + i]) return false
    return true
  }

  private meet(): void {
    if (this.rowIsOver) throw this.broken()
    const { bytes } = this
    let at = this.at
    let bits = 0
    let isPlain = true
    this.from = at
    for (; ; at++) {
      // There is a line feed at the end.
      const byte = bytes[at] ?? LINE_FEED
      if (byte === TAB || byte === LINE_FEED) {
        this.rowIsOver = byte === LINE_FEED
        break
      }
      bits |= byte
      if (byte === BACKSLASH) isPlain = false
    }
    this.until = at
    this.at = at + 1
    this.isAscii = bits < 128
    this.isPlain = isPlain
  }

  private isNull(): boolean {
    const { bytes, from } = this
    return !this.isPlain && this.until === from + 2 && bytes[from] === BACKSLASH && bytes[from + 1] === 78
  }

  private decoded(): string {
    const text = this.bytes.toString(this.isAscii ? 'latin1' : 'utf8', this.from, this.until)
    return this.isPlain ? text : text.replace(/\\(.)/gs, (_, letter: string) => MEANINGS[letter] ?? letter)
  }

  private number(): number {
    const { bytes, until } = this
    const isNegative = bytes[this.from] === MINUS
    let number = 0
    let at = isNegative ? this.from + 1 : this.from
    if (at === until) throw this.broken()
    for (; at < until; at++) {
      const digit = (bytes[at] ?? 0) - ZERO
      if (digit < 0 || digit > 9) throw this.broken()
      number = number * 10 + digit
    }
    return isNegative && number !== 0 ? -number : number
  }

  private broken() {
    const end = this.bytes.toString('utf8', Math.max(0, this.bytes.length - 200))
    const reason = `a reply that is not made of the rows that were asked for, and ends in ${JSON.stringify(end)}`
    return storeErrors.statementFailed({ statement: this.statement, reason })
  }
}
