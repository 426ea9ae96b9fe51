import type { FastifyRequest } from 'fastify'

/** What a request asked about, for the audit log. */
export type LookUp = {
  /** Null where it was about several, or none was named. */
  readonly domain: string | null
  /** How many addresses so far. */
  addresses(): number
}

/** One request as the audit log has it. The addresses themselves, the URL and all headers are left out. */
export type AuditEntry = {
  readonly requestId: string
  /** Left out where the request is not traced. */
  readonly traceId?: string
  /** Null where nobody was known. */
  readonly caller: { readonly kind: 'key' | 'token'; readonly id: string; readonly name: string } | null
  readonly address: string
  readonly method: string
  /** The pattern. */
  readonly route: string
  readonly domain: string | null
  readonly addresses: number
  readonly status: number
}

const lookUps = new WeakMap<FastifyRequest, LookUp>()

/** Every route that looks something up says so here; the last word counts. */
export function noteLookUp(request: FastifyRequest, lookUp: LookUp): void {
  lookUps.set(request, lookUp)
}

export const lookUpOf = (request: FastifyRequest): LookUp | undefined => lookUps.get(request)
