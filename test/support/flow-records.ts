import { parseHeader } from '../../src/enricher/flowlogs/fields.ts'
import { type FlowRecord, lineParser } from '../../src/enricher/flowlogs/parse.ts'

/** The record that a line with these fields is, by the names of the flow log format. */
export function recordOf(shown: Readonly<Record<string, string | number>>): FlowRecord {
  const format = parseHeader(Object.keys(shown).join(' '))
  const line = format && lineParser(format)(Object.values(shown).join(' '), 1)
  if (line?.kind !== 'flow') throw new TypeError(`not a record: ${JSON.stringify(line)}`)
  return line
}

/** A text as it comes from a file. */
export async function* bytesOf(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text)
}
