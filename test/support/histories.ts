import fc from 'fast-check'
import type { Question } from '../../src/ownership/answer.ts'
import type { Change, Horizon } from '../../src/ownership/claim.ts'
import { claimChanges } from './history-claims.ts'
import { sourceChanges } from './history-sources.ts'
import { DOMAINS, type Place, place, sometimes, time } from './history-space.ts'
import { storyOf } from './history-words.ts'

/** A heap of changes, and questions about the space that they are about. Where a property fails it prints as a story. */
export type History = { readonly changes: readonly Change[]; readonly questions: readonly Question[] }

export const toldAs = (
  changes: readonly Change[],
  questions: readonly Question[],
): History & fc.WithToStringMethod => ({
  changes,
  questions,
  [fc.toStringMethod]: () => `\n${storyOf(changes)}\n`,
})

const horizon = (domain: string): fc.Arbitrary<Horizon> =>
  fc.record<Horizon>({
    record: fc.constant('horizon'),
    domain: fc.constantFrom(domain, ...DOMAINS),
    beforeMs: fc.constantFrom(10, 20, 50),
  })

/** On the grid, one millisecond before or after it; an instant or a stretch. */
const window = fc
  .tuple(time, fc.constantFrom(0, -1, 1), fc.constantFrom(0, 0, 1, 2, 4, 12), fc.constantFrom(0, -1, 1))
  .map(([gridMs, shiftMs, steps, moreMs]) => {
    const fromMs = gridMs + shiftMs
    return { fromMs, untilMs: Math.max(fromMs + 1, fromMs + steps * 10 + moreMs) }
  })

const question = ({ address, neighbour, domain }: Place): fc.Arbitrary<Question> =>
  fc
    .tuple(
      window,
      sometimes(fc.constant(address), fc.constant(neighbour), 6),
      sometimes<string>(fc.constant(domain), fc.constantFrom(...DOMAINS, 'd2'), 12),
      fc.option(fc.constantFrom(79, 80, 443, 444), { nil: undefined }),
      // Seldom with sources whose clocks are ahead of it.
      sometimes(fc.constantFrom(125, 131, 140, 10_000), fc.constantFrom(40, 61, 99), 5),
    )
    .map(([{ fromMs, untilMs }, ip, asked, port, nowMs]) => ({
      domain: asked,
      ip,
      fromMs,
      untilMs,
      nowMs,
      ...(port === undefined ? {} : { port }),
    }))

export type Shape = { readonly mostClaims?: number; readonly questions?: number }

/**
 * Several sources that watch and claim one neighbourhood of addresses, as polls would have it and as they never would. Every
 * value is drawn alone, so that a failure shrinks to few changes. `mostClaims` counts a succession of holders as one.
 */
export function histories({ mostClaims = 6, questions = 40 }: Shape = {}): fc.Arbitrary<History> {
  return place.chain(here => {
    const horizons = fc.array(horizon(here.domain), { minLength: 1, maxLength: 2 })
    return fc
      .tuple(
        sourceChanges(here),
        claimChanges(here, mostClaims),
        sometimes<readonly Horizon[]>(fc.constant([]), horizons, 3),
        fc.array(question(here), { minLength: questions, maxLength: questions }),
      )
      .map(([watched, claims, below, asked]) => toldAs([...watched, ...claims, ...below], asked))
  })
}
