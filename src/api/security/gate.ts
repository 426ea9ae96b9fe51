import { readdirSync } from 'node:fs'
import rateLimit from '@fastify/rate-limit'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { WhohadError } from '../../runtime/errors.ts'
import { spanOf, traceOf } from '../request-span.ts'
import { type AuditEntry, lookUpOf } from './audit.ts'
import { type Caller, Callers } from './caller.ts'
import { securityErrors } from './errors.ts'
import type { Login } from './login.ts'

export type SecurityReport = {
  /** `reason` is one of three. */
  requestRefused(d: { readonly reason: 'unauthenticated' | 'forbidden' | 'too-many' }): void
  lookedUp(entry: AuditEntry): void
}

export type Security = {
  /** Undefined where everybody may ask everything. */
  readonly login: Login | undefined
  /** Whether `/metrics` is for everybody. */
  readonly openMetrics: boolean
  /** Whether the page, its files and the description of the API are for everybody. */
  readonly openPage: boolean
  /** Of one caller, or of one address where nobody logged in; 0 is without limit. */
  readonly requestsPerMinute: number
  /** Sites whose scripts may read answers. */
  readonly corsOrigins: readonly string[]
  /** Whether requests are told to `lookedUp`. */
  readonly audit: boolean
  readonly report: SecurityReport
}

const PROBES = new Set(['/livez', '/readyz', '/healthz'])
const METRICS = '/metrics'
const MINUTE_MS = 60_000

/** Lets in whom the login knows, so often as they may; everything but the probes is shut where nothing is said of it. */
export async function guard(app: FastifyInstance, security: Security, webFolder: string): Promise<Callers> {
  const callers = new Callers()
  const pages = pagesOf(webFolder)
  const count = await counter(app, security.requestsPerMinute, callers)
  const isOpen = (path: string): boolean =>
    PROBES.has(path) || (security.openMetrics && path === METRICS) || (security.openPage && pages.has(path))
  if (security.audit) auditTo(app, security.report, callers)
  app.addHook('onRequest', async (request, reply) => {
    const path = request.routeOptions.url ?? ''
    try {
      const caller = await knownOrRefused(request, security.login, isOpen(path)).catch(async error => {
        await count(request, reply)
        throw error
      })
      if (caller) {
        callers.let(request, caller)
        spanOf(request)?.set({ 'enduser.id': caller.id })
      }
      await count(request, reply)
      // What the process counts has the names of all sources.
      if (path === METRICS && caller?.domains !== undefined && !security.openMetrics)
        throw securityErrors.forbidden({ path })
    } catch (error) {
      const reason = error instanceof WhohadError ? REASONS.get(error.code) : undefined
      if (reason) security.report.requestRefused({ reason })
      if (reason === 'unauthenticated') reply.header('www-authenticate', 'Bearer realm="whohad"')
      throw error
    }
  })
  return callers
}

const REASONS = new Map<string, 'unauthenticated' | 'forbidden' | 'too-many'>([
  [securityErrors.unauthenticated.code, 'unauthenticated'],
  [securityErrors.forbidden.code, 'forbidden'],
  [securityErrors.tooManyRequests.code, 'too-many'],
])

/** What shows the same to everybody, whatever is known. */
const pagesOf = (webFolder: string): ReadonlySet<string> =>
  new Set(['/', '/docs', '/openapi.json', ...readdirSync(webFolder).map(name => `/${name}`)])

/** Who asks: undefined where there is no login, or nobody says who they are at an open door. */
async function knownOrRefused(
  request: FastifyRequest,
  login: Login | undefined,
  isOpen: boolean,
): Promise<Caller | undefined> {
  const { authorization } = request.headers
  if (login === undefined || (isOpen && authorization === undefined)) return undefined
  return login.callerOf(authorization)
}

type Count = (request: FastifyRequest, reply: FastifyReply) => Promise<void>

async function counter(app: FastifyInstance, most: number, callers: Callers): Promise<Count> {
  if (most === 0) return async () => {}
  await app.register(rateLimit, { global: false })
  const countOne = app.createRateLimit({
    max: most,
    timeWindow: MINUTE_MS,
    keyGenerator(request) {
      const caller = callers.of(request)
      return caller ? `${caller.kind} ${caller.id}` : `address ${request.ip}`
    },
  })
  return async (request, reply) => {
    const counted = await countOne(request)
    if (counted.isAllowed || !counted.isExceeded) return
    reply.header('retry-after', String(counted.ttlInSeconds))
    throw securityErrors.tooManyRequests({ most, seconds: counted.ttlInSeconds })
  }
}

function auditTo(app: FastifyInstance, report: SecurityReport, callers: Callers): void {
  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'none'
    if (!PROBES.has(route)) report.lookedUp(entryOf(request, reply.statusCode, callers.of(request)))
    done()
  })
}

function entryOf(request: FastifyRequest, status: number, caller: Caller | undefined): AuditEntry {
  const lookUp = lookUpOf(request)
  return {
    requestId: request.id,
    ...traceOf(request),
    caller: caller ? { kind: caller.kind, id: caller.id, name: caller.name } : null,
    address: request.ip,
    method: request.method,
    route: request.routeOptions.url ?? 'none',
    domain: lookUp?.domain ?? null,
    addresses: lookUp?.addresses() ?? 0,
    status,
  }
}
