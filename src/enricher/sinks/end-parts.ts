import { END_TEXTS, type EndText, type EndTexts } from './end-texts.ts'
import type { LineBuffer } from './line-buffer.ts'
import { larger } from './word-rows.ts'

/** What is said of an end, apart from address and port. */
export type EndFields = Readonly<Record<EndText, string>> & { readonly candidates: readonly string[] }

const FIELDS = END_TEXTS.length
const FIRST_BYTES = 65_536

/** What lines say of an end, as bytes: made once for as long as `ends` keeps its number, and then copied. */
export class EndParts {
  private readonly ends: EndTexts
  private readonly textOf: (end: EndFields) => string
  private bytes = Buffer.alloc(FIRST_BYTES)
  private view = viewOf(this.bytes)
  private used = 0
  /** By number of an end: where its part begins, and where it ends, or 0 where it was not made yet. */
  private begins = new Int32Array(1024)
  private stops = new Int32Array(1024)
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
      this.stops.fill(0)
      this.used = 0
    }
    if (this.stops.length >= ends.size) return
    this.begins = larger(this.begins, ends.size)
    this.stops = larger(this.stops, ends.size)
  }

  put(end: number, into: LineBuffer): void {
    if (this.stops[end] === 0) this.make(end)
    into.copy(this.view, this.begins[end] as number, this.stops[end] as number)
  }

  private make(end: number): void {
    const text = this.textOf(this.fieldsOf(end))
    const most = this.used + Buffer.byteLength(text)
    if (most > this.bytes.length) {
      const room = Buffer.alloc(Math.max(2 * this.bytes.length, most))
      this.bytes.copy(room, 0, 0, this.used)
      this.bytes = room
      this.view = viewOf(room)
    }
    this.begins[end] = this.used
    this.used += this.bytes.write(text, this.used)
    this.stops[end] = this.used
  }

  private fieldsOf(end: number): EndFields {
    const { fields, texts, candidates } = this.ends
    const named = END_TEXTS.map((name, i) => [name, texts[fields[end * FIELDS + i] as number] ?? ''] as const)
    return { ...(Object.fromEntries(named) as Record<EndText, string>), candidates: candidates[end] ?? [] }
  }
}

const viewOf = ({ buffer, byteOffset, length }: Uint8Array): DataView => new DataView(buffer, byteOffset, length)
