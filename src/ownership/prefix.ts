import { type AddressBits, bitsOf, type Family, formatAddress, type Ip, parseAddress, type Words } from './address.ts'

declare const canonical: unique symbol

/** A CIDR block as canonical text: canonical address with all host bits zero, then "/length". A host is /32 or /128. */
export type Prefix = string & { readonly [canonical]: 'prefix' }

export type PrefixBits = AddressBits & { readonly length: number }

export const widthOf = (family: Family): 32 | 128 => (family === 4 ? 32 : 128)

/** Host bits that are set are cleared: 10.0.0.7/24 is 10.0.0.0/24. A bare address is its host prefix. */
export function toPrefix(text: string): Prefix | undefined {
  const slash = text.indexOf('/')
  const bits = parseAddress(slash < 0 ? text : text.slice(0, slash))
  if (bits === undefined) return undefined
  if (slash < 0) return formatPrefix(bits, widthOf(bits.family))
  const digits = text.slice(slash + 1)
  if (!/^(0|[1-9]\d{0,2})$/.test(digits)) return undefined
  // A v4-mapped block counts its length from the mapped form: ::ffff:10.0.0.0/104 is 10.0.0.0/8.
  const length = bits.family === 4 && text.includes(':') ? Number(digits) - 96 : Number(digits)
  if (length < 0 || length > widthOf(bits.family)) return undefined
  return formatPrefix(bits, length)
}

export const hostPrefix = (ip: Ip): Prefix => (ip.includes(':') ? `${ip}/128` : `${ip}/32`) as Prefix

export function prefixBits(prefix: Prefix): PrefixBits {
  const slash = prefix.indexOf('/')
  const bits = bitsOf(prefix.slice(0, slash) as Ip)
  return { ...bits, length: Number(prefix.slice(slash + 1)) }
}

/** Whether an address lies in a block, from their bits: for whoever asks the same block about many addresses. */
export function coversBits(block: PrefixBits, address: AddressBits): boolean {
  if (block.family !== address.family) return false
  const masked = maskWords(address.words, block.length)
  return (
    masked[0] === block.words[0] &&
    masked[1] === block.words[1] &&
    masked[2] === block.words[2] &&
    masked[3] === block.words[3]
  )
}

export const isHost = (prefix: Prefix): boolean => {
  const bits = prefixBits(prefix)
  return bits.length === widthOf(bits.family)
}

/** Joined, not concatenated: V8 keeps the parts of the latter, which makes a long-lived key of maps larger and slower. */
const formatPrefix = (bits: AddressBits, length: number): Prefix =>
  [formatAddress({ family: bits.family, words: maskWords(bits.words, length) }), length].join('/') as Prefix

/** The leading `length` bits of the address, the rest zero. Shifting by 32 is a no-op in JavaScript, hence the branches. */
export function maskWords(words: Words, length: number): Words {
  const part = (i: 0 | 1 | 2 | 3) => {
    const keep = length - i * 32
    if (keep >= 32) return words[i]
    if (keep <= 0) return 0
    return (words[i] & (0xffffffff << (32 - keep))) >>> 0
  }
  return [part(0), part(1), part(2), part(3)]
}

export const covers = (prefix: Prefix, ip: Ip): boolean => coversBits(prefixBits(prefix), bitsOf(ip))

/** A key under which all addresses of one block meet: used with the block's length and family. */
export function blockKey(bits: AddressBits, length: number): string {
  const [a, b, c, d] = maskWords(bits.words, length)
  return bits.family === 4 ? `4/${length}/${a}` : `6/${length}/${a}.${b}.${c}.${d}`
}

/** Space that belongs to nobody in particular, and so means something only within a named domain. */
export const PRIVATE_BLOCKS: readonly PrefixBits[] = [
  '10.0.0.0/8', // RFC 1918
  '172.16.0.0/12', // RFC 1918
  '192.168.0.0/16', // RFC 1918
  '100.64.0.0/10', // RFC 6598, shared address space
  '169.254.0.0/16', // RFC 3927, link local
  '127.0.0.0/8', // RFC 1122, loopback
  'fc00::/7', // RFC 4193, unique local
  'fe80::/10', // RFC 4291, link local
  '::1/128', // RFC 4291, loopback
].map(block => prefixBits(block as Prefix))

export function isPrivate(ip: Ip): boolean {
  const bits = bitsOf(ip)
  return PRIVATE_BLOCKS.some(block => coversBits(block, bits))
}
