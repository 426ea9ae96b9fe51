import fc from 'fast-check'
import { expect, test } from 'vitest'
import { answerJson } from '../../src/api/answer-json.ts'
import { answerText } from '../../src/api/answer-text.ts'
import { isoTimeOf } from '../../src/api/iso-time.ts'
import { answers, EXAMPLE_MS, holding, owner, question } from '../support/answers.ts'
import { indexOf } from '../support/estate.ts'
import { histories } from '../support/histories.ts'
import { propertyRuns } from '../support/property-runs.ts'

const asObjects = (...given: Parameters<typeof answerJson>) => JSON.stringify(answerJson(...given))

test('the text of an answer is, byte for byte, that of its objects', () => {
  fc.assert(
    fc.property(
      histories({ questions: 10 }),
      fc.option(fc.integer({ min: 0 }), { nil: undefined }),
      (history, asOf) => {
        const index = indexOf(history.changes)
        for (const asked of history.questions) {
          const answer = index.ask(asked)
          expect(answerText(answer, asOf)).toBe(asObjects(answer, asOf))
          // Owners are remembered: the second text is made of what the first one left.
          expect(answerText(answer)).toBe(asObjects(answer))
        }
      },
    ),
    propertyRuns(60),
  )
})

test('and also where names need escapes, sides have no bound, and there are several candidates', () => {
  const asked = question('52.11.120.97' as Parameters<typeof question>[0])
  const odd = holding({
    owner: owner('a "b"\\\n\u2028é\ud800', 'task\t1', {
      team: null,
      labels: { 'x"': '\\', tier: 'ü' },
      forwards: true,
    }),
    source: 'source "s"',
    claimId: 'id\\"',
    start: { earliestMs: Number.NEGATIVE_INFINITY, latestMs: EXAMPLE_MS },
  })
  const during = { fromMs: EXAMPLE_MS, untilMs: EXAMPLE_MS + 1 }
  const all = {
    ...answers.owned(asked),
    holding: odd,
    candidates: [
      { holding: odd, during },
      { holding: null, during },
    ],
    candidatesTotal: 2,
    under: [odd, holding()],
    underTotal: 2,
    split: {
      parts: [
        { ...during, state: 'owned', reason: 'sighted', holding: odd },
        { ...during, state: 'unknown', reason: 'not-yet', holding: null },
      ],
      total: 2,
    },
    service: odd,
    watermarkMs: null,
  } as const
  for (const answer of [all, { ...all, question: { ...asked, port: 443, domain: 'a"b' } }, answers.external(asked)]) {
    expect(answerText(answer)).toBe(asObjects(answer))
  }
})

test('instants are written as Date writes them, from the year 0 to 9999, with fractions, and refused alike', () => {
  const most = Date.UTC(9999, 11, 31, 23, 59, 59, 999)
  fc.assert(
    fc.property(fc.integer({ min: -62_167_219_200_000, max: most }), ms => {
      expect(isoTimeOf(ms)).toBe(new Date(ms).toISOString())
    }),
    propertyRuns(2000),
  )
  for (const ms of [0, -1, 86_399_999, 86_400_000, most, EXAMPLE_MS + 0.25, -0, 8.64e15, -8.64e15]) {
    expect(isoTimeOf(ms)).toBe(new Date(ms).toISOString())
  }
  for (const ms of [8.64e15 + 1, Number.NaN, Number.POSITIVE_INFINITY]) expect(() => isoTimeOf(ms)).toThrow(RangeError)
})
