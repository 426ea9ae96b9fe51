import { parseAddress, type Words } from '../../ownership/address.ts'

/** An address within a line. `end` is behind its port or bracket, where a note about it goes. */
export type Hit = {
  readonly end: number
  readonly port: number | undefined
} & ({ readonly family: 4; readonly word: number } | { readonly family: 6; readonly words: Words })

const [DOT, SLASH, ZERO, COLON, OPEN, CLOSE, DASH, PERCENT] = [0x2e, 0x2f, 0x30, 0x3a, 0x5b, 0x5d, 0x2d, 0x25]
const [ONE_DOT, ONE_COLON, NO_TOKEN] = [1, 1 << 10, -1]
const COUNTED = 1023

/** What each byte adds to the count of dots and colons of a token; −1 ends it. */
const KINDS = new Int32Array(256).fill(NO_TOKEN)
for (const byte of Buffer.from('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-')) KINDS[byte] = 0
KINDS[DOT] = ONE_DOT
KINDS[COLON] = ONE_COLON

const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= ZERO && byte <= 0x39
const isWord = (byte: number | undefined): boolean => byte !== undefined && KINDS[byte] === 0 && byte !== DASH

/**
 * Every address of a line, told from left to right: IPv4 and IPv6, alone, in brackets, with a port behind a colon or, as
 * tcpdump writes it, behind a dot, or with the length of its network where that leaves an address. What nobody holds is
 * passed over: this host, multicast, link local, and blocks. Only bytes are looked at, until something looks like an address.
 */
export function scanLine(bytes: Uint8Array, from: number, until: number, found: (hit: Hit) => void): void {
  const hasBarePorts = isNetstat6(bytes, from, until)
  let at = from
  while (at < until) {
    // Between tokens.
    while (at < until && (KINDS[bytes[at] as number] as number) < 0) at++
    const start = at
    let counts = 0
    for (; at < until; at++) {
      const kind = KINDS[bytes[at] as number] as number
      if (kind < 0) break
      counts += kind
    }
    const colons = counts >>> 10
    if (colons >= 2) {
      const end = scanIpv6(bytes, start, at, until, hasBarePorts, found)
      if (end > 0) {
        at = Math.max(at, end)
        continue
      }
    }
    if ((counts & COUNTED) >= 3) at = Math.max(at, scanIpv4(bytes, start, at, until, found))
  }
}

/** Linux netstat writes an IPv6 address and its port with nothing but one more colon between them. */
function isNetstat6(bytes: Uint8Array, from: number, until: number): boolean {
  // tcp6, udp6
  return until - from > 4 && bytes[from + 3] === 0x36 && bytes[from + 2] === 0x70 && bytes[from + 4] === 0x20
}

/** All IPv4 addresses of a token; returns how far it read. */
function scanIpv4(bytes: Uint8Array, start: number, end: number, until: number, found: (hit: Hit) => void): number {
  let readTo = end
  for (let at = start; at < end; ) {
    const hit = isDigit(bytes[at]) ? ipv4At(bytes, at, until) : undefined
    if (hit) {
      if (hit.isHost) found({ family: 4, word: hit.word, port: hit.port, end: hit.end })
      at = hit.end
      readTo = Math.max(readTo, hit.end)
    }
    // On to what stands behind the next colon or dash: tcp:10.0.0.1, 10.0.0.1-10.0.0.9.
    while (at < end && bytes[at] !== COLON && bytes[at] !== DASH) at++
    at++
  }
  return readTo
}

type FoundIpv4 = {
  readonly word: number
  readonly end: number
  readonly port: number | undefined
  readonly isHost: boolean
}

function ipv4At(bytes: Uint8Array, start: number, until: number): FoundIpv4 | undefined {
  let word = 0
  let at = start
  for (let part = 0; part < 4; part++) {
    if (part > 0 && bytes[at++] !== DOT) return undefined
    const first = at
    let value = 0
    while (at < until && at - first < 4 && isDigit(bytes[at])) value = value * 10 + (bytes[at++] as number) - ZERO
    const length = at - first
    if (length === 0 || value > 255 || (length > 1 && bytes[first] === ZERO)) return undefined
    word = (word << 8) | value
  }
  return behindIpv4(bytes, at, until, word)
}

/** A port, the length of a network, or the end; undefined where it goes on as no address does. */
function behindIpv4(bytes: Uint8Array, end: number, until: number, word: number): FoundIpv4 | undefined {
  const next = end < until ? bytes[end] : undefined
  const isHost = isHeldByAny(word)
  if ((next === COLON || next === DOT) && end + 1 < until && isDigit(bytes[end + 1])) {
    const port = numberAt(bytes, end + 1, until, 5)
    const isPort = port !== undefined && port.value <= 65_535 && isOver(bytes, port.end, until)
    if (isPort) return { word, end: port.end, port: port.value, isHost }
    return next === DOT ? undefined : { word, end, port: undefined, isHost }
  }
  if (next === SLASH && end + 1 < until && isDigit(bytes[end + 1])) {
    const length = numberAt(bytes, end + 1, until, 2)
    if (length === undefined || length.value > 32) return { word, end, port: undefined, isHost }
    const hostBits = length.value === 0 ? word : length.value === 32 ? 1 : word & (0xffffffff >>> length.value)
    return { word, end: length.end, port: undefined, isHost: isHost && hostBits !== 0 }
  }
  return isWord(next) ? undefined : { word, end, port: undefined, isHost }
}

/** Whether a number that was read as a port is over: no letter, and no dot with another number, follows. */
const isOver = (bytes: Uint8Array, end: number, until: number): boolean =>
  end >= until || (!isWord(bytes[end]) && !(bytes[end] === DOT && end + 1 < until && isDigit(bytes[end + 1])))

function numberAt(bytes: Uint8Array, start: number, until: number, mostDigits: number) {
  let value = 0
  let end = start
  while (end < until && isDigit(bytes[end])) value = value * 10 + (bytes[end++] as number) - ZERO
  return end === start || end - start > mostDigits ? undefined : { value, end }
}

/** Not this network, this host, multicast, or what is reserved. */
function isHeldByAny(word: number): boolean {
  const first = word >>> 24
  return first !== 0 && first !== 127 && first < 224
}

/** The one IPv6 address of a token; 0 where it is none, else how far it read. */
function scanIpv6(
  bytes: Uint8Array,
  start: number,
  end: number,
  until: number,
  hasBarePorts: boolean,
  found: (hit: Hit) => void,
): number {
  let last = end
  while (last > start && (bytes[last - 1] === DOT || (bytes[last - 1] === COLON && bytes[last - 2] !== COLON))) last--
  if (last - start > 60) return 0
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, last - start).toString('latin1')
  const { address, port: own } = apart(text, hasBarePorts)
  const bits = parseAddress(address)
  if (bits === undefined) return 0
  let behind = last
  let port = own
  if (bytes[start - 1] === OPEN && bytes[behind] === CLOSE) {
    behind++
    const told = bytes[behind] === COLON ? numberAt(bytes, behind + 1, until, 5) : undefined
    if (told && told.value <= 65_535) {
      port = told.value
      behind = told.end
    }
  }
  if (bytes[last] === PERCENT) return last
  if (bytes[behind] === SLASH && behind < until) return last
  if (bits.family === 4) {
    if (isHeldByAny(bits.words[0])) found({ family: 4, word: bits.words[0] | 0, port, end: behind })
  } else if (isHeld6(bits.words)) found({ family: 6, words: bits.words, port, end: behind })
  return behind
}

/** The address and the port that a token may end in: behind a dot (tcpdump), or behind the last colon (netstat). */
function apart(text: string, hasBarePorts: boolean): { readonly address: string; readonly port: number | undefined } {
  const [, address, digits] = (hasBarePorts ? /^(.*:.*):(\d{1,5})$/ : /^([^.]*:[^.]*)\.(\d{1,5})$/).exec(text) ?? []
  const port = Number(digits)
  return address !== undefined && port <= 65_535 ? { address, port } : { address: text, port: undefined }
}

function isHeld6([a, b, c, d]: Words): boolean {
  const isLocal = a === 0 && b === 0 && c === 0 && d <= 1
  return !isLocal && a >>> 24 !== 0xff && a >>> 22 !== 0xfe80 >>> 6
}
