import { larger } from './word-rows.ts'

/**
 * The numbers that the rows of a block or a row group have, each once, and by row which of them: what is known of a number is then looked at once,
 * and a row costs a look into a table as small as these. Filled again and again; nothing is allocated for a row.
 */
export class DistinctPlaces {
  /** Each number once, in the order in which they came: `count` of them. */
  numbers = new Int32Array(1024)
  count = 0
  /** By row: the place of its number among them. */
  readonly places: Int32Array
  /** By number: one more than its place, or 0; all of them 0 between calls. */
  private placeOfNumber = new Int32Array(1024)

  constructor(rows: number) {
    this.places = new Int32Array(rows)
  }

  /** The numbers of rows, each `stride` after the one before it, from the place `from` on; all are smaller than `size`. */
  readFrom(values: Int32Array, rows: number, size: number, from = 0, stride = 1): void {
    if (this.placeOfNumber.length < size) this.placeOfNumber = larger(this.placeOfNumber, size)
    const most = Math.min(size, rows)
    if (this.numbers.length < most) this.numbers = larger(this.numbers, most)
    const { placeOfNumber, places, numbers } = this
    let count = 0
    for (let row = 0, at = from; row < rows; row++, at += stride) {
      const number = values[at] as number
      let place = placeOfNumber[number] as number
      if (place === 0) {
        numbers[count] = number
        place = ++count
        placeOfNumber[number] = place
      }
      places[row] = place - 1
    }
    this.count = count
    for (let i = 0; i < count; i++) placeOfNumber[numbers[i] as number] = 0
  }
}
