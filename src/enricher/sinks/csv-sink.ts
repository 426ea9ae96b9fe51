import { allColumns, END_FIELDS, requireSameColumns, textOfField } from './added-columns.ts'
import type { ByteOut } from './byte-out.ts'
import type { EndFields } from './end-parts.ts'
import { LineRoom, type LineSinkOptions } from './line-room.ts'
import { eachPlainToken, isNothing, NO_VIEW } from './plain-line.ts'
import type { RowSink } from './port.ts'

const [LF, CR, COMMA] = [10, 13, 44]

/**
 * CSV as RFC 4180 has it: a header, CRLF, quotes only where a field needs them. `-` of the input is an empty field. Only
 * records are in it. Fields are the data as they are: one that begins with `=` is a formula to a spreadsheet.
 */
export function csvSink(out: ByteOut, { room = new LineRoom(), isPrompt = false }: LineSinkOptions = {}): RowSink {
  const { lines } = room
  const parts = room.partsOf(fieldsOfEnd)
  let columns: readonly string[] | undefined
  let records = 0
  let view = NO_VIEW
  lines.begin(out, { isPrompt })
  const putHeader = (names: readonly string[]) => lines.text(`${allColumns(names).map(asField).join(',')}\r\n`)
  const putToken = (field: number, begin: number, end: number) => {
    if (field > 0) lines.letter(COMMA)
    if (!isNothing(view, begin, end)) lines.copy(view, begin, end)
  }
  return {
    async write(answered) {
      const { batch } = answered
      if (columns === undefined && batch.columns.length > 0) {
        putHeader(batch.columns)
        columns = batch.columns
      }
      if (columns && batch.count > 0) requireSameColumns(columns, batch.columns)
      room.number(answered)
      const { sources, destinations } = room
      const { lineAt, window } = batch
      view = window ?? NO_VIEW
      for (let place = 0; place < batch.count; place++) {
        const begin = lines.end
        if (!window || !lineAt || !eachPlainToken(window, lineAt(place), batch.columns.length, putToken)) {
          lines.cut(begin)
          const own = batch.tokensOf(place).map(token => (token === '-' ? '' : asField(token)))
          lines.text(own.join(','))
        }
        parts.put(sources[place] as number, lines)
        parts.put(destinations[place] as number, lines)
        lines.letter(CR)
        lines.letter(LF)
      }
      records += batch.count
      if (lines.isDue) await lines.flush()
    },
    async finish() {
      if (columns === undefined) putHeader([])
      await lines.flush()
      return { records, bytes: await out.finish() }
    },
    abort: () => out.abort(),
  }
}

const asField = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)

/** Each behind a comma. */
const fieldsOfEnd = (end: EndFields): string => END_FIELDS.map(field => `,${asField(textOfField(end, field))}`).join('')
