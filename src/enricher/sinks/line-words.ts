// Four bytes of a line at a time, as DataView reads them: the first byte is the lowest. What is looked for is the high bit of a byte; of several the
// lowest is exact.

const [LF, CR, SPACE] = [10, 13, 32]
export const HIGH_BITS = 0x80808080

/** The bytes that are 0: of a word that was compared, those that are equal. */
export const zeroBytes = (word: number): number => (word - 0x01010101) & ~word & HIGH_BITS

/** The bytes below 33, of which no token has one. */
export const bytesBelowToken = (word: number): number => (word - 0x21212121) & ~word & HIGH_BITS

/** Which of the four is the first one found; there must be one. */
export const placeOfFirst = (found: number): number => (31 - Math.clz32(found & -found)) >> 3

/** Whether nothing but spaces follows up to the end of the line. */
export function isEndOfLine(view: DataView, from: number): boolean {
  let at = from
  while (view.getUint8(at) === SPACE) at++
  if (view.getUint8(at) === CR) at++
  return view.getUint8(at) === LF
}
