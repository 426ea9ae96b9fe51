import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Span, Tracer } from '../runtime/tracer.ts'
import { lookUpOf } from './security/audit.ts'

const spans = new WeakMap<FastifyRequest, Span>()

/** The request's own; undefined where nothing is traced, and for probes. */
export const spanOf = (request: FastifyRequest): Span | undefined => spans.get(request)

/** For a log entry about the request: nothing where it is not traced. */
export function traceOf(request: FastifyRequest): { readonly traceId?: string } {
  const span = spans.get(request)
  return span === undefined ? {} : { traceId: span.traceId }
}

/** They come every few seconds, and tell of nothing. */
const UNTRACED = new Set(['/livez', '/readyz', '/healthz', '/metrics'])

/**
 * A span for each request, with what the audit log has, too: method, route, status, routing domain, how many addresses. To be
 * called before the login, which adds who asks.
 */
export function traceRequests(app: FastifyInstance, tracer: Tracer): void {
  app.addHook('onRequest', (request, _reply, done) => {
    const route = request.routeOptions.url
    if (route === undefined || !UNTRACED.has(route)) begin(request, route, tracer)
    done()
  })
  app.addHook('onResponse', (request, reply, done) => {
    end(request, reply.statusCode)
    done()
  })
}

function begin(request: FastifyRequest, route: string | undefined, tracer: Tracer): void {
  const { traceparent } = request.headers
  const span = tracer.begin(route === undefined ? request.method : `${request.method} ${route}`, {
    kind: 'server',
    traceparent: typeof traceparent === 'string' ? traceparent : undefined,
  })
  span.set({
    'http.request.method': request.method,
    'url.scheme': request.protocol,
    'whohad.request_id': request.id,
    ...(route !== undefined && { 'http.route': route }),
  })
  spans.set(request, span)
}

function end(request: FastifyRequest, status: number): void {
  const span = spans.get(request)
  if (span === undefined) return
  const lookUp = lookUpOf(request)
  span.set({
    'http.response.status_code': status,
    ...(lookUp && { 'whohad.addresses': lookUp.addresses() }),
    ...(lookUp?.domain && { 'whohad.domain': lookUp.domain }),
  })
  span.end(status >= 500 ? `status ${status}` : undefined)
}
