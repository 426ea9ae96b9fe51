import { ClickHouseError } from '@clickhouse/client'
import { reasonOf, WhohadError } from '../runtime/errors.ts'
import { storeErrors } from './errors.ts'

/** Errors of the engine that pass by themselves, or when somebody makes room (ErrorCodes.cpp of ClickHouse). */
const PASSING: ReadonlySet<string> = new Set([
  'TOO_MANY_SIMULTANEOUS_QUERIES',
  'TOO_MANY_PARTS',
  'TIMEOUT_EXCEEDED',
  'MEMORY_LIMIT_EXCEEDED',
  'NOT_ENOUGH_SPACE',
  'SOCKET_TIMEOUT',
  'NETWORK_ERROR',
  'TABLE_IS_READ_ONLY',
  'KEEPER_EXCEPTION',
])
const REFUSALS: ReadonlySet<string> = new Set([
  'AUTHENTICATION_FAILED',
  'REQUIRED_PASSWORD',
  'WRONG_PASSWORD',
  'UNKNOWN_USER',
  'ACCESS_DENIED',
  'UNKNOWN_DATABASE',
  'READONLY',
])

/** What the client threw, as one of ours. `where` is free of credentials, `title` the start of the statement. */
export function translateFailure(error: unknown, where: string, title: string): WhohadError {
  if (error instanceof WhohadError) return error
  if (!isFromEngine(error)) {
    return isFromNetwork(error)
      ? storeErrors.unreachable({ url: where, reason: reasonOf(error) }, error)
      : storeErrors.statementFailed({ statement: title, reason: reasonOf(error) }, error)
  }
  const reason = `${error.type ?? ''} ${error.message}`.trim()
  if (PASSING.has(error.type ?? '')) return storeErrors.busy({ statement: title, reason }, error)
  if (REFUSALS.has(error.type ?? '')) return storeErrors.refused({ url: where, reason }, error)
  return storeErrors.statementFailed({ statement: title, reason }, error)
}

/** The embedded engine brings its own copy of the client's error class, hence the second look. */
const isFromEngine = (error: unknown): error is { type?: string; message: string } =>
  error instanceof ClickHouseError || (error instanceof Error && 'type' in error && 'code' in error)

/** Node's own codes (ECONNREFUSED, ENOTFOUND, …), the client's timeout, and a socket that closed in mid-reply. */
const isFromNetwork = (error: unknown): boolean =>
  error instanceof AggregateError
    ? error.errors.some(isFromNetwork)
    : error instanceof Error &&
      (('code' in error &&
        typeof error.code === 'string' &&
        /^(E[A-Z]+|EAI_[A-Z]+|CERT_.*|ERR_TLS.*)$/.test(error.code)) ||
        /timeout error|socket hang up|aborted/i.test(error.message))

/** The server is well, and the database will be made by the migrations. */
export const isMissingDatabase = (error: unknown): boolean => isFromEngine(error) && error.type === 'UNKNOWN_DATABASE'
