import { LENGTH_BYTES } from '../../changestream/parquet/plain-values.ts'
import { END_TEXTS, type EndText, type EndTexts } from './end-texts.ts'
import type { LineBuffer } from './line-buffer.ts'
import { PlainTexts } from './plain-texts.ts'
import { larger } from './word-rows.ts'

/** What is said of an end, apart from address and port. */
export type EndFields = Readonly<Record<EndText, string>> & { readonly candidates: readonly string[] }

const FIELDS = END_TEXTS.length

/** What lines say of an end, as bytes: made once for as long as `ends` keeps its number, and then copied. */
export class EndParts {
  private readonly ends: EndTexts
  private readonly textOf: (end: EndFields) => string
  private readonly texts = new PlainTexts()
  /** By number of an end: one more than the place of its text, or 0. */
  private placeOfEnd = new Int32Array(1024)
  private timesForgotten: number

  constructor(ends: EndTexts, textOf: (end: EndFields) => string) {
    this.ends = ends
    this.textOf = textOf
    this.timesForgotten = ends.timesForgotten
  }

  /** Before numbers are put that were given out since the last call. */
  keepUp(): void {
    const { ends } = this
    if (this.timesForgotten !== ends.timesForgotten) {
      this.timesForgotten = ends.timesForgotten
      this.placeOfEnd.fill(0)
      this.texts.clear()
    }
    if (this.placeOfEnd.length < ends.size) this.placeOfEnd = larger(this.placeOfEnd, ends.size)
  }

  put(end: number, into: LineBuffer): void {
    const known = this.placeOfEnd[end] as number
    const place = known > 0 ? known - 1 : this.make(end)
    const { view, begins } = this.texts
    into.copy(view, (begins[place] as number) + LENGTH_BYTES, begins[place + 1] as number)
  }

  private make(end: number): number {
    const place = this.texts.add(this.textOf(this.fieldsOf(end)))
    this.placeOfEnd[end] = place + 1
    return place
  }

  private fieldsOf(end: number): EndFields {
    const { fields, texts, candidates } = this.ends
    const named = END_TEXTS.map((name, i) => [name, texts[fields[end * FIELDS + i] as number] ?? ''] as const)
    return { ...(Object.fromEntries(named) as Record<EndText, string>), candidates: candidates[end] ?? [] }
  }
}
