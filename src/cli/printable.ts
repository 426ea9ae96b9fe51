import { stripVTControlCharacters } from 'node:util'

/** Names come from tags that others write: what would steer a terminal is taken out. */
export const printable = (text: string): string => stripVTControlCharacters(text).replace(/\p{Cc}/gu, '\u{fffd}')

/** The same of every text in a value that came from JSON. */
export function printableWithin<T>(value: T): T {
  // The form is that of the value: only texts are replaced, by texts.
  return JSON.parse(JSON.stringify(value), (_key, inner: unknown) =>
    typeof inner === 'string' ? printable(inner) : inner,
  ) as T
}
