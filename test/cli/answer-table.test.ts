import { stripVTControlCharacters } from 'node:util'
import { expect, test } from 'vitest'
import { answerJson } from '../../src/api/answer-json.ts'
import { parseAddressText } from '../../src/api/question.ts'
import { answerTable } from '../../src/cli/answer-table.ts'
import type { Answer } from '../../src/ownership/answer.ts'
import { answers, EXAMPLE_MS, holding, question } from '../support/answers.ts'

const asked = question(parseAddressText('52.11.120.97'), { untilMs: EXAMPLE_MS + 60_000 })
const shown = (answer: Answer) => stripVTControlCharacters(answerTable(answerJson(answer)))

test('an answer that changes within its window shows each part with its times, its verdict and its holder', () => {
  const midMs = EXAMPLE_MS + 1000
  const parts = [
    { fromMs: EXAMPLE_MS, untilMs: midMs, state: 'owned', reason: 'sighted', holding: holding() },
    { fromMs: midMs, untilMs: asked.untilMs, state: 'unknown', reason: 'not-yet', holding: null },
  ] as const
  const text = shown({ ...answers.ambiguous(asked), split: { parts, total: 2 } })
  expect(text).toMatch(/Parts\n/)
  expect(text).toMatch(/2017-05-25T00:05:48\.000Z.*2017-05-25T00:05:49\.000Z.*owned \(sighted\).*checkout/)
  expect(text).toMatch(/2017-05-25T00:05:49\.000Z.*2017-05-25T00:06:48\.000Z.*unknown \(not-yet\)/)
  expect(text).not.toMatch(/more$/m)
})

test('a list that was cut says how much it leaves out', () => {
  const text = shown({ ...answers.ambiguous(asked), candidatesTotal: 2500 })
  expect(text).toMatch(/and 2497 more/)
})

test('an answer that holds throughout has no parts', () => {
  expect(shown(answers.owned(asked))).not.toMatch(/Parts/)
})
