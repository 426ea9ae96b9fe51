import type { Family } from '../address.ts'
import { type Prefix, prefixBits } from '../prefix.ts'

/** One number for family and length: IPv4 lengths are 0 to 32, IPv6 ones begin at 64. */
export const prefixCode = (family: Family, length: number): number => (family === 4 ? length : 64 + length)

export const decodePrefix = (code: number): { readonly family: Family; readonly length: number } =>
  code < 64 ? { family: 4, length: code } : { family: 6, length: code - 64 }

const [DOT, SLASH, ZERO, NINE, COLON, A, F] = [46, 47, 48, 57, 58, 97, 102]
const NOT_READ = -1
const groups = new Uint16Array(8)

/**
 * The address of a canonical prefix as four words; returns the code of the prefix. One pass over the text that allocates
 * nothing: what it cannot read is left to `prefixBits`, which throws where the text is no canonical prefix.
 */
export function readPrefix(prefix: Prefix, words: Uint32Array): number {
  const code = prefix.includes(':') ? readIpv6(prefix, words) : readIpv4(prefix, words)
  if (code !== NOT_READ) return code
  const bits = prefixBits(prefix)
  words.set(bits.words)
  return prefixCode(bits.family, bits.length)
}

function readIpv4(text: string, words: Uint32Array): number {
  let word = 0
  let byte = 0
  let digits = 0
  let dots = 0
  let i = 0
  for (; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === DOT) {
      if (digits === 0) return NOT_READ
      word = word * 256 + byte
      byte = 0
      digits = 0
      dots++
    } else if (code >= ZERO && code <= NINE && (digits === 0 || byte > 0)) {
      byte = byte * 10 + code - ZERO
      digits++
      if (byte > 255) return NOT_READ
    } else break
  }
  const length = lengthAt(text, i)
  if (dots !== 3 || digits === 0 || length < 0 || length > 32) return NOT_READ
  words[0] = word * 256 + byte
  words[1] = 0
  words[2] = 0
  words[3] = 0
  return length
}

function readIpv6(text: string, words: Uint32Array): number {
  let group = 0
  let digits = 0
  let count = 0
  let gap = -1
  let i = 0
  for (; i < text.length; i++) {
    const code = text.charCodeAt(i)
    const isDigit = code >= ZERO && code <= NINE
    if (isDigit || (code >= A && code <= F)) {
      group = group * 16 + code - (isDigit ? ZERO : A - 10)
      if (++digits > 4) return NOT_READ
    } else if (code === COLON) {
      if (digits > 0) {
        if (count === 7) return NOT_READ
        groups[count++] = group
      }
      group = 0
      if (text.charCodeAt(i + 1) === COLON) {
        if (gap >= 0) return NOT_READ
        gap = count
        i++
      } else if (digits === 0) return NOT_READ
      digits = 0
    } else break
  }
  const length = lengthAt(text, i)
  if (length < 0 || length > 128) return NOT_READ
  if (digits > 0) groups[count++] = group
  if (gap < 0 ? count !== 8 || digits === 0 : count > 7) return NOT_READ
  spread(count, gap < 0 ? 8 : gap)
  for (let word = 0; word < 4; word++) {
    words[word] = (groups[word * 2] as number) * 0x10000 + (groups[word * 2 + 1] as number)
  }
  // A v4-mapped block is one of IPv4, and never written like this.
  return words[0] === 0 && words[1] === 0 && words[2] === 0xffff ? NOT_READ : prefixCode(6, length)
}

/** Moves the groups behind "::" to the end, and puts zeros between. */
function spread(count: number, gap: number): void {
  for (let i = 7; i >= gap; i--) {
    const from = i - (8 - count)
    groups[i] = from >= gap ? (groups[from] as number) : 0
  }
}

/** The number behind a slash that ends the text, or −1. */
function lengthAt(text: string, slash: number): number {
  const first = slash + 1
  if (text.charCodeAt(slash) !== SLASH || first >= text.length || text.length > first + 3) return NOT_READ
  let length = 0
  for (let i = first; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < ZERO || code > NINE) return NOT_READ
    length = length * 10 + code - ZERO
  }
  return length
}
