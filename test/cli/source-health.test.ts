import { expect, test } from 'vitest'
import { forsaken, healthOf, healthWords } from '../../src/cli/source-health.ts'
import type { SourceView } from '../../src/ownership/ownership-index.ts'
import { sourceRecordOf } from '../support/changes.ts'

const AT = Date.UTC(2026, 10, 20)
const view = (part: Partial<SourceView> = {}, untilMs = Number.POSITIVE_INFINITY): SourceView => {
  const record = sourceRecordOf('ec2/1/r', 1)
  return {
    source: { ...record, validity: { ...record.validity, untilMs } },
    completeUpToMs: AT,
    refused: null,
    ...part,
  }
}
const refused = { reason: 'size-drop', detail: 'fell from 40 to 1' }

test('says how far a source is behind, that it is stale, and why its newest poll does not count', () => {
  const words = (one: SourceView, nowMs: number) => healthWords(healthOf(one, nowMs))
  expect(words(view(), AT + 14_000)).toBe('complete up to 14 s ago')
  expect(words(view({ refused }), AT + 181_000)).toBe(
    'stale, complete up to 181 s ago; the last poll was refused: size-drop, fell from 40 to 1',
  )
  expect(words(view({ completeUpToMs: undefined, refused }), AT)).toMatch(
    /^no complete poll yet; the last poll was refused/,
  )
  expect(words(view({}, AT), AT + 1e9)).toBe('removed as of 2026-11-20T00:00:00.000Z')
  expect(healthWords(healthOf(view(), AT + 181_000), 2)).toBe('stale, complete up to 181 s ago; 2 objects wait for it')
  expect(healthWords(healthOf(view(), AT + 14_000), 2)).toBe('complete up to 14 s ago')
})

test('a refusal comes with what to do; of a mass change that is to accept it', () => {
  expect(healthOf(view({ refused }), AT).refused?.mend).toContain('whohad poll accept --source ec2/1/r')
  expect(healthOf(view({ refused: { reason: 'denied', detail: '' } }), AT).refused?.mend).toContain('credentials')
  expect(healthOf(view({ refused: { reason: 'constructor', detail: '' } }), AT).refused?.mend).toContain('errors.md')
})

test('a source is forsaken where nobody polls it, it was not removed, and this process has it not', () => {
  const late = AT + 1e9
  expect(forsaken([view()], [], late)).toEqual([expect.stringContaining('whohad sources remove ec2/1/r')])
  expect(forsaken([view()], ['ec2/1/r'], late)).toEqual([])
  expect(forsaken([view()], [], AT + 1000)).toEqual([]) // another process polls it
  expect(forsaken([view({}, AT)], [], late)).toEqual([])
})
