import type { NativeBlock } from '../../store/native-block.ts'
import { larger } from './word-rows.ts'

/** Rows of numbers of texts, `width` a row. */
export type TextFields = { readonly fields: Int32Array; readonly width: number; readonly texts: readonly string[] }

/**
 * What ends, or groups of them, the rows of a block have, each once: texts are looked at by end, and a row then costs a look into a
 * table as small as the ends of its block. Filled again and again; nothing is allocated for a row or a column.
 */
export class DistinctEnds {
  private ends = new Int32Array(1024)
  private count = 0
  /** By row: which of the ends. */
  private readonly places: Int32Array
  /** By end: one more than its place, or 0; all of them 0 between calls. So are the keys, by text. */
  private placeOfEnd = new Int32Array(1024)
  private keyOfText = new Int32Array(1024)
  private keys = new Int32Array(1024)

  constructor(capacity: number) {
    this.places = new Int32Array(capacity)
  }

  /** The ends of rows, each `stride` after the one before it, from the place `from` on; all are smaller than `size`. */
  readFrom(values: Int32Array, rows: number, size: number, from = 0, stride = 1): void {
    if (this.placeOfEnd.length < size) this.placeOfEnd = new Int32Array(Math.max(size, this.placeOfEnd.length * 2))
    if (this.ends.length < Math.min(size, rows)) {
      this.ends = new Int32Array(Math.max(Math.min(size, rows), this.ends.length * 2))
      this.keys = new Int32Array(this.ends.length)
    }
    const { placeOfEnd, places, ends } = this
    let count = 0
    for (let row = 0, at = from; row < rows; row++, at += stride) {
      const end = values[at] as number
      let place = placeOfEnd[end] as number
      if (place === 0) {
        ends[count] = end
        place = ++count
        placeOfEnd[end] = place
      }
      places[row] = place - 1
    }
    this.count = count
    for (let i = 0; i < count; i++) placeOfEnd[ends[i] as number] = 0
  }

  /** Writes one text of the end of each row. `column` is its place within the fields of an end. */
  encode(into: NativeBlock, name: string, { fields, width, texts }: TextFields, column: number): void {
    if (this.keyOfText.length < texts.length) this.keyOfText = larger(this.keyOfText, texts.length)
    const { ends, count, keyOfText, keys } = this
    const numbers: number[] = []
    for (let i = 0; i < count; i++) {
      const text = fields[(ends[i] as number) * width + column] as number
      if (keyOfText[text] === 0) keyOfText[text] = numbers.push(text)
      keys[i] = (keyOfText[text] as number) - 1
    }
    for (const text of numbers) keyOfText[text] = 0
    into.chosenBy(
      name,
      numbers.map(text => texts[text] as string),
      keys,
      this.places,
    )
  }

  /** Writes the list of the end of each row; `lists` are those of all ends, by number. */
  encodeLists(into: NativeBlock, name: string, lists: readonly (readonly string[])[]): void {
    const here: (readonly string[])[] = []
    let hasAny = false
    for (let i = 0; i < this.count; i++) {
      const list = lists[this.ends[i] as number] as readonly string[]
      here.push(list)
      hasAny ||= list.length > 0
    }
    if (hasAny) into.lists(name, here, this.places)
    else into.lists(name)
  }
}
