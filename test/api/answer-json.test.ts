import { Errors } from 'typebox/value'
import { describe, expect, test } from 'vitest'
import { answerJson } from '../../src/api/answer-json.ts'
import { AnswerSchema } from '../../src/api/answer-schema.ts'
import { parseAddressText } from '../../src/api/question.ts'
import { type Answer, MOST_CANDIDATES, type Verdict } from '../../src/ownership/answer.ts'
import { answers, EXAMPLE_MS, holding, owner, question } from '../support/answers.ts'

const asked = question(parseAddressText('52.11.120.97'))

const VERDICTS: readonly Verdict[] = [
  ...(['sighted', 'authoritative-time', 'flow-sighting', 'bridged'] as const).map(reason => ({
    state: 'owned' as const,
    reason,
  })),
  ...(
    ['handoff', 'head', 'tail', 'shared-address', 'conflicting-sources', 'spans-handoff', 'interface-level'] as const
  ).map(reason => ({ state: 'ambiguous' as const, reason })),
  { state: 'unowned', reason: 'absent-in-complete-polls' },
  ...(['before-coverage', 'source-stale', 'not-yet', 'expired', 'no-such-domain', 'unmanaged-prefix'] as const).map(
    reason => ({ state: 'unknown' as const, reason }),
  ),
  ...(['internet', 'aws-service'] as const).map(reason => ({ state: 'external' as const, reason })),
]

describe.for(VERDICTS)('the answer $state: $reason', verdict => {
  const answer: Answer = { ...answers[verdict.state](asked), ...verdict }
  const json = answerJson(answer)

  test('fits its schema, also after a trip as text', () => {
    expect([...Errors(AnswerSchema, json)]).toEqual([])
    expect(JSON.parse(JSON.stringify(json))).toEqual(json)
  })

  test('says in one or two sentences whom it is about', () => {
    expect(json.summary).toMatch(/52\.11\.120\.97/)
    expect(json.summary).toMatch(/\.$/)
    expect(json.summary).not.toMatch(/undefined|null|NaN|Infinity|\.\./)
  })
})

test('the schema refuses what is no answer', () => {
  const json = answerJson(answers.owned(asked))
  for (const wrong of [
    { ...json, state: 'perhaps' },
    { ...json, extra: 1 },
    { ...json, final: null },
  ]) {
    expect([...Errors(AnswerSchema, wrong)]).not.toEqual([])
  }
})

test('times are there as ISO 8601 and as milliseconds, and a side without a bound is null', () => {
  const { holding, question: echoed, watermark } = answerJson(answers.owned(asked))
  expect(echoed.from).toEqual({ iso: '2017-05-25T00:05:48.000Z', ms: EXAMPLE_MS })
  expect(watermark?.ms).toBe(EXAMPLE_MS + 60_000)
  expect(holding?.end).toEqual({ earliest: { iso: '2017-05-25T00:06:48.000Z', ms: EXAMPLE_MS + 60_000 }, latest: null })
  expect(answerJson(answers.external(asked)).service?.start).toEqual({ earliest: null, latest: null })
})

test('nobody among the candidates is a null holding', () => {
  const { candidates, holding, application, summary } = answerJson(answers.ambiguous(asked))
  expect(candidates.map(candidate => candidate.holding?.owner.application ?? null)).toEqual([
    'checkout',
    'search',
    null,
  ])
  expect([holding, application]).toEqual([null, null])
  expect(summary).toMatch(/checkout, search or nobody\.$/)
})

test('an answer that changes within its window lists the parts, each with a verdict of its own', () => {
  const [fromMs, untilMs] = [EXAMPLE_MS, EXAMPLE_MS + 60_000]
  const answer: Answer = {
    ...answers.ambiguous({ ...asked, untilMs }),
    state: 'ambiguous',
    reason: 'spans-handoff',
    split: {
      parts: [
        { fromMs, untilMs: fromMs + 1000, state: 'owned', reason: 'sighted', holding: holding() },
        { fromMs: fromMs + 1000, untilMs, state: 'unknown', reason: 'not-yet', holding: null },
      ],
      total: 2,
    },
  }
  const json = answerJson(answer)
  expect([...Errors(AnswerSchema, json)]).toEqual([])
  expect(json.split?.total).toBe(2)
  expect(json.split?.parts.map(part => [part.state, part.reason, part.holding?.owner.application])).toEqual([
    ['owned', 'sighted', 'checkout'],
    ['unknown', 'not-yet', undefined],
  ])
  expect(json.split?.parts.map(({ during }) => during.until?.ms)).toEqual([fromMs + 1000, untilMs])
  expect(answerJson(answers.owned(asked)).split).toBeNull()
})

test('lists that were cut say how long they are', () => {
  const json = answerJson({ ...answers.ambiguous(asked), candidatesTotal: 2500, underTotal: 1200 })
  expect([json.candidatesTotal, json.underTotal]).toEqual([2500, 1200])
  const many = Array.from({ length: MOST_CANDIDATES }, (_, i) => ({
    holding: holding({ owner: owner(`app-${i}`, `task-${i}`) }),
    during: { fromMs: EXAMPLE_MS, untilMs: EXAMPLE_MS + 1 },
  }))
  const cut = answerJson({ ...answers.ambiguous(asked), candidates: many, candidatesTotal: 2500 })
  expect([...Errors(AnswerSchema, cut)]).toEqual([])
  expect(cut.summary).toMatch(/app-3 or at least 996 more\.$/)
  expect([...Errors(AnswerSchema, { ...cut, candidates: [...cut.candidates, ...cut.candidates] })]).not.toEqual([])
})

test('an owner has its placement beside its names', () => {
  expect(answerJson(answers.owned(asked)).holding?.owner).toMatchObject({
    application: 'checkout',
    team: 'payments@example.com',
    placement: { account: '123456789012', zone: 'us-east-1c', host: 'i-0abc12345def67890' },
    labels: { tier: 'web' },
  })
})
