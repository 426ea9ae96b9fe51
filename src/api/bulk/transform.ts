import { reasonOf, WhohadError } from '../../runtime/errors.ts'
import { apiErrors } from '../errors.ts'

/** Questions go in as bytes, in pieces of any size; answers come out in their order. Nothing is kept beyond one line. */
export type BulkTransform = {
  /** @throws what makes all of the input unreadable, before anything came out */
  take(chunk: Buffer): Buffer
  end(): Buffer
}

/** The same, where what answers has to be fetched first. */
export type PieceTransform = {
  take(chunk: Buffer): Buffer | Promise<Buffer>
  end(): Buffer | Promise<Buffer>
}

/** The same of whole lines, the last one perhaps without its end: each piece is answered for itself. */
export type LineAnswers = { answer(lines: Buffer): Buffer }

/** Cuts text as it comes into pieces for `LineAnswers`. They are empty while nothing has come to its end. */
export type Cutter = {
  take(chunk: Buffer): Buffer
  /** What is left. */
  end(): Buffer
}

/** Longest line, or element of an array, that is read. */
export const LONGEST_LINE_BYTES = 8192

/** What is told of a line that has no answer. A defect is no fault of the line, and ends all. */
export function lineError(error: unknown): { readonly code: string; readonly detail: string } {
  if (error instanceof WhohadError && error.kind !== 'failure') return { code: error.code, detail: error.message }
  throw error
}

export const tooLong = () =>
  lineError(apiErrors.bulkLineRefused({ reason: `it is longer than ${LONGEST_LINE_BYTES} bytes` }))

export const unreadable = (cause: unknown) => lineError(apiErrors.bulkLineRefused({ reason: reasonOf(cause) }))
