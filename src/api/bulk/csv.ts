const [QUOTE, COMMA] = [0x22, 0x2c]

/** A field as CSV writes it (RFC 4180): in quotes where it has to be. */
export const csvField = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)

export const csvRow = (fields: readonly string[]): string => fields.map(csvField).join(',')

/**
 * The fields of one line. A field in quotes may hold commas and doubled quotes, but no line end.
 *
 * @throws Error where a quote is not closed, or something stands behind it
 */
export function csvFields(line: string): readonly string[] {
  const fields: string[] = []
  for (let at = 0; ; ) {
    if (line[at] !== '"') {
      const end = line.indexOf(',', at)
      fields.push(end < 0 ? line.slice(at) : line.slice(at, end))
      if (end < 0) return fields
      at = end + 1
      continue
    }
    const { text, after } = quoted(line, at)
    fields.push(text)
    if (after === line.length) return fields
    if (line[after] !== ',') throw new Error('something stands behind a closing quote')
    at = after + 1
  }
}

function quoted(line: string, opening: number): { readonly text: string; readonly after: number } {
  for (let at = opening + 1; ; at += 2) {
    at = line.indexOf('"', at)
    if (at < 0) throw new Error('a quote is not closed')
    if (line[at + 1] !== '"') return { text: line.slice(opening + 1, at).replaceAll('""', '"'), after: at + 1 }
  }
}

/**
 * Where the fields of a line lie: `starts[i]` is the first byte of field i, and `starts[i + 1] − 1` its comma or the end of the
 * line. Returns how many there are; 0 where a quote is among the bytes, and −1 where there are more than `starts` has room for.
 */
export function fieldStarts(bytes: Uint8Array, from: number, until: number, starts: Int32Array): number {
  const most = starts.length - 1
  let count = 0
  starts[0] = from
  for (let at = from; at < until; at++) {
    const byte = bytes[at]
    if (byte === COMMA) {
      if (++count >= most) return -1
      starts[count] = at + 1
    } else if (byte === QUOTE) return 0
  }
  starts[++count] = until + 1
  return count
}
