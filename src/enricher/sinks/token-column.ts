import { type ChosenColumn, NO_VALUE } from '../../changestream/parquet/chosen-column.ts'
import { TextTable } from '../flowlogs/text-table.ts'

/** What a token of a column is in the output; null for nothing. */
export type TokenReader = (token: string) => string | number | null

/** One field of the records of a row group: each token once, told apart by its bytes, and by row which of them. */
export class TokenColumn {
  private readonly read: TokenReader
  private tokens = new TextTable()
  private readonly numbers = new Map<string, number>()
  private readonly chosen: Int32Array
  private last = -1

  constructor(rows: number, read: TokenReader) {
    this.read = read
    this.chosen = new Int32Array(rows)
  }

  begin(): void {
    this.tokens = new TextTable()
    this.numbers.clear()
    this.last = -1
  }

  /** As `TextTable.numberAt`: returns where the token ended, or -1 where it has to be put as text. */
  putAt(row: number, view: DataView, at: number): number {
    const number = this.tokens.numberAt(view, at, this.last)
    if (number < 0) return -1
    this.chosen[row] = number
    this.last = number
    return this.tokens.end
  }

  putText(row: number, token: string): void {
    this.chosen[row] = this.numberOf(token)
  }

  /** The same for the rows from one on until another. */
  putTexts(row: number, until: number, token: string): void {
    this.chosen.fill(this.numberOf(token), row, until)
  }

  private numberOf(token: string): number {
    const known = this.numbers.get(token)
    if (known !== undefined) return known
    const number = this.tokens.numberOf(token)
    this.numbers.set(token, number)
    return number
  }

  /** Those of the first rows. Good until the next put; ask once. */
  ofRows(rows: number): ChosenColumn {
    const { tokens, chosen } = this
    const values: (string | number)[] = []
    const places = new Int32Array(tokens.size).fill(UNREAD)
    for (let row = 0; row < rows; row++) {
      const number = chosen[row] as number
      let place = places[number] as number
      if (place === UNREAD) {
        const value = this.read(tokens.text(number))
        place = value === null ? NO_VALUE : values.push(value) - 1
        places[number] = place
      }
      chosen[row] = place
    }
    return { values, chosen }
  }
}

/** Neither the place of a value nor NO_VALUE. */
const UNREAD = -2
