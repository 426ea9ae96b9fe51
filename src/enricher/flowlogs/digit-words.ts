// Four bytes of text at a time, as DataView reads them: the first byte is the lowest.

/** The high half of each byte of a word that is no digit, seen from the first up to the first such byte; 0: four digits. */
export const nonDigits = (word: number): number =>
  ((word ^ 0x30303030) | (((word ^ 0x30303030) + 0x06060606) | 0)) & 0xf0f0f0f0

/** How many bits the digits take that stand before the first byte of `nonDigits`, which must not be 0. */
export const bitsBefore = (others: number): number => (31 - Math.clz32(others & -others)) & 24

/** The number that four bytes from 0 to 9 make: pairs first, then both pairs. */
export const fourDigits = (word: number): number =>
  Math.imul((Math.imul(word, 0x0a01) >>> 8) & 0x00ff00ff, 0x00640001) >>> 16

/** By such bits: the power of ten that makes room for as many digits. */
export const POWER_OF_BITS = Int32Array.from({ length: 32 }, (_, bits) => 10 ** (bits >> 3))
