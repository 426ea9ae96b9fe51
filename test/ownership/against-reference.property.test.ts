import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Answer, Question } from '../../src/ownership/answer.ts'
import { type History, histories } from '../support/histories.ts'
import { questionInWords } from '../support/history-words.ts'
import { propertyRuns, propertyTimeoutMs } from '../support/property-runs.ts'
import { asReference, INDEXES, indexWith } from './reference/comparison.ts'
import type { ReferenceAnswer } from './reference/naming.ts'
import { reference } from './reference/reference.ts'

const dice = fc.integer()

describe.each(INDEXES)('$name', ({ make }) => {
  test('answers every question as the definition does, whatever the history', {
    timeout: propertyTimeoutMs(60_000),
  }, () => {
    fc.assert(
      fc.property(histories({ questions: 20 }), dice, ({ changes, questions }, drawn) => {
        const index = indexWith(make(drawn), changes)
        const definition = reference(changes)
        for (const question of questions) {
          expect(asReference(index.ask(question)), questionInWords(question)).toEqual(definition.ask(question))
        }
      }),
      propertyRuns(120),
    )
  })
})

/** What an answer of one instant says, the claim aside: two claims of one holder are one holder. */
const ofInstant = ({ state, reason, holder }: Pick<ReferenceAnswer, 'state' | 'reason' | 'holder'>): string =>
  `${state} ${reason} ${holder ? `${holder.resourceId} ${holder.application}` : ''}`

describe('the reference', () => {
  test('says of each millisecond of a window what it says of that millisecond alone', {
    timeout: propertyTimeoutMs(60_000),
  }, () => {
    const longest = 45
    fc.assert(
      fc.property(histories({ questions: 3 }), ({ changes, questions }) => {
        const definition = reference(changes)
        for (const question of questions) {
          const { fromMs } = question
          const untilMs = Math.min(question.untilMs, fromMs + longest)
          const whole = definition.ask({ ...question, untilMs })
          for (let atMs = fromMs; atMs < untilMs; atMs++) {
            const part = whole.split?.find(one => one.fromMs <= atMs && atMs < one.untilMs) ?? whole
            const alone = definition.ask({ ...question, fromMs: atMs, untilMs: atMs + 1 })
            expect(ofInstant(part), `${questionInWords({ ...question, untilMs })} at ${atMs}`).toBe(ofInstant(alone))
          }
        }
      }),
      propertyRuns(50),
    )
  })
})

describe('the histories', () => {
  // `satisfies` keeps the list closed: a new state or reason does not compile until it is named here.
  const REASONS = {
    owned: ['sighted', 'authoritative-time', 'flow-sighting', 'bridged'],
    // interface-level is the enricher's: it needs to know which end of a flow recorded it.
    ambiguous: ['handoff', 'head', 'tail', 'shared-address', 'conflicting-sources', 'spans-handoff'],
    unowned: ['absent-in-complete-polls'],
    unknown: ['before-coverage', 'source-stale', 'not-yet', 'expired', 'no-such-domain', 'unmanaged-prefix'],
    external: ['internet', 'aws-service'],
  } as const satisfies { [State in Answer['state']]: readonly Extract<Answer, { state: State }>['reason'][] }

  const drawn: readonly History[] = fc.sample(histories({ questions: 20 }), { numRuns: 300, seed: 20171 })
  const answers = drawn.flatMap(({ changes, questions }) => {
    const definition = reference(changes)
    return questions.map(question => ({ question, answer: definition.ask(question) }))
  })
  const count = (matches: (one: (typeof answers)[number]) => boolean): number => answers.filter(matches).length

  test.for(Object.entries(REASONS).flatMap(([state, reasons]) => reasons.map(reason => [state, reason] as const)))(
    'reach %s: %s',
    ([state, reason]) => {
      expect(count(({ answer }) => answer.state === state && answer.reason === reason)).toBeGreaterThan(5)
    },
  )

  test('reach answers that are final and such that are not, split ones, and holders beneath others', () => {
    expect(count(({ answer }) => answer.final)).toBeGreaterThan(500)
    expect(count(({ answer }) => !answer.final)).toBeGreaterThan(500)
    expect(count(({ answer }) => answer.split !== null)).toBeGreaterThan(500)
    expect(count(({ answer }) => answer.state === 'owned' && answer.under.length > 0)).toBeGreaterThan(100)
    expect(count(({ answer }) => answer.candidates.length > 2)).toBeGreaterThan(100)
  })

  test('reach owned answers of IPv6, of the highest addresses, on a port, over a window', () => {
    const owned = (matches: (question: Question) => boolean) =>
      count(({ question, answer }) => answer.state === 'owned' && matches(question))
    expect(owned(({ ip }) => ip.includes(':'))).toBeGreaterThan(50)
    expect(owned(({ ip }) => ip === '255.255.255.255')).toBeGreaterThan(20)
    expect(owned(({ ip }) => ip === '128.0.0.1')).toBeGreaterThan(20)
    expect(owned(({ port }) => port !== undefined)).toBeGreaterThan(50)
    expect(owned(({ fromMs, untilMs }) => untilMs - fromMs > 1)).toBeGreaterThan(50)
  })
})
