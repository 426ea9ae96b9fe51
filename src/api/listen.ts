import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { parseAddress } from '../ownership/address.ts'
import { reasonOf } from '../runtime/errors.ts'
import { apiErrors } from './errors.ts'

export type ListenOptions = {
  readonly host: string
  /** 0 takes any free port. */
  readonly port: number
  /** Lets everyone who reaches the address ask; there is no login yet. */
  readonly insecure?: boolean
}

/**
 * Opens the socket and says where; closing the app closes it.
 *
 * @throws WHOHAD_BIND_NOT_LOOPBACK, WHOHAD_CANNOT_LISTEN
 */
export async function listen(app: FastifyInstance, options: ListenOptions): Promise<{ url: string; port: number }> {
  const { host, port, insecure = false } = options
  if (!insecure && !isLoopback(host)) throw apiErrors.bindNotLoopback({ host })
  try {
    await app.listen({ host, port })
  } catch (cause) {
    throw apiErrors.cannotListen({ host, port, reason: reasonOf(cause) }, cause)
  }
  const bound = boundPort(app)
  return { url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`, port: bound }
}

/** Only addresses count, and the one name that RFC 6761 §6.3 reserves: any other name may resolve to anything. */
export function isLoopback(host: string): boolean {
  if (host === 'localhost') return true
  const bits = parseAddress(host)
  if (bits === undefined) return false
  const [a, b, c, d] = bits.words
  return bits.family === 4 ? a >>> 24 === 127 : a === 0 && b === 0 && c === 0 && d === 1
}

function boundPort(app: FastifyInstance): number {
  const address: AddressInfo | string | null = app.server.address()
  if (address === null || typeof address === 'string') throw new TypeError('a listening TCP server has a port')
  return address.port
}
