import { areAlike, type ChosenColumn, NO_VALUE } from '../../changestream/parquet/chosen-column.ts'

/** Numbers of rows that are to be told apart; below zero is none. */
export const NO_NUMBER = -1

const TWO_TO_32 = 2 ** 32

/**
 * Finds the distinct ones of the numbers of a row group's rows, whole and exact, by a table of places. Its multipliers are random, so that no writer
 * of logs can make all numbers collide. Tight, because it is asked for most fields of every record.
 */
export class DistinctNumbers {
  private readonly slots: Int32Array
  private readonly values: Float64Array
  private readonly chosen: Int32Array
  private readonly shift: number
  private readonly lowBy = randomOdd()
  private readonly highBy = randomOdd()

  constructor(rows: number) {
    // At least twice as many slots as there can be values.
    const bits = 33 - Math.clz32(Math.max(1, rows))
    this.slots = new Int32Array(2 ** bits)
    this.shift = 32 - bits
    this.values = new Float64Array(rows)
    this.chosen = new Int32Array(rows)
  }

  /** Those of the first rows in the order in which they came, and by row which. Good until the next call. */
  of(keys: Float64Array, rows: number): ChosenColumn & { readonly values: Float64Array } {
    const { slots, values, chosen, shift, lowBy, highBy } = this
    slots.fill(0)
    const mask = slots.length - 1
    let size = 0
    let before = NO_NUMBER
    let place = NO_VALUE
    for (let row = 0; row < rows; row++) {
      const key = keys[row] as number
      if (key !== before) {
        before = key
        place = NO_VALUE
        if (key >= 0) {
          const high = Math.floor(key / TWO_TO_32)
          let slot = (Math.imul(key | 0, lowBy) + Math.imul(high, highBy)) >>> shift
          for (;;) {
            place = (slots[slot] as number) - 1
            if (place < 0) {
              values[size] = key
              place = size++
              slots[slot] = size
              break
            }
            if (values[place] === key) break
            slot = (slot + 1) & mask
          }
        }
      }
      chosen[row] = place
    }
    return { values: values.subarray(0, size), chosen: areAlike(size, chosen, rows) ? undefined : chosen }
  }
}

const randomOdd = (): number => Math.floor(Math.random() * TWO_TO_32) | 1
