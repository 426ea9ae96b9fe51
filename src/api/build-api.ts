import { randomUUID } from 'node:crypto'
import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import type { Tracer } from '../runtime/tracer.ts'
import type { Access } from './access.ts'
import { annotateRoute } from './annotate-route.ts'
import { type AppAddressesDeps, appAddressesRoute } from './app-addresses-route.ts'
import { type BulkDeps, bulkRoute } from './bulk-route.ts'
import { type ChangesDeps, changesRoute } from './changes-route.ts'
import { type CoverageDeps, coverageRoute } from './coverage-route.ts'
import { type EddaDeps, eddaRoute } from './edda/edda-route.ts'
import { handleErrors, sendProblem } from './error-handling.ts'
import { apiErrors } from './errors.ts'
import { excerpt } from './excerpt.ts'
import { type ExplainDeps, explainRoute } from './explain-route.ts'
import { type GraphDeps, graphRoute } from './graph-route.ts'
import { type HistoryDeps, historyRoute } from './history-route.ts'
import { livezRoute } from './livez-route.ts'
import { isLoopback } from './loopback.ts'
import { metricsRoute } from './metrics-route.ts'
import { collectRoutes, openapiRoute } from './openapi-route.ts'
import { pageRoute } from './page-route.ts'
import { type Readiness, readyzRoute } from './readyz-route.ts'
import type { ApiReport } from './report.ts'
import { traceRequests } from './request-span.ts'
import { type Certificate, TLS_OPTIONS } from './security/certificate.ts'
import { allowOrigins } from './security/cors.ts'
import { guard, type Security } from './security/gate.ts'
import { securityHeaders } from './security-headers.ts'
import type { AnswerThreads } from './threads/answer-threads.ts'
import { type WhohadDeps, whohadRoute } from './whohad-route.ts'

export type ApiDeps = WhohadDeps &
  BulkDeps &
  HistoryDeps &
  AppAddressesDeps &
  ChangesDeps &
  CoverageDeps &
  GraphDeps &
  ExplainDeps &
  EddaDeps & {
    readonly ready: () => Promise<Readiness>
    readonly metricsText: () => Promise<string>
    readonly version: string
    /** The folder `web/`, as an absolute path. */
    readonly webFolder: string
    readonly report: ApiReport
    /** Answer only requests that name a loopback host: against pages that point a name of theirs at 127.0.0.1. */
    readonly loopbackOnly: boolean
    /** By default half a minute for the headers, and somewhat more than one of silence. */
    readonly patience?: Patience
    /** Left out where requests are not traced. */
    readonly tracer?: Tracer | undefined
    /** With which the server speaks TLS; without one it speaks plain HTTP. */
    readonly certificate?: Pick<Certificate, 'cert' | 'key'>
    /** Addresses and blocks of proxies: what these say of the client's address is believed. */
    readonly trustedProxies?: readonly string[]
    /** Who may come in. Without it everybody may, and `access` alone decides. */
    readonly security?: Security
  }

const LONGEST_URL = 2048
const LARGEST_BODY_BYTES = 64 * 1024
const LONGEST_PARAMETER = 128

/** How long a caller is waited for. A body may take as long as pieces of it keep coming: there are routes that read without end. */
export type Patience = {
  readonly headersMs: number
  /** For a connection on which nothing comes or goes: somewhat longer than load balancers keep theirs, which are then never cut. */
  readonly silentMs: number
}
const PATIENCE: Patience = { headersMs: 30_000, silentMs: 72_000 }

/** The whole API, ready for `inject` and for `listen`; it opens no socket. */
export async function buildApi(given: ApiDeps): Promise<FastifyInstance> {
  const { certificate, trustedProxies = [], patience = PATIENCE } = given
  const { headersMs, silentMs } = patience
  const http = { headersTimeout: headersMs, connectionsCheckingInterval: headersMs }
  const https = certificate && { ...TLS_OPTIONS, ...certificate, ...http, handshakeTimeout: headersMs }
  const options = {
    logger: false,
    bodyLimit: LARGEST_BODY_BYTES,
    requestTimeout: 0,
    trustProxy: trustedProxies.length > 0 && [...trustedProxies],
    connectionTimeout: silentMs,
    keepAliveTimeout: silentMs,
    routerOptions: { maxParamLength: LONGEST_PARAMETER },
    genReqId: () => randomUUID(),
    // A parameter that is unknown or comes twice is said to be so, not dropped or turned into something else.
    ajv: { customOptions: { removeAdditional: false, coerceTypes: false } },
    frameworkErrors: (error, request, reply) => {
      sendProblem(reply, apiErrors.requestRefused({ reason: `${excerpt(error.message)} (${request.method})` }, error))
    },
  } satisfies FastifyServerOptions
  // The types tell servers with TLS from others, but no route can.
  const app = https ? (Fastify({ ...options, https }) as unknown as FastifyInstance) : Fastify({ ...options, http })
  await securityHeaders(app, { hasTls: certificate !== undefined })
  if (given.tracer) traceRequests(app, given.tracer)
  watchRequests(app, given.report)
  if (given.loopbackOnly) refuseForeignHosts(app)
  handleErrors(app, given.report)
  if (given.threads) closeWith(app, given.threads)
  const deps = { ...given, access: await accessTo(app, given) }
  await collectRoutes(app, deps)
  whohadRoute(app, deps)
  bulkRoute(app, deps)
  annotateRoute(app, deps)
  explainRoute(app, deps)
  historyRoute(app, deps)
  appAddressesRoute(app, deps)
  changesRoute(app, deps)
  coverageRoute(app, deps)
  graphRoute(app, deps)
  eddaRoute(app, deps)
  livezRoute(app, deps)
  readyzRoute(app, deps)
  metricsRoute(app, deps)
  pageRoute(app, deps)
  openapiRoute(app)
  await app.ready()
  return app
}

/** To be awaited before the first route, so that every route is behind it. */
async function accessTo(app: FastifyInstance, { security, access, webFolder }: ApiDeps): Promise<Access> {
  if (security === undefined) return access
  await allowOrigins(app, security.corsOrigins)
  const callers = await guard(app, security, webFolder)
  return security.login === undefined ? access : callers
}

function closeWith(app: FastifyInstance, threads: Pick<AnswerThreads, 'close'>): void {
  app.addHook('onClose', () => threads.close())
}

function refuseForeignHosts(app: FastifyInstance): void {
  let takenLast: string | undefined
  app.addHook('onRequest', (request, _reply, done) => {
    // Not what a proxy says of it, which a script of another site could say as well.
    const { host: written = '' } = request.headers
    if (written === takenLast) return done()
    const host = written.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1')
    if (!isLoopback(host)) return done(apiErrors.hostRefused({ host: excerpt(host) }))
    takenLast = written
    return done()
  })
}

function watchRequests(app: FastifyInstance, report: ApiReport): void {
  // With callbacks: each async hook would cost a promise and its turns for every request.
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id)
    const { length } = request.raw.url ?? ''
    done(length > LONGEST_URL ? apiErrors.urlTooLong({ length, longest: LONGEST_URL }) : undefined)
  })
  app.addHook('onResponse', (request, reply, done) => {
    report.requestDone({
      method: request.method,
      route: request.routeOptions.url ?? 'none',
      status: reply.statusCode,
      milliseconds: reply.elapsedTime,
    })
    done()
  })
}
