import type { NativeBlock } from '../../store/native-block.ts'
import { DistinctPlaces } from './distinct-places.ts'
import { larger } from './word-rows.ts'

/** Rows of numbers of texts, `width` a row. */
export type TextFields = { readonly fields: Int32Array; readonly width: number; readonly texts: readonly string[] }

/** What ends, or groups of them, the rows of a block have, as columns of its texts. Nothing is allocated for a row or a column. */
export class DistinctEnds {
  private readonly distinct: DistinctPlaces
  /** By text: one more than its key, or 0; all of them 0 between calls. */
  private keyOfText = new Int32Array(1024)
  /** By place of an end: the key of its text. */
  private keys = new Int32Array(1024)

  constructor(capacity: number) {
    this.distinct = new DistinctPlaces(capacity)
  }

  /** As `DistinctPlaces.readFrom`, of the ends of rows. */
  readFrom(values: Int32Array, rows: number, size: number, from = 0, stride = 1): void {
    this.distinct.readFrom(values, rows, size, from, stride)
    if (this.keys.length < this.distinct.count) this.keys = larger(this.keys, this.distinct.count)
  }

  /** Writes one text of the end of each row. `column` is its place within the fields of an end. */
  encode(into: NativeBlock, name: string, { fields, width, texts }: TextFields, column: number): void {
    if (this.keyOfText.length < texts.length) this.keyOfText = larger(this.keyOfText, texts.length)
    const { keyOfText, keys } = this
    const { numbers: ends, count, places } = this.distinct
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
      places,
    )
  }

  /** Writes the list of the end of each row; `lists` are those of all ends, by number. */
  encodeLists(into: NativeBlock, name: string, lists: readonly (readonly string[])[]): void {
    const here: (readonly string[])[] = []
    let hasAny = false
    const { numbers: ends, count, places } = this.distinct
    for (let i = 0; i < count; i++) {
      const list = lists[ends[i] as number] as readonly string[]
      here.push(list)
      hasAny ||= list.length > 0
    }
    if (hasAny) into.lists(name, here, places)
    else into.lists(name)
  }
}
