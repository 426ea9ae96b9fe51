import { NO_VALUE } from '../../changestream/parquet/chosen-column.ts'
import { textOfList } from './added-columns.ts'
import { END_TEXTS, type EndText, type EndTexts, NO_TEXT } from './end-texts.ts'
import { PlainTexts } from './plain-texts.ts'
import { larger } from './word-rows.ts'

const FIELDS = END_TEXTS.length
const LARGEST_BASE = 2 ** 30

/**
 * The texts of ends as Parquet has them plain, and the distinct ones of one column at a time. A text is encoded once for as long as `ends`
 * keeps its number, and then copied.
 */
export class PlainEndTexts {
  readonly ends: EndTexts
  /** Those of the column that was put last. */
  readonly column = new PlainTexts()
  private readonly known = new PlainTexts()
  /** By number of a text, and by number of an end for its candidates: one more than the place among those known, or 0. */
  private placeOfText = new Int32Array(1024)
  private placeOfList = new Int32Array(1024)
  /** Of the ends taken, by field and then by end: one more than the place of its text among those known, or 0. */
  private taken = new Int32Array(0)
  private readonly lists = new Map<string, number>()
  /** By place among those known: `base`, more than in columns before, and one more than the place in the column. */
  private marks = new Int32Array(1024)
  private base = 0
  private timesForgotten: number

  constructor(ends: EndTexts) {
    this.ends = ends
    this.timesForgotten = ends.timesForgotten
  }

  /** Takes ends of which columns are asked then. */
  take(distinct: Int32Array, count: number): void {
    if (this.timesForgotten !== this.ends.timesForgotten) this.forget()
    if (this.taken.length < count * FIELDS) this.taken = new Int32Array(2 * count * FIELDS)
    const { fields, texts } = this.ends
    if (this.placeOfText.length < texts.length) this.placeOfText = larger(this.placeOfText, texts.length)
    const { placeOfText, taken } = this
    for (let i = 0; i < count; i++) {
      const from = (distinct[i] as number) * FIELDS
      for (let field = 0; field < FIELDS; field++) {
        const number = fields[from + field] as number
        const place = placeOfText[number] as number
        taken[field * count + i] = place > 0 || number === NO_TEXT ? place : this.learn(number)
      }
    }
  }

  /** Writes for each of the ends taken which of the column's texts it has, NO_VALUE for the empty one. */
  putTexts(field: EndText, count: number, keys: Int32Array): void {
    this.begin()
    const { taken } = this
    const from = END_TEXTS.indexOf(field) * count
    for (let i = 0; i < count; i++) {
      const place = taken[from + i] as number
      keys[i] = place === 0 ? NO_VALUE : this.placeInColumn(place - 1)
    }
  }

  /** The same for their candidates. */
  putLists(distinct: Int32Array, count: number, keys: Int32Array): void {
    this.begin()
    const { candidates, size } = this.ends
    if (this.placeOfList.length < size) this.placeOfList = larger(this.placeOfList, size)
    for (let i = 0; i < count; i++) {
      const end = distinct[i] as number
      const list = candidates[end]
      if (list === undefined || list.length === 0) keys[i] = NO_VALUE
      else {
        const place = this.placeOfList[end] as number
        keys[i] = this.placeInColumn(place > 0 ? place - 1 : this.learnList(end, textOfList(list)))
      }
    }
  }

  /** An empty column. */
  private begin(): void {
    this.base += this.column.size
    this.column.clear()
    if (this.base < LARGEST_BASE) return
    this.marks.fill(0)
    this.base = 0
  }

  private forget(): void {
    this.timesForgotten = this.ends.timesForgotten
    this.known.clear()
    this.placeOfText.fill(0)
    this.placeOfList.fill(0)
    this.lists.clear()
  }

  private placeInColumn(place: number): number {
    const mark = (this.marks[place] as number) - this.base
    if (mark > 0) return mark - 1
    const inColumn = this.column.addOf(this.known, place)
    this.marks[place] = this.base + inColumn + 1
    return inColumn
  }

  /** Returns one more than its place. */
  private learn(number: number): number {
    const place = this.add(this.ends.texts[number] as string)
    this.placeOfText[number] = place + 1
    return place + 1
  }

  private learnList(end: number, text: string): number {
    const place = this.lists.get(text) ?? this.add(text)
    this.lists.set(text, place)
    this.placeOfList[end] = place + 1
    return place
  }

  private add(text: string): number {
    const place = this.known.add(text)
    if (this.marks.length <= place) this.marks = larger(this.marks, place + 1)
    return place
  }
}
