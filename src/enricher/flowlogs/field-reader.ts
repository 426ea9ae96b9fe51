import { type Ip, toIp } from '../../ownership/address.ts'
import type { Format } from './fields.ts'

const REMEMBERED_ADDRESSES = 65_536
/** What an id may consist of: a letter of another script that looks like a Latin one makes another id. */
const ID = /^[\x21-\x7e]+$/

/** What can be wrong with a field. */
export type FieldFault = 'malformed-number' | 'malformed-address' | 'malformed-id' | 'start-after-end'

/** Caught in parse.ts: a field that cannot be read ends its line, not the file. */
export class Unreadable extends Error {
  readonly reason: FieldFault
  readonly field: string
  constructor(reason: FieldFault, field: string) {
    super(reason)
    this.reason = reason
    this.field = field
  }
}

/** Reads fields of one line by the place of their column; -1 and `-` are absent. Throws Unreadable. */
export type Fields = ReturnType<typeof fieldsOf>

export function fieldsOf(format: Format, tokens: readonly string[], toAddress: (text: string) => Ip | undefined) {
  const text = (at: number): string | undefined => {
    const token = at < 0 ? '-' : tokens[at]
    return token === '-' ? undefined : token
  }
  const unreadable = (reason: FieldFault, at: number) => new Unreadable(reason, format.columns[at] ?? '')
  return {
    text,
    id(at: number): string | undefined {
      const token = text(at)
      if (token !== undefined && !ID.test(token)) throw unreadable('malformed-id', at)
      return token
    },
    integer(at: number, largest: number): number | undefined {
      const token = text(at)
      if (token === undefined) return undefined
      const value = toCount(token)
      if (value === undefined || value > largest) throw unreadable('malformed-number', at)
      return value
    },
    address(at: number): Ip | undefined {
      const token = text(at)
      if (token === undefined) return undefined
      const ip = toAddress(token)
      if (ip === undefined) throw unreadable('malformed-address', at)
      return ip
    },
  }
}

/** The value of decimal digits alone: no sign, no exponent, nothing that a number cannot hold exactly. */
function toCount(text: string): number | undefined {
  if (text.length === 0 || text.length > 16) return undefined
  let value = 0
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48
    if (digit < 0 || digit > 9) return undefined
    value = value * 10 + digit
  }
  return Number.isSafeInteger(value) ? value : undefined
}

/** Parsed addresses, some of which stand in many lines. */
export function rememberedAddresses(): (text: string) => Ip | undefined {
  const addresses = new Map<string, Ip>()
  return text => {
    const known = addresses.get(text)
    if (known !== undefined) return known
    const ip = toIp(text)
    if (addresses.size >= REMEMBERED_ADDRESSES) addresses.clear()
    if (ip !== undefined) addresses.set(text, ip)
    return ip
  }
}
