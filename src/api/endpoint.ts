import { type Ip, toIp } from '../ownership/address.ts'

/** An address as programs print it, and the port beside it where there is one; the port is not checked. */
export type Endpoint = { readonly ip: Ip; readonly port: string | undefined }

/**
 * `10.1.2.3`, `10.1.2.3:443`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:443`; undefined for all else. An IPv6 address
 * without brackets has no port: `2001:db8::1:443` is an address.
 */
export function endpointOf(word: string): Endpoint | undefined {
  const bare = toIp(word)
  if (bare !== undefined) return { ip: bare, port: undefined }
  const [, bracketed, dotted, port] = /^(?:\[([^\]]*:[^\]]*)\]|([\d.]+))(?::(\d+))?$/.exec(word) ?? []
  const ip = toIp(bracketed ?? dotted ?? '')
  return ip && { ip, port }
}
