const LONGEST = 80

/** As much of a text as an error message should repeat: one line without control characters, at most 80 characters. */
export function excerpt(text: string): string {
  const line = text.replace(/\p{C}/gu, '�')
  return line.length <= LONGEST ? line : `${line.slice(0, LONGEST - 1)}…`
}
