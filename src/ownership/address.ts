declare const canonical: unique symbol

/**
 * An IP address as canonical text (RFC 5952): lower case, IPv6 compressed, v4-mapped unwrapped to IPv4. Equal addresses
 * are equal strings. NAT64 and 6to4 forms are IPv6 addresses of their own and stay so.
 */
export type Ip = string & { readonly [canonical]: 'ip' }

/** Four unsigned 32-bit words, most significant first. IPv4 uses only the first. */
export type Words = readonly [number, number, number, number]
export type Family = 4 | 6
export type AddressBits = { readonly family: Family; readonly words: Words }

const [DOT, ZERO, NINE] = [46, 48, 57]

/** The bits of an address as people and AWS write it, or undefined. Strict: no leading zeros, no zone, no short forms. */
export function parseAddress(text: string): AddressBits | undefined {
  if (!text.includes(':')) {
    const word = parseIpv4Word(text)
    return word === undefined ? undefined : { family: 4, words: [word, 0, 0, 0] }
  }
  const words = parseIpv6Words(text)
  if (words === undefined) return undefined
  const mapped = words[0] === 0 && words[1] === 0 && words[2] === 0xffff
  return mapped ? { family: 4, words: [words[3], 0, 0, 0] } : { family: 6, words }
}

export function toIp(text: string): Ip | undefined {
  const bits = parseAddress(text)
  return bits && formatAddress(bits)
}

/** The bits of an address that is already canonical. */
export function bitsOf(ip: Ip): AddressBits {
  const bits = parseAddress(ip)
  if (bits === undefined) throw new TypeError(`not a canonical address: ${ip}`)
  return bits
}

export function formatAddress({ family, words }: AddressBits): Ip {
  return (family === 4 ? formatIpv4(words[0]) : formatIpv6(words)) as Ip
}

function parseIpv4Word(text: string): number | undefined {
  let word = 0
  let byte = 0
  let digits = 0
  let dots = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === DOT) {
      if (digits === 0 || ++dots > 3) return undefined
      word = word * 256 + byte
      byte = 0
      digits = 0
    } else if (code >= ZERO && code <= NINE && (digits === 0 || byte > 0)) {
      byte = byte * 10 + code - ZERO
      digits++
      if (byte > 255) return undefined
    } else return undefined
  }
  return dots === 3 && digits > 0 ? word * 256 + byte : undefined
}

function parseIpv6Words(text: string): Words | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const head = parseGroups(halves[0] ?? '', halves.length === 1)
  const tail = halves.length === 2 ? parseGroups(halves[1] ?? '', true) : []
  if (head === undefined || tail === undefined) return undefined
  const missing = 8 - head.length - tail.length
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined
  const groups = [...head, ...Array<number>(missing).fill(0), ...tail]
  const word = (i: number) => (groups[i] ?? 0) * 0x10000 + (groups[i + 1] ?? 0)
  return [word(0), word(2), word(4), word(6)]
}

/** The 16-bit groups of one side of "::"; only the last side may end in dotted IPv4. */
function parseGroups(text: string, mayEndInIpv4: boolean): number[] | undefined {
  if (text === '') return []
  const groups: number[] = []
  const parts = text.split(':')
  for (const [i, part] of parts.entries()) {
    if (part.includes('.')) {
      const word = mayEndInIpv4 && i === parts.length - 1 ? parseIpv4Word(part) : undefined
      if (word === undefined) return undefined
      groups.push(Math.floor(word / 0x10000), word % 0x10000)
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(part)) return undefined
      groups.push(Number.parseInt(part, 16))
    }
  }
  return groups
}

const formatIpv4 = (word: number) => `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`

/** RFC 5952 §4: the longest run of two or more zero groups becomes "::", the first of equal runs. */
function formatIpv6(words: Words): string {
  const groups = words.flatMap(word => [word >>> 16, word & 0xffff])
  let start = -1
  let length = 1
  for (let i = 0; i < 8; i++) {
    let run = 0
    while (i + run < 8 && groups[i + run] === 0) run++
    if (run > length) [start, length] = [i, run]
    if (run > 0) i += run - 1
  }
  const hex = (from: number, until: number) =>
    groups
      .slice(from, until)
      .map(group => group.toString(16))
      .join(':')
  return start < 0 ? hex(0, 8) : `${hex(0, start)}::${hex(start + length, 8)}`
}
