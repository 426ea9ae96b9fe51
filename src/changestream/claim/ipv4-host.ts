import type { Prefix } from '../../ownership/prefix.ts'

const [SLASH, TWO, THREE, ZERO] = [47, 50, 51, 48]
const DOT = 46 - ZERO

/** Whether this is canonical text of a /32, which most prefixes are; without making a prefix and its text anew. */
export function isIpv4Host(text: string): text is Prefix {
  const end = text.length - 3
  if (text.charCodeAt(end) !== SLASH || text.charCodeAt(end + 1) !== THREE || text.charCodeAt(end + 2) !== TWO)
    return false
  let byte = -1
  let dots = 0
  for (let i = 0; i < end; i++) {
    const digit = text.charCodeAt(i) - ZERO
    if (digit >= 0 && digit <= 9) {
      if (byte === 0) return false // a leading zero
      byte = byte < 0 ? digit : byte * 10 + digit
      if (byte > 255) return false
    } else {
      if (digit !== DOT || byte < 0) return false
      dots++
      byte = -1
    }
  }
  return dots === 3 && byte >= 0
}

/** The address of canonical text of a /32 in bytes, or −1 where these are none. */
export function readIpv4Host(bytes: Uint8Array, from: number, size: number): number {
  const end = from + size - 3
  if (bytes[end] !== SLASH || bytes[end + 1] !== THREE || bytes[end + 2] !== TWO) return -1
  let address = 0
  let byte = -1
  let dots = 0
  for (let i = from; i < end; i++) {
    const digit = (bytes[i] as number) - ZERO
    if (digit >= 0 && digit <= 9) {
      if (byte === 0) return -1 // a leading zero
      byte = byte < 0 ? digit : byte * 10 + digit
      if (byte > 255) return -1
    } else {
      if (digit !== DOT || byte < 0) return -1
      address = address * 256 + byte
      dots++
      byte = -1
    }
  }
  return dots === 3 && byte >= 0 ? address * 256 + byte : -1
}
