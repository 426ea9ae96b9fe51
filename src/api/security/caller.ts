import type { FastifyRequest } from 'fastify'
import { type Access, READS_EVERY_DOMAIN, type Reader } from '../access.ts'

/** Who asks, and what they may read. */
export type Caller = Reader & {
  readonly kind: 'key' | 'token'
  /** Of a key its id, of a token its subject: no secret. */
  readonly id: string
  readonly name: string
}

/** Null is every domain. */
export function readerOfDomains(domains: readonly string[] | null): Reader {
  if (domains === null) return READS_EVERY_DOMAIN
  const names = new Set(domains)
  return { readable: domain => names.has(domain), domains }
}

const READS_NOTHING = readerOfDomains([])

/** Who each request is from. One that was let in without a login reads nothing. */
export class Callers implements Access {
  private readonly known = new WeakMap<FastifyRequest, Caller>()

  /** Undefined where nobody logged in. */
  of(request: FastifyRequest): Caller | undefined {
    return this.known.get(request)
  }

  let(request: FastifyRequest, caller: Caller): void {
    this.known.set(request, caller)
  }

  readerOf(request: FastifyRequest): Reader {
    return this.known.get(request) ?? READS_NOTHING
  }
}
