import { type ErrorKind, reasonOf, WhohadError } from './errors.ts'

/** An error on its way between threads. */
export type PostedError = {
  readonly code: string | undefined
  readonly kind: string
  readonly retriable: boolean
  readonly message: string
  readonly stack: string | undefined
}

export function toPost(error: unknown): PostedError {
  const stack = error instanceof Error ? error.stack : undefined
  if (!(error instanceof WhohadError)) {
    return { code: undefined, kind: 'failure', retriable: false, message: reasonOf(error), stack }
  }
  const { code, kind, retriable, message } = error
  return { code, kind, retriable, message, stack }
}

/** The error again. One without a code is a defect of ours, and keeps the stack that it had in its own thread. */
export function fromPost({ code, kind, retriable, message, stack }: PostedError): Error {
  if (code !== undefined) return new WhohadError(code, kind as ErrorKind, retriable, message)
  const error = new Error(message)
  if (stack !== undefined) error.stack = stack
  return error
}
