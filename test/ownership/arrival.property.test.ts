import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Question } from '../../src/ownership/answer.ts'
import type { Change } from '../../src/ownership/claim.ts'
import { type History, histories, toldAs } from '../support/histories.ts'
import { propertyRuns, propertyTimeoutMs } from '../support/property-runs.ts'
import { type AskedIndex, INDEXES, indexWith } from './reference/comparison.ts'

function* permutations<T>(values: readonly T[]): Generator<readonly T[]> {
  if (values.length === 0) yield []
  for (const [i, value] of values.entries()) {
    for (const rest of permutations(values.toSpliced(i, 1))) yield [value, ...rest]
  }
}

const answersOf = (index: AskedIndex, questions: readonly Question[]) => questions.map(question => index.ask(question))

/**
 * Horizons come last: below one, a claim that is over is refused if it comes later (case 59 of the temporal join), and so there
 * the order of arrival does count.
 */
function horizonsLast(changes: readonly Change[]): readonly Change[] {
  const isHorizon = (change: Change) => change.record === 'horizon'
  return [...changes.filter(change => !isHorizon(change)), ...changes.filter(isHorizon)]
}

/** The changes of a history in another order, some of them several times. */
const arrivals = ({ changes, questions }: History) =>
  fc
    .tuple(
      fc.shuffledSubarray([...changes], { minLength: changes.length }),
      fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 6 }),
    )
    .map(([order, repeats]) => {
      const arrived = [...order]
      for (const [which, where] of repeats) {
        const repeated = order[which % Math.max(1, order.length)]
        if (repeated) arrived.splice(where % (arrived.length + 1), 0, repeated)
      }
      return { told: toldAs(changes, questions), arrived: toldAs(horizonsLast(arrived), questions) }
    })

/** A few changes that come after all others, or alone. */
const lateOnes = ({ changes, questions }: History) =>
  fc
    .tuple(fc.shuffledSubarray([...changes], { maxLength: Math.min(5, changes.length) }), fc.boolean())
    .map(([late, isAlone]) => ({
      before: toldAs(isAlone ? [] : changes.filter(change => !late.includes(change)), questions),
      late: toldAs(late, questions),
    }))

const dice = fc.integer()
const timeout = propertyTimeoutMs(60_000)

describe.each(INDEXES)('$name', ({ make }) => {
  test('answers the same after every permutation of a few changes', { timeout }, () => {
    fc.assert(
      fc.property(histories({ questions: 6 }).chain(lateOnes), dice, ({ before, late }, drawn) => {
        const orders = [...permutations(late.changes)].map(order => horizonsLast([...before.changes, ...order]))
        const answers = orders.map(order => answersOf(indexWith(make(drawn), order), late.questions))
        for (const other of answers) expect(other).toEqual(answers[0])
      }),
      propertyRuns(12),
    )
  })

  test('answers the same in whatever order many changes arrive, and however often each of them', { timeout }, () => {
    fc.assert(
      fc.property(histories({ questions: 15 }).chain(arrivals), dice, ({ told, arrived }, drawn) => {
        const expected = answersOf(indexWith(make(drawn), told.changes), told.questions)
        expect(answersOf(indexWith(make(drawn), arrived.changes), told.questions)).toEqual(expected)
      }),
      propertyRuns(80),
    )
  })

  test('answers the same, whatever it was asked while the changes arrived', { timeout }, () => {
    fc.assert(
      fc.property(histories({ questions: 15 }), dice, ({ changes, questions }, drawn) => {
        const expected = answersOf(indexWith(make(drawn), changes), questions)
        const index = make(drawn)
        for (const [i, change] of changes.entries()) {
          const question = questions[i % questions.length]
          if (question) index.ask(question)
          index.apply(change)
        }
        expect(answersOf(index, questions)).toEqual(expected)
      }),
      propertyRuns(40),
    )
  })

  test('answers the same when the past is told again', { timeout }, () => {
    fc.assert(
      fc.property(histories({ questions: 15 }), dice, ({ changes, questions }, drawn) => {
        const index = indexWith(make(drawn), changes)
        const expected = answersOf(index, questions)
        expect(answersOf(indexWith(index, changes), questions)).toEqual(expected)
      }),
      propertyRuns(40),
    )
  })
})
