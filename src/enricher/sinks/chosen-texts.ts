import { ABSENT, type TextNumbers } from '../flowlogs/record-batch.ts'
import { larger } from './word-rows.ts'

/**
 * The texts of one column of a block, each once, in the order in which they came, and for each row which of them it has. Texts
 * come by numbers of several tables one after another; the same text in two of them is the same here.
 */
export class ChosenTexts {
  readonly texts: string[] = []
  readonly chosen: Uint32Array
  private readonly numbers = new Map<string, number>()
  private source: TextNumbers | undefined
  /** By number of the source: one more than the number here, or 0. */
  private known = new Int32Array(256)

  constructor(rows: number) {
    this.chosen = new Uint32Array(rows)
  }

  begin(): void {
    this.texts.length = 0
    this.numbers.clear()
    this.known.fill(0)
  }

  /** The numbers that follow are those of this table. */
  readFrom(source: TextNumbers): void {
    if (this.source !== source) this.known.fill(0)
    this.source = source
    if (this.known.length < source.size) this.known = larger(this.known, source.size)
  }

  /** The text of a number for a row; an absent one is empty. */
  put(row: number, number: number): void {
    const known = number === ABSENT ? 0 : (this.known[number] as number)
    this.chosen[row] = known === 0 ? this.add(number) : known - 1
  }

  private add(number: number): number {
    const text = number === ABSENT ? '' : (this.source?.text(number) ?? '')
    let here = this.numbers.get(text)
    if (here === undefined) {
      here = this.texts.push(text) - 1
      this.numbers.set(text, here)
    }
    if (number !== ABSENT) this.known[number] = here + 1
    return here
  }
}
