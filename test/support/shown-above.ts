import type { Answer, Holding } from '../../src/ownership/answer.ts'
import type { Change } from '../../src/ownership/claim.ts'
import type { Millis } from '../../src/ownership/window.ts'

/** The horizon of a domain that these changes come to. */
export const horizonOf = (changes: readonly Change[], domain: string): Millis =>
  Math.max(
    Number.NEGATIVE_INFINITY,
    ...changes.flatMap(change => (change.record === 'horizon' && change.domain === domain ? change.beforeMs : [])),
  )

/** An answer without how far below the horizon a holding may reach: what was let go of may have told that. */
export function shownAbove(horizonMs: Millis, answer: Answer): Answer {
  const above = <T extends Holding | null>(held: T): T =>
    held && { ...held, start: { ...held.start, earliestMs: Math.max(horizonMs, held.start.earliestMs) } }
  return {
    ...answer,
    holding: above(answer.holding),
    under: answer.under.map(above),
    candidates: answer.candidates.map(one => ({ ...one, holding: above(one.holding) })),
    split: answer.split && {
      ...answer.split,
      parts: answer.split.parts.map(part => ({ ...part, holding: above(part.holding) })),
    },
  }
}
