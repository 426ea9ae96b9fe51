import { type RecordBatch, USUAL_TOKENS } from '../flowlogs/record-batch.ts'
import type { AddressTexts } from './address-texts.ts'
import { bytesBelowToken, isEndOfLine, placeOfFirst } from './line-words.ts'
import type { TokenColumn } from './token-column.ts'

const SPACE = 32

/** What is to be done with a field: one of both, or nothing. */
export type FieldText = { readonly name: string; readonly token?: TokenColumn; readonly address?: AddressTexts }

/**
 * Puts the texts of fields of the records of a row group, where a column needs them. A line of the input is taken token by token from its
 * bytes; what is no line, and a line with anything but printable ASCII between bytes of space in what is needed of it, by
 * `RecordBatch.tokensOf`, which is what both mean.
 */
export class LineTokens {
  /** Up to the last one that is needed. */
  private readonly fields: readonly FieldText[]
  private readonly isToTheEnd: boolean

  constructor(fields: readonly FieldText[]) {
    const last = fields.findLastIndex(({ token, address }) => token ?? address)
    this.fields = fields.slice(0, last + 1)
    this.isToTheEnd = last === fields.length - 1
  }

  put(row: number, batch: RecordBatch, from: number, until: number): void {
    if (this.fields.length === 0) return
    const { lineAt, window, usual } = batch
    const first = row - from
    for (let place = from; place < until; ) {
      const begin = place
      while (place < until && usual[place] === 1) place++
      if (place > begin) this.putUsual(first + begin, first + place)
      for (; place < until && usual[place] === 0; place++) {
        const isPut = lineAt !== undefined && window !== undefined && this.putLine(first + place, window, lineAt(place))
        if (!isPut) this.putTokens(first + place, batch.tokensOf(place))
      }
    }
  }

  private putUsual(row: number, until: number): void {
    for (const { name, token } of this.fields) token?.putTexts(row, until, USUAL_TOKENS.get(name) ?? '-')
  }

  private putTokens(row: number, tokens: readonly string[]): void {
    for (const [i, { token, address }] of this.fields.entries()) {
      const text = tokens[i] ?? '-'
      token?.putText(row, text)
      address?.putText(row, text)
    }
  }

  /** False where the line has to be taken another way; all fields of the row are put again then. */
  private putLine(row: number, view: DataView, begin: number): boolean {
    const { fields } = this
    let at = begin
    while (view.getUint8(at) === SPACE) at++
    for (let i = 0; i < fields.length; i++) {
      if (i > 0) {
        if (view.getUint8(at) !== SPACE) return false
        do at++
        while (view.getUint8(at) === SPACE)
      }
      const { token, address } = fields[i] as FieldText
      if (address && !address.putAt(row, view, at)) return false
      at = token ? token.putAt(row, view, at) : endOfToken(view, at)
      if (at < 0) return false
    }
    return this.isToTheEnd ? isEndOfLine(view, at) : view.getUint8(at) === SPACE
  }
}

/** The place of the next byte below 33, four bytes at a time. */
function endOfToken(view: DataView, from: number): number {
  let at = from
  for (;;) {
    const stops = bytesBelowToken(view.getInt32(at, true))
    if (stops !== 0) return at + placeOfFirst(stops)
    at += 4
  }
}
