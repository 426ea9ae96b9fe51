import { parseAddress } from '../ownership/address.ts'

/** Only addresses count, and the one name that RFC 6761 §6.3 reserves: any other name may resolve to anything. */
export function isLoopback(host: string): boolean {
  if (host === 'localhost') return true
  const bits = parseAddress(host)
  if (bits === undefined) return false
  const [a, b, c, d] = bits.words
  return bits.family === 4 ? a >>> 24 === 127 : a === 0 && b === 0 && c === 0 && d === 1
}
