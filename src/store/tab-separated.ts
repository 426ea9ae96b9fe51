import { storeErrors } from './errors.ts'

/** A value as it goes into one column. `null` needs a Nullable column. */
export type Cell = string | number | boolean | null | readonly string[]

/** One column of a table, and where its value comes from. */
export type Column<Row> = readonly [name: string, value: (row: Row) => Cell]

const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\t': '\\t',
  '\n': '\\n',
  '\r': '\\r',
  '\b': '\\b',
  '\f': '\\f',
  '\0': '\\0',
  "'": "\\'",
}
const SPECIAL = /[\\\t\n\r\b\f\0']/
const EVERY_SPECIAL = new RegExp(SPECIAL, 'g')

const escapeText = (text: string): string =>
  SPECIAL.test(text) ? text.replace(EVERY_SPECIAL, character => ESCAPES[character] ?? character) : text

/**
 * A value in ClickHouse's TabSeparated format (https://clickhouse.com/docs/interfaces/formats/TabSeparated): strings
 * escaped, arrays as ['a','b'] with the same escapes once, null as \N. Twice as fast to load as JSONEachRow.
 */
export function encodeCell(cell: Cell): string {
  if (typeof cell === 'string') return escapeText(cell)
  if (typeof cell === 'number') {
    // The engine reads 1.5 as 1 and NaN as garbage, without a word.
    if (!Number.isSafeInteger(cell))
      throw storeErrors.statementRefused({ statement: 'INSERT', reason: `number ${cell}` })
    return String(cell)
  }
  if (cell === null) return '\\N'
  if (typeof cell === 'boolean') return cell ? 'true' : 'false'
  return cell.length === 0 ? '[]' : `['${cell.map(escapeText).join("','")}']`
}

/** One row with its line feed. */
export function encodeRow<Row>(columns: readonly Column<Row>[], row: Row): string {
  let line = ''
  let separator = ''
  for (const [, value] of columns) {
    line += separator + encodeCell(value(row))
    separator = '\t'
  }
  return `${line}\n`
}
