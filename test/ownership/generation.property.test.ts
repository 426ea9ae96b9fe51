import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bitsOf } from '../../src/ownership/address.ts'
import type { Question } from '../../src/ownership/answer.ts'
import type { Change, Claim } from '../../src/ownership/claim.ts'
import type { Generation } from '../../src/ownership/generation/generation.ts'
import { type LookUps, ownersOf, ownersOfByPlace } from '../../src/ownership/generation/look-ups.ts'
import { NOBODY } from '../../src/ownership/generation/row-list.ts'
import { createOwnershipIndex } from '../../src/ownership/ownership-index.ts'
import type { Bounds, Millis } from '../../src/ownership/window.ts'
import { histories } from '../support/histories.ts'
import { FoldingIndex, PostedIndex, RestoredIndex } from '../support/index-variants.ts'
import { propertyRuns, propertyTimeoutMs } from '../support/property-runs.ts'

const DAY_MS = 86_400_000

/** The same story over months, so that it lies in several segments, and claims reach over their edges. */
const stretched = (atMs: Millis): Millis => atMs * DAY_MS

const stretchedBounds = ({ earliestMs, latestMs }: Bounds): Bounds => ({
  earliestMs: stretched(earliestMs),
  latestMs: stretched(latestMs),
})

function stretchedChange(change: Change): Change {
  if (change.record === 'horizon') return { ...change, beforeMs: stretched(change.beforeMs) }
  if (change.record === 'progress') {
    return { ...change, completeUpToMs: stretched(change.completeUpToMs), overAtMs: stretched(change.overAtMs) }
  }
  if (change.record === 'claim') return stretchedClaim(change)
  const { bounds, validity, scope } = change
  return {
    ...change,
    bounds: {
      ...bounds,
      longestGapMs: stretched(bounds.longestGapMs),
      briefestHoldingMs: stretched(bounds.briefestHoldingMs),
    },
    validity: { fromMs: stretched(validity.fromMs), untilMs: stretched(validity.untilMs) },
    scope: scope.map(part => ({ ...part, fromMs: stretched(part.fromMs) })),
  }
}

const stretchedClaim = (claim: Claim): Claim => ({
  ...claim,
  start: stretchedBounds(claim.start),
  end: stretchedBounds(claim.end),
  lastSightingMs: stretched(claim.lastSightingMs),
})

/** On the day, or a millisecond beside its edge. */
const stretchedQuestion = (question: Question, shiftMs: number): Question => {
  const fromMs = stretched(question.fromMs) + shiftMs
  return {
    ...question,
    fromMs,
    untilMs: Math.max(fromMs + 1, stretched(question.untilMs) + shiftMs),
    nowMs: stretched(question.nowMs),
  }
}

const story = fc
  .tuple(histories({ mostClaims: 10, questions: 25 }), fc.boolean(), fc.constantFrom(-1, 0, 1), fc.integer())
  .map(([{ changes, questions }, isLong, shiftMs, dice]) => ({
    changes: isLong ? changes.map(stretchedChange) : changes,
    questions: isLong ? questions.map(question => stretchedQuestion(question, shiftMs)) : questions,
    dice,
  }))

test('folded, restored or posted to another thread at any moment, an index answers as one that never was', {
  timeout: propertyTimeoutMs(60_000),
}, () => {
  fc.assert(
    fc.property(story, ({ changes, questions, dice }) => {
      const plain = createOwnershipIndex()
      const others = [new FoldingIndex(dice), new RestoredIndex(dice), new PostedIndex(dice)]
      for (const change of changes) {
        for (const index of [plain, ...others]) index.apply(change)
      }
      for (const question of questions) {
        const expected = plain.ask(question)
        for (const index of others) expect(index.ask(question)).toEqual(expected)
      }
    }),
    propertyRuns(120),
  )
})

const signed = (question: Question): readonly [4 | 6, number, number, number, number] => {
  const { family, words } = bitsOf(question.ip)
  return [family, words[0] | 0, words[1] | 0, words[2] | 0, words[3] | 0]
}

function lookUpsOf(generation: Generation, questions: readonly Question[], family: 4 | 6): LookUps {
  const words = questions.flatMap(question => signed(question).slice(1, family === 4 ? 2 : 5))
  return {
    family,
    count: questions.length,
    domains: Int32Array.from(questions, ({ domain }) => generation.domain(domain).number),
    words: Int32Array.from(words),
    fromMs: Float64Array.from(questions, ({ fromMs }) => fromMs),
    untilMs: Float64Array.from(questions, ({ untilMs }) => untilMs),
  }
}

test('what the quick look-up calls owned is owned by the same owner when the whole question is asked, and what it calls nobody’s is nobody’s', {
  timeout: propertyTimeoutMs(60_000),
}, () => {
  const tally = { owned: 0, nobody: 0, inFull: 0, plainButInFull: 0 }
  fc.assert(
    fc.property(story, ({ changes, questions, dice }) => {
      const index = createOwnershipIndex()
      for (const [i, change] of changes.entries()) {
        index.apply(change)
        if (i === Math.abs(dice) % changes.length) index.compact()
      }
      const generation = index.generation()
      const askable = questions
        .map(({ port: _, ...question }): Question => question)
        // What the quick look-up takes for granted: no horizon above the window, and all of it over by the reader's clock.
        .filter(({ domain, fromMs }) => fromMs >= generation.domain(domain).beforeMs)
        .filter(({ untilMs, nowMs }) => untilMs <= nowMs)
      for (const question of askable) {
        const answer = generation.ask(question)
        const [family, a, b, c, d] = signed(question)
        const { number } = generation.domain(question.domain)
        const fact = generation.ownerOf(number, family, a, b, c, d, question.fromMs, question.untilMs)
        tally[fact >= 0 ? 'owned' : fact === NOBODY ? 'nobody' : 'inFull']++
        if (fact >= 0) {
          expect(answer.state).toBe('owned')
          expect(generation.facts.fact(fact).owners[0]).toEqual(answer.holding?.owner)
        } else {
          if (fact === NOBODY)
            expect([answer.holding, answer.candidates.filter(({ holding }) => holding)]).toEqual([null, []])
          if (answer.state === 'owned') tally.plainButInFull++
        }
      }
      for (const family of [4, 6] as const) {
        const alike = askable.filter(question => signed(question)[0] === family)
        const lookUps = lookUpsOf(generation, alike, family)
        const one = alike.map(({ domain, fromMs, untilMs }, i) => {
          const [, a, b, c, d] = signed(alike[i] as Question)
          return generation.ownerOf(generation.domain(domain).number, family, a, b, c, d, fromMs, untilMs)
        })
        const [many, byPlace] = [new Int32Array(alike.length), new Int32Array(alike.length)]
        ownersOf(generation, lookUps, many)
        ownersOfByPlace(generation, lookUps, byPlace, new Uint32Array(alike.length))
        expect([[...many], [...byPlace]]).toEqual([one, one])
      }
    }),
    propertyRuns(150),
  )
  expect(tally.owned).toBeGreaterThan(10)
  expect(tally.nobody).toBeGreaterThan(10)
})
