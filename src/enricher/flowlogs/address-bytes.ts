import { fourDigits, nonDigits } from './digit-words.ts'

const [DOT, COLON] = [46, 58]
/** Value of a byte as a hexadecimal digit; 255 for every other byte. */
const HEX = Uint8Array.from({ length: 256 }, (_, byte) => {
  const digit = '0123456789abcdef'.indexOf(String.fromCharCode(byte).toLowerCase())
  return digit < 0 ? 255 : digit
})
const groups = new Int32Array(8)

/** So many bytes from where it begins there must be for `readIpv4`, whatever they are. */
export const IPV4_LOOK_AHEAD_BYTES = 16

/**
 * Reads four octets into a word. Returns where they end, which is before the first byte that is no digit; -1 where there are
 * none as `parseAddress` takes them: one to three digits each, at most 255, no leading zero, dots between.
 *
 * Written out four times and hardly with a branch, as the number of digits is what a processor cannot guess: what is wrong is
 * gathered up to the end, in the sign of one word and in the bits of another.
 */
export const readIpv4 = (view: DataView, from: number, words: Int32Array, wordsAt: number): number => {
  let at = from
  let text = view.getInt32(at, true)
  let others = nonDigits(text)
  let bits = (31 - Math.clz32(others & -others)) & -8
  let octet = fourDigits((text & 0x0f0f0f0f) << -bits)
  let wrong = octetFault(octet, bits)
  let odd = ((text >>> bits) & 0xff) ^ DOT
  // As an IPv6 address shows, which then costs no more.
  if (odd !== 0) return -1
  let word = octet
  at = (at + (bits >> 3) + 1) | 0

  text = view.getInt32(at, true)
  others = nonDigits(text)
  bits = (31 - Math.clz32(others & -others)) & -8
  octet = fourDigits((text & 0x0f0f0f0f) << -bits)
  wrong |= octetFault(octet, bits)
  odd |= ((text >>> bits) & 0xff) ^ DOT
  word = (word << 8) | octet
  at = (at + (bits >> 3) + 1) | 0

  text = view.getInt32(at, true)
  others = nonDigits(text)
  bits = (31 - Math.clz32(others & -others)) & -8
  octet = fourDigits((text & 0x0f0f0f0f) << -bits)
  wrong |= octetFault(octet, bits)
  odd |= ((text >>> bits) & 0xff) ^ DOT
  word = (word << 8) | octet
  at = (at + (bits >> 3) + 1) | 0

  text = view.getInt32(at, true)
  others = nonDigits(text)
  bits = (31 - Math.clz32(others & -others)) & -8
  octet = fourDigits((text & 0x0f0f0f0f) << -bits)
  wrong |= octetFault(octet, bits)
  if ((wrong | -odd) < 0) return -1
  words[wordsAt] = (word << 8) | octet
  return (at + (bits >> 3)) | 0
}

/** Negative where an octet of so many bits of text is none: no digit or four, above 255, or less than its digits say. */
const octetFault = (octet: number, bits: number): number => {
  const more = (bits >> 3) - 1
  return more | (255 - octet) | (octet - Math.imul(more, Math.imul(more, 40) - 30))
}

/**
 * Reads an IPv6 address into four words, as `parseAddress` reads its text (a v4-mapped one is not unwrapped). Returns where
 * it ends, which is before the first byte that cannot belong to it: whoever asks sees whether the token ends there too. -1
 * where there is no address, and where it ends in dotted IPv4, which is left to `parseAddress`.
 */
export function readIpv6(bytes: Uint8Array, from: number, words: Int32Array, wordsAt: number): number {
  let at = from
  let count = 0
  let gap = -1
  if (bytes[at] === COLON) {
    if (bytes[at + 1] !== COLON) return -1
    gap = 0
    at += 2
  }
  for (;;) {
    let digit = HEX[bytes[at] as number] as number
    if (digit === 255) {
      // Only "::" may stand before the end.
      if (gap !== count) return -1
      break
    }
    if (count === 8) return -1
    const first = at
    let group = 0
    do {
      group = (group << 4) | digit
      digit = HEX[bytes[++at] as number] as number
    } while (digit !== 255)
    if (at - first > 4 || bytes[at] === DOT) return -1
    groups[count++] = group
    if (bytes[at] !== COLON) break
    at++
    if (bytes[at] === COLON) {
      if (gap >= 0) return -1
      gap = count
      at++
    }
  }
  if (gap < 0 ? count !== 8 : count > 7) return -1
  if (gap >= 0) {
    const missing = 8 - count
    for (let i = count - 1; i >= gap; i--) groups[i + missing] = groups[i] as number
    groups.fill(0, gap, gap + missing)
  }
  for (let i = 0; i < 4; i++) {
    words[wordsAt + i] = ((groups[2 * i] as number) << 16) | (groups[2 * i + 1] as number)
  }
  return at
}
