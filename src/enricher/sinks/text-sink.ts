import { ADDED_COLUMNS, areSame, END_FIELDS, inSql, refuseAnnotated, textOfField } from './added-columns.ts'
import type { ByteOut } from './byte-out.ts'
import type { EndFields } from './end-parts.ts'
import { NO_END } from './end-texts.ts'
import { LineRoom, type LineSinkOptions } from './line-room.ts'
import type { RowSink } from './port.ts'
import { inOrder } from './row-order.ts'

const LF = 10

/** Columns that are appended: their names, and what they say of an end, each field behind a space. */
export type AppendedColumns = {
  readonly names: readonly string[]
  readonly textOf: (end: EndFields) => string
}

/** All that is known of both ends. */
export const ALL_APPENDED: AppendedColumns = {
  names: ADDED_COLUMNS.map(name => name.replaceAll('_', '-')),
  textOf: end => END_FIELDS.map(field => ` ${asField(textOfField(end, field))}`).join(''),
}

/** Few enough for a person to read. */
export const BRIEFLY_APPENDED: AppendedColumns = {
  names: ['src-app', 'src-state', 'dst-app', 'dst-state'],
  textOf: ({ application, state }) => ` ${asField(application)} ${asField(state)}`,
}

export type TextSinkOptions = LineSinkOptions & { readonly appended?: AppendedColumns }

/**
 * The lines of the input just as they are, byte for byte, with fields appended: `-` where there is nothing to say, and
 * percent-encoded where a space would make two of one. NODATA and SKIPDATA keep their place; a line that is no record
 * of the format is left out, for columns behind it would stand under the wrong names. A record that was no line (Parquet)
 * becomes one. Where the input changes its columns, the output has a header there as well.
 */
export function textSink(
  out: ByteOut,
  { appended = ALL_APPENDED, room = new LineRoom(), isPrompt = false }: TextSinkOptions = {},
): RowSink {
  const { lines } = room
  const parts = room.partsOf(appended.textOf)
  let columns: readonly string[] = []
  let records = 0
  lines.begin(out, { isPrompt })
  const putEnds = (source: number, destination: number) => {
    parts.put(source, lines)
    parts.put(destination, lines)
    lines.letter(LF)
  }
  return {
    async write(answered) {
      const { batch } = answered
      if (batch.columns.length > 0 && !areSame(columns, batch.columns)) {
        refuseAnnotated(batch.columns, appended.names.map(inSql))
        columns = batch.columns
        lines.text(`${[...columns, ...appended.names].join(' ')}\n`)
      }
      room.number(answered)
      const { sources, destinations } = room
      const { window, lineAt } = batch
      inOrder(
        answered,
        place => {
          if (window && lineAt) lines.copyLine(window, lineAt(place))
          else lines.text(batch.tokensOf(place).map(asField).join(' '))
          putEnds(sources[place] as number, destinations[place] as number)
        },
        other => {
          if (other.kind !== 'skipped') return
          lines.text(other.tokens.map(asField).join(' '))
          putEnds(NO_END, NO_END)
        },
      )
      records += batch.count
      if (lines.isDue) await lines.flush()
    },
    async finish() {
      await lines.flush()
      return { records, bytes: await out.finish() }
    },
    abort: () => out.abort(),
  }
}

/** As AWS itself encodes the values of tags in version 11. */
const asField = (text: string): string => (text === '' ? '-' : text.replace(/[\s%]/g, c => encodeURIComponent(c)))
