import { withoutSecrets } from './without-secrets.ts'

/**
 * Every failure that a person can meet is declared once, in the `errors.ts` of the folder that meets it, and explained in
 * docs/errors.md (a test compares the two). A code is for machines, the message says what, where and how to mend it,
 * `cause` keeps the chain.
 */
export type ErrorKind = 'usage' | 'input' | 'unreachable' | 'state' | 'failure'

export class WhohadError extends Error {
  readonly code: string
  readonly kind: ErrorKind
  /** True only where a later attempt is known to be able to pass. */
  readonly retriable: boolean

  constructor(code: string, kind: ErrorKind, retriable: boolean, message: string, cause?: unknown) {
    super(withoutSecrets(message), cause === undefined ? undefined : { cause })
    this.name = 'WhohadError'
    this.code = code
    this.kind = kind
    this.retriable = retriable
  }
}

export type ErrorDeclaration<Details> = {
  readonly code: string
  readonly kind: ErrorKind
  (details: Details, cause?: unknown): WhohadError
}

export function declareError<Details>(
  code: string,
  kind: ErrorKind,
  say: (details: Details) => string,
  retriable = false,
): ErrorDeclaration<Details> {
  const make = (details: Details, cause?: unknown) => new WhohadError(code, kind, retriable, say(details), cause)
  return Object.assign(make, { code, kind })
}

/** What an unknown thrown value says, in one line, without secrets of URLs. */
export const reasonOf = (error: unknown): string =>
  error instanceof AggregateError && error.message === ''
    ? error.errors.map(reasonOf).join('; ')
    : withoutSecrets(error instanceof Error ? error.message || error.name : String(error))

/** The same of what `fetch` throws, which says "fetch failed" and keeps the reason to itself. */
export const reasonOfFetch = (error: unknown): string =>
  reasonOf(error instanceof Error && error.cause !== undefined ? error.cause : error)
