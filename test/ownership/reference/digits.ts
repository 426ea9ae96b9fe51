import { bitsOf, type Ip } from '../../../src/ownership/address.ts'
import type { Prefix } from '../../../src/ownership/prefix.ts'

/** An address as the binary digits that it is made of: 32 of them, or 128. */
export function digitsOf(ip: Ip): string {
  const { family, words } = bitsOf(ip)
  const digits = words.map(word => word.toString(2).padStart(32, '0')).join('')
  return family === 4 ? digits.slice(0, 32) : digits
}

export const lengthOf = (prefix: Prefix): number => Number(prefix.split('/')[1])

/** A prefix covers an address of its own family that begins with the same digits. */
export function covers(prefix: Prefix, ip: Ip): boolean {
  const network = digitsOf(prefix.split('/')[0] as Ip)
  const address = digitsOf(ip)
  return network.length === address.length && address.startsWith(network.slice(0, lengthOf(prefix)))
}
