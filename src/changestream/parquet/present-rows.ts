import { hybridBytes, writeHybrid, writeRun } from './hybrid-out.ts'
import type { Plain } from './plain-values.ts'

/** Which rows of a column have a value, and which. Keeps its memory from column to column. */
export class PresentRows {
  /** Rows that have a value. */
  count = 0
  /** Of each of these, the place of its value. */
  places: Int32Array = new Int32Array(1)
  /** Whether they all have the only value there is. */
  areAlike = false
  private rows = 0
  private gathered = new Int32Array(1)
  private levels = new Int32Array(0)
  private levelBytes = new DataView(new ArrayBuffer(0))

  /** In the place of those before. `chosen` as a ChosenColumn has it; `values` is how many there are to choose from. */
  take(chosen: Int32Array | undefined, rows: number, values: number): void {
    this.makeRoom(rows)
    this.rows = rows
    this.areAlike = chosen === undefined
    this.places = chosen ?? this.gathered.fill(0, 0, 1)
    this.count = chosen ? countPresent(chosen, rows) : values === 0 ? 0 : rows
    if (chosen && this.count < rows) this.gather(chosen)
  }

  /** Bytes of their values one after another. */
  plainBytes({ begins }: Plain): number {
    const { places, count } = this
    if (this.areAlike) return count * (begins[1] as number)
    let bytes = 0
    for (let i = 0; i < count; i++) {
      const place = places[i] as number
      bytes += (begins[place + 1] as number) - (begins[place] as number)
    }
    return bytes
  }

  /** The definition levels of a page: 1 for a row that has a value. Valid until the next column. */
  levelsAsBytes(): Uint8Array {
    const { levelBytes, levels, rows, count } = this
    const isOne = this.areAlike || count === rows
    const end = isOne
      ? writeRun(count > 0 ? 1 : 0, rows, 1, levelBytes, 0)
      : writeHybrid(levels, rows, 1, levelBytes, 0)
    return new Uint8Array(levelBytes.buffer, 0, end)
  }

  private gather(chosen: Int32Array): void {
    const { gathered, levels, rows } = this
    let present = 0
    for (let row = 0; row < rows; row++) {
      const place = chosen[row] as number
      gathered[present] = place
      const level = (place >>> 31) ^ 1
      levels[row] = level
      present += level
    }
    this.places = gathered
  }

  private makeRoom(rows: number): void {
    if (this.levels.length >= rows) return
    this.gathered = new Int32Array(rows)
    this.levels = new Int32Array(rows)
    this.levelBytes = new DataView(new ArrayBuffer(hybridBytes(rows)))
  }
}

/** A place below 0 is none. */
function countPresent(chosen: Int32Array, rows: number): number {
  let absent = 0
  for (let row = 0; row < rows; row++) absent += (chosen[row] as number) >>> 31
  return rows - absent
}
