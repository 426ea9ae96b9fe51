import { allColumns, requireSameColumns } from './added-columns.ts'
import type { ByteOut } from './byte-out.ts'
import { LineBuffer } from './line-buffer.ts'
import type { RowSink } from './port.ts'
import { addedAt } from './row-order.ts'

/**
 * CSV as RFC 4180 has it: a header, CRLF, quotes only where a field needs them. `-` of the input is an empty field. Only
 * records are in it. Fields are the data as they are: one that begins with `=` is a formula to a spreadsheet.
 */
export function csvSink(out: ByteOut): RowSink {
  const lines = new LineBuffer(out)
  let columns: readonly string[] | undefined
  let records = 0
  const put = (fields: readonly string[]) => lines.text(`${fields.map(asField).join(',')}\r\n`)
  return {
    async write(answered) {
      const { batch } = answered
      if (columns === undefined && batch.columns.length > 0) {
        put(allColumns(batch.columns))
        columns = batch.columns
      }
      if (columns && batch.count > 0) requireSameColumns(columns, batch.columns)
      for (let place = 0; place < batch.count; place++) {
        const own = batch.tokensOf(place).map(token => (token === '-' ? '' : token))
        put([...own, ...addedAt(answered, place)])
      }
      records += batch.count
      await lines.flush()
    },
    async finish() {
      if (columns === undefined) put(allColumns([]))
      await lines.flush(0)
      return { records, bytes: await out.finish() }
    },
    abort: () => out.abort(),
  }
}

const asField = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
