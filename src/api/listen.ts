import type { AddressInfo } from 'node:net'
import { Server as TlsServer } from 'node:tls'
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
  /** Whether the server speaks TLS, or proxies that it trusts do so in front of it. */
  readonly isShielded?: boolean
  /** Lets everyone who reaches the address ask, and everyone on the way read. */
  readonly insecure?: boolean
}

/**
 * Opens the socket and says where; closing the app closes it.
 *
 * @throws WHOHAD_BIND_NOT_LOOPBACK, WHOHAD_BIND_IN_THE_CLEAR, WHOHAD_CANNOT_LISTEN
 */
export async function listen(app: FastifyInstance, options: ListenOptions): Promise<{ url: string; port: number }> {
  const { host, port, hasLogin = false, isShielded = false, insecure = false } = options
  if (!insecure && !isLoopback(host)) {
    if (!hasLogin) throw apiErrors.bindNotLoopback({ host })
    if (!isShielded) throw apiErrors.bindInTheClear({ host })
  }
  try {
    await app.listen({ host, port })
  } catch (cause) {
    throw apiErrors.cannotListen({ host, port, reason: reasonOf(cause) }, cause)
  }
  const bound = boundPort(app)
  const scheme = app.server instanceof TlsServer ? 'https' : 'http'
  return { url: `${scheme}://${host.includes(':') ? `[${host}]` : host}:${bound}`, port: bound }
}

function boundPort(app: FastifyInstance): number {
  const address: AddressInfo | string | null = app.server.address()
  if (address === null || typeof address === 'string') throw new TypeError('a listening TCP server has a port')
  return address.port
}
