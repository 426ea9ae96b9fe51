const [DOT, ZERO] = [0x2e, 0x30]

/** The word of an IPv4 address as it is written strictly (`parseAddress`), as a signed 32-bit number; undefined for all else. */
export function ipv4In(bytes: Uint8Array, from: number, until: number): number | undefined {
  if (until - from > 15) return undefined
  let word = 0
  let byte = 0
  let digits = 0
  let dots = 0
  for (let at = from; at < until; at++) {
    const code = bytes[at] as number
    const digit = code - ZERO
    if (digit >= 0 && digit <= 9) {
      if (digits > 0 && byte === 0) return undefined
      byte = byte * 10 + digit
      if (byte > 255) return undefined
      digits++
    } else if (code === DOT && digits > 0 && dots < 3) {
      word = (word << 8) | byte
      byte = 0
      digits = 0
      dots++
    } else return undefined
  }
  return dots === 3 && digits > 0 ? (word << 8) | byte : undefined
}

/** Unix seconds of ten digits or milliseconds of thirteen, in milliseconds; −1 for all else. */
export function unixTimeIn(bytes: Uint8Array, from: number, until: number): number {
  const length = until - from
  if (length !== 10 && length !== 13) return -1
  let value = 0
  for (let at = from; at < until; at++) {
    const digit = (bytes[at] as number) - ZERO
    if (digit < 0 || digit > 9) return -1
    value = value * 10 + digit
  }
  return length === 10 ? value * 1000 : value
}
