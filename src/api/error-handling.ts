import type { FastifyError, FastifyInstance, FastifyReply } from 'fastify'
import { WhohadError } from '../runtime/errors.ts'
import { apiErrors } from './errors.ts'
import { excerpt } from './excerpt.ts'
import { PROBLEM_TYPE, problemOf } from './problem.ts'
import type { ApiReport } from './report.ts'
import { traceOf } from './request-span.ts'

const RETRY_AFTER_SECONDS = 2

/** Makes a problem of every error, and of every route that is not there. The cause of a defect goes to `report` alone. */
export function handleErrors(app: FastifyInstance, report: ApiReport): void {
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const told = errorForClient(error, request.id, queryNames(request.routeOptions.schema?.querystring))
    if (told.kind === 'failure') {
      const route = request.routeOptions.url ?? 'unknown'
      report.requestFailed({ requestId: request.id, ...traceOf(request), method: request.method, route, cause: error })
    }
    return sendProblem(reply, told)
  })
  app.setNotFoundHandler((request, reply) => {
    const [path = ''] = request.url.split('?')
    return sendProblem(reply, apiErrors.routeUnknown({ method: request.method, path: excerpt(path) }))
  })
}

/** For refusals that never reach a route (a URL that cannot be decoded, for one). */
export function sendProblem(reply: FastifyReply, error: WhohadError): FastifyReply {
  const problem = problemOf(error)
  if (problem.status === 503) reply.header('retry-after', String(RETRY_AFTER_SECONDS))
  return reply.code(problem.status).type(PROBLEM_TYPE).header('cache-control', 'no-store').send(JSON.stringify(problem))
}

function errorForClient(error: FastifyError, requestId: string, allowed: readonly string[]): WhohadError {
  if (error instanceof WhohadError) return error.kind === 'failure' ? apiErrors.internal({ requestId }, error) : error
  if (error.validation !== undefined) {
    return apiErrors.parameterMalformed({ problem: validationProblem(error.validation), allowed }, error)
  }
  // Fastify's own refusals (body too large, bad media type) have a client's status and words that are safe to repeat.
  if (error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500) {
    return apiErrors.requestRefused({ reason: excerpt(error.message) }, error)
  }
  return apiErrors.internal({ requestId }, error)
}

function validationProblem([first]: NonNullable<FastifyError['validation']>): string {
  if (first === undefined) return 'it does not fit the route'
  const name = first.instancePath.slice(1)
  switch (first.keyword) {
    case 'additionalProperties':
      return `there is no parameter "${excerpt(String(first.params['additionalProperty']))}"`
    case 'maxLength':
      return `"${name}" is longer than ${String(first.params['limit'])} characters`
    case 'type':
      return `"${name}" came more than once`
    default:
      return `"${name}" ${first.message ?? 'cannot be read'}`
  }
}

/** The parameters that a route's schema names. */
function queryNames(schema: unknown): string[] {
  if (typeof schema !== 'object' || schema === null || !('properties' in schema)) return []
  return Object.keys(schema.properties ?? {})
}
