import Type, { type Static } from 'typebox'
import type { ErrorKind, WhohadError } from '../runtime/errors.ts'
import { eddaErrors } from './edda/errors.ts'
import { apiErrors } from './errors.ts'
import { securityErrors } from './security/errors.ts'

/** RFC 9457 problem details; `code` is what a program switches on. */
export const ProblemSchema = Type.Object({
  type: Type.String(),
  title: Type.String(),
  status: Type.Integer(),
  detail: Type.String(),
  code: Type.String(),
})
export type Problem = Static<typeof ProblemSchema>

export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8'

const TITLES: Readonly<Record<ErrorKind, string>> = {
  usage: 'The question cannot be read',
  input: 'The input cannot be read',
  unreachable: 'Something that is needed cannot be reached',
  state: 'Not possible in the present state',
  failure: 'whohad failed',
}

// Errors whose status says more than that of their kind.
const STATUS_OF_CODE = new Map([
  [apiErrors.routeUnknown.code, 404],
  [eddaErrors.notFound.code, 404],
  [eddaErrors.gone.code, 410],
  [apiErrors.urlTooLong.code, 414],
  [apiErrors.hostRefused.code, 421],
  [securityErrors.unauthenticated.code, 401],
  [securityErrors.forbidden.code, 403],
  [securityErrors.tooManyRequests.code, 429],
])

const TITLE_OF_CODE = new Map([
  [securityErrors.unauthenticated.code, 'Who asks is not known'],
  [securityErrors.forbidden.code, 'Not for this caller'],
])

/** What the client is told of an error that was declared; a `failure` never gets here with its own words. */
export function problemOf(error: WhohadError): Problem {
  return {
    type: `urn:whohad:error:${error.code}`,
    title: TITLE_OF_CODE.get(error.code) ?? TITLES[error.kind],
    status: STATUS_OF_CODE.get(error.code) ?? statusOf(error),
    detail: error.message,
    code: error.code,
  }
}

function statusOf({ kind, retriable }: WhohadError): number {
  switch (kind) {
    case 'usage':
    case 'input':
      return 400
    case 'unreachable':
      return 503
    case 'state':
      return retriable ? 503 : 409
    case 'failure':
      return 500
  }
}
