import { ADDED_COLUMNS, areSame, NOTHING_ADDED, refuseAnnotated } from './added-columns.ts'
import type { ByteOut } from './byte-out.ts'
import { LineBuffer } from './line-buffer.ts'
import type { RowSink } from './port.ts'
import { addedAt, inOrder } from './row-order.ts'

const CARRIAGE_RETURN = 13

/**
 * The lines of the input just as they are, byte for byte, with fields appended: `-` where there is nothing to say, and
 * percent-encoded where a space would make two of one. NODATA and SKIPDATA keep their place; a line that is no record
 * of the format is left out, for columns behind it would stand under the wrong names. A record that was no line (Parquet)
 * becomes one. Where the input changes its columns, the output has a header there as well.
 */
export function textSink(out: ByteOut): RowSink {
  const lines = new LineBuffer(out)
  let columns: readonly string[] = []
  let records = 0
  return {
    async write(answered) {
      const { batch } = answered
      if (batch.columns.length > 0 && !areSame(columns, batch.columns)) {
        refuseAnnotated(batch.columns)
        columns = batch.columns
        lines.text(`${[...columns, ...ADDED_COLUMNS.map(name => name.replaceAll('_', '-'))].join(' ')}\n`)
      }
      const putFields = (fields: readonly string[]) => lines.text(` ${fields.map(asField).join(' ')}\n`)
      inOrder(
        answered,
        place => {
          const line = batch.lineOf?.(place)
          if (line) lines.raw(line.at(-1) === CARRIAGE_RETURN ? line.subarray(0, -1) : line)
          else lines.text(batch.tokensOf(place).map(asField).join(' '))
          putFields(addedAt(answered, place))
        },
        other => {
          if (other.kind !== 'skipped') return
          lines.text(other.tokens.map(asField).join(' '))
          putFields(NOTHING_ADDED)
        },
      )
      records += batch.count
      await lines.flush()
    },
    async finish() {
      await lines.flush(0)
      return { records, bytes: await out.finish() }
    },
    abort: () => out.abort(),
  }
}

/** As AWS itself encodes the values of tags in version 11. */
const asField = (text: string): string => (text === '' ? '-' : text.replace(/[\s%]/g, c => encodeURIComponent(c)))
