import { bytesBelowToken, HIGH_BITS, isEndOfLine, placeOfFirst, zeroBytes } from './line-words.ts'

const [SPACE, DASH, ZERO, NINE] = [32, 45, 48, 57]
const QUOTES = 0x22222222
const COMMAS = 0x2c2c2c2c
const BACKSLASHES = 0x5c5c5c5c

/** Before the first line. */
export const NO_VIEW: DataView = new DataView(new ArrayBuffer(0))

/**
 * Calls back for each token of the line that begins there, with its place among them and where it begins and ends. False where that
 * is not all there is to it: as many tokens as fields, between bytes of space, of ASCII that needs no quotes in CSV and no escape in
 * JSON. Some tokens may have been told of by then.
 */
export function eachPlainToken(
  view: DataView,
  begin: number,
  fields: number,
  take: (field: number, begin: number, end: number) => void,
): boolean {
  let at = begin
  while (view.getUint8(at) === SPACE) at++
  for (let field = 0; field < fields; field++) {
    if (field > 0) {
      if (view.getUint8(at) !== SPACE) return false
      do at++
      while (view.getUint8(at) === SPACE)
    }
    const end = endOfPlainToken(view, at)
    if (end <= at) return false
    take(field, at, end)
    at = end
  }
  return isEndOfLine(view, at)
}

/** Whether the token is the one that stands for nothing. */
export const isNothing = (view: DataView, begin: number, end: number): boolean =>
  end - begin === 1 && view.getUint8(begin) === DASH

/** Whether the token is a number just as JSON has it, and exact. */
export function isPlainNumber(view: DataView, begin: number, end: number): boolean {
  if (end - begin > 15 || (end - begin > 1 && view.getUint8(begin) === ZERO)) return false
  for (let at = begin; at < end; at++) {
    const letter = view.getUint8(at)
    if (letter < ZERO || letter > NINE) return false
  }
  return true
}

/** The place of the next byte below 33, four bytes at a time; below 0 where one before it, or near behind it, is not plain. */
function endOfPlainToken(view: DataView, from: number): number {
  for (let at = from; ; at += 4) {
    const word = view.getInt32(at, true)
    const odd = zeroBytes(word ^ QUOTES) | zeroBytes(word ^ COMMAS) | zeroBytes(word ^ BACKSLASHES) | (word & HIGH_BITS)
    if (odd !== 0) return -1
    const stops = bytesBelowToken(word)
    if (stops !== 0) return at + placeOfFirst(stops)
  }
}
