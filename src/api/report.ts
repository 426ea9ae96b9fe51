import type { FastifyRequest } from 'fastify'
import { traceOf } from './request-span.ts'

/** What happens in the API, one callback per happening; the CLI makes a log line and a metric of each. */
export type ApiReport = {
  /** `route` is the pattern, never the URL: an address must not become a metric's label. */
  requestDone(d: {
    readonly method: string
    readonly route: string
    readonly status: number
    readonly milliseconds: number
  }): void
  /** A defect: the client got 500 and `requestId`, the cause is here alone. */
  requestFailed(d: {
    readonly requestId: string
    readonly method: string
    readonly route: string
    /** Left out where the request is not traced. */
    readonly traceId?: string
    readonly cause: unknown
  }): void
  /** One of the threads that answer long requests; the requests that it was at are broken off. */
  answerThreadDied(d: { readonly cause: Error }): void
}

/** Tells of a defect that broke off an answer which had begun. */
export const brokenOff =
  (report: Pick<ApiReport, 'requestFailed'>) =>
  (request: FastifyRequest, cause: unknown): void => {
    const { id: requestId, method, routeOptions } = request
    report.requestFailed({ requestId, ...traceOf(request), method, route: routeOptions.url ?? 'unknown', cause })
  }
