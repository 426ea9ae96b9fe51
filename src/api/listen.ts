import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { reasonOf } from '../runtime/errors.ts'
import { apiErrors } from './errors.ts'
import { isLoopback } from './loopback.ts'

export type ListenOptions = {
  readonly host: string
  /** 0 takes any free port. */
  readonly port: number
  /** Whether callers have to log in. */
  readonly hasLogin?: boolean
  /** Lets everyone who reaches the address ask. */
  readonly insecure?: boolean
}

/**
 * Opens the socket and says where; closing the app closes it.
 *
 * @throws WHOHAD_BIND_NOT_LOOPBACK, WHOHAD_CANNOT_LISTEN
 */
export async function listen(app: FastifyInstance, options: ListenOptions): Promise<{ url: string; port: number }> {
  const { host, port, hasLogin = false, insecure = false } = options
  if (!hasLogin && !insecure && !isLoopback(host)) throw apiErrors.bindNotLoopback({ host })
  try {
    await app.listen({ host, port })
  } catch (cause) {
    throw apiErrors.cannotListen({ host, port, reason: reasonOf(cause) }, cause)
  }
  const bound = boundPort(app)
  return { url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`, port: bound }
}

function boundPort(app: FastifyInstance): number {
  const address: AddressInfo | string | null = app.server.address()
  if (address === null || typeof address === 'string') throw new TypeError('a listening TCP server has a port')
  return address.port
}
