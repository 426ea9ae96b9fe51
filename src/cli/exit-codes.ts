import type { AnswerState } from '../ownership/answer.ts'
import { WhohadError } from '../runtime/errors.ts'

/** Documented in README.md; scripts rest on them. */
export const EXIT = { done: 0, failure: 1, usage: 2, notOwned: 3, unreachable: 4, partial: 5 } as const

/** 0 where the question is settled (owned, or provably not ours), 3 where it was answered but nobody can be named. */
export const exitCodeOf = (state: AnswerState): number =>
  state === 'owned' || state === 'external' ? EXIT.done : EXIT.notOwned

export function exitCodeFor(error: unknown): number {
  if (!(error instanceof WhohadError)) return EXIT.failure
  switch (error.kind) {
    case 'usage':
      return EXIT.usage
    case 'unreachable':
      return EXIT.unreachable
    default:
      return EXIT.failure
  }
}
