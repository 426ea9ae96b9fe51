import { ProblemSchema } from './problem.ts'

/** Who is not known, or asks too often. */
const OF_EVERY_CALLER = [401, 429]

/** For a route's `response`: what it says where it does not answer. Problems are sent as text, past the serialiser. */
export const problemResponses = (...statuses: readonly number[]) =>
  Object.fromEntries(
    [...statuses, ...OF_EVERY_CALLER].map(status => [
      status,
      { description: 'a problem (RFC 9457)', content: { 'application/problem+json': { schema: ProblemSchema } } },
    ]),
  )
