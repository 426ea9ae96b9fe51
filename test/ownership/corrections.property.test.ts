import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Affected, mayHaveChanged } from '../../src/ownership/affected.ts'
import type { Answer, AnswerPart, Holding, Question } from '../../src/ownership/answer.ts'
import type { Change } from '../../src/ownership/claim.ts'
import { correctionsOf } from '../../src/ownership/corrections.ts'
import { createOwnershipIndex } from '../../src/ownership/ownership-index.ts'
import { isHost } from '../../src/ownership/prefix.ts'
import { question } from '../support/estate.ts'
import { histories } from '../support/histories.ts'
import { KnownChanges } from '../support/known-changes.ts'
import { type Held, type Poll, histories as polledHistories, pollHistory, polls } from '../support/polled-world.ts'
import { propertyRuns, propertyTimeoutMs } from '../support/property-runs.ts'

const LONG = { timeout: propertyTimeoutMs(60_000) }

/** How late it is tells `source-stale` from `not-yet`: silence is one word here. */
const reasonOf = ({ reason }: Answer | AnswerPart) => (reason === 'not-yet' ? 'source-stale' : reason)
const whoIn = (holding: Holding | null) => holding && [holding.claimId, holding.owner]

/** What a correction is about. */
function saidIn(answer: Answer): string {
  const { state, holding, candidates, under, service, split } = answer
  const parts = split?.parts.map(part => [part.state, reasonOf(part), whoIn(part.holding), part.fromMs, part.untilMs])
  return JSON.stringify([
    [state, reasonOf(answer), whoIn(holding), whoIn(service)],
    candidates.map(({ holding: one, during }) => [whoIn(one), during]),
    under.map(whoIn),
    joined(parts ?? []),
  ])
}

/** Parts that tell the same, one after the other, as one; none where that is all. */
function joined(parts: readonly unknown[][]): readonly unknown[] {
  const said = parts.map(part => JSON.stringify(part.slice(0, 3)))
  const begins = parts.filter((_, i) => said[i] !== said[i - 1]).map(part => part.slice(0, 4))
  return begins.length > 1 ? begins : []
}

/** Applies the changes one by one; every answer that is another one afterwards must have been named. Returns how many were. */
function expectNamed(changes: readonly Change[], questions: readonly Question[]): number {
  const index = createOwnershipIndex()
  const known = new KnownChanges()
  let changed = 0
  let before = questions.map(asked => saidIn(index.ask(asked)))
  for (const change of changes) {
    const affected = correctionsOf(change, known)
    index.apply(change)
    known.apply(change)
    const after = questions.map(asked => saidIn(index.ask(asked)))
    for (const [i, asked] of questions.entries()) {
      if (before[i] === after[i]) continue
      changed++
      if (affected.some(one => mayHaveChanged(asked, one))) continue
      expect.fail(unnamed(asked, before[i], after[i], change, affected))
    }
    before = after
  }
  return changed
}

const unnamed = (asked: Question, before: unknown, after: unknown, change: Change, affected: readonly Affected[]) =>
  `${JSON.stringify(asked)}\nwas ${before}\nis  ${after}\nby ${JSON.stringify(change)}\nnamed: ${JSON.stringify(affected)}`

/** Revisions of one claim differ in their owner as well: tags come and go. */
const retagged = (change: Change): Change =>
  change.record === 'claim' && change.revision.sequence % 2 === 1
    ? { ...change, owners: change.owners.map(held => ({ ...held, team: 'payments' })) }
    : change

const disorder = fc.array(fc.nat(), { minLength: 80, maxLength: 80 })
const shuffled = (changes: readonly Change[], order: readonly number[]): readonly Change[] =>
  changes
    .map((change, i) => ({ change, at: order[i % order.length] ?? 0 }))
    .sort((a, b) => a.at - b.at)
    .map(({ change }) => change)

test('whatever is applied, in whatever order, no answer changes that was not named', LONG, () => {
  let changed = 0
  fc.assert(
    fc.property(histories({ questions: 25 }), disorder, ({ changes, questions }, order) => {
      changed += expectNamed(shuffled(changes.map(retagged), order), questions)
    }),
    propertyRuns(30),
  )
  expect(changed).toBeGreaterThan(1000) // a test in which nothing changes proves nothing
})

const moments = fc.array(
  fc.record({
    address: fc.constantFrom('10.0.0.1', '10.0.0.2', '10.0.0.3', '10.9.9.9'),
    fromMs: fc.integer({ min: 0, max: 2500 }),
    lengthMs: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 120 })),
  }),
  { minLength: 20, maxLength: 20 },
)

/** Every change that the polls of a history publish, in their order. */
function published(history: readonly Held[], schedule: readonly Poll[]): readonly Change[] {
  const index = createOwnershipIndex()
  const changes: Change[] = []
  const apply = index.apply.bind(index)
  index.apply = change => {
    changes.push(change)
    apply(change)
  }
  pollHistory(index, history, schedule, 0)
  return changes
}

test('of what pollers publish, on time or late, no answer changes that was not named', LONG, () => {
  let changed = 0
  fc.assert(
    fc.property(polledHistories, polls, moments, fc.boolean(), disorder, (history, schedule, asked, isLate, order) => {
      const changes = published(history, schedule)
      const atTurns = history.flatMap(({ address, fromMs, untilMs }) =>
        [fromMs - 1, fromMs, untilMs - 1, untilMs].map(atMs => question(address, atMs)),
      )
      const drawn = asked.map(({ address, fromMs, lengthMs }) => question(address, fromMs, fromMs + lengthMs))
      changed += expectNamed(isLate ? shuffled(changes, order) : changes, [...drawn, ...atTurns.slice(0, 30)])
    }),
    propertyRuns(12),
  )
  expect(changed).toBeGreaterThan(1000)
})

/** How a point answer shows each claim: whether it has surely begun by then, and whether it may have ended. */
const shownIn = (answer: Answer): readonly Shown[] =>
  [answer.holding, ...answer.candidates.map(({ holding }) => holding), ...answer.under].flatMap(holding => {
    if (holding === null) return []
    const isBegun = holding.start.latestMs <= answer.question.fromMs
    const isEnding = holding.end.earliestMs <= answer.question.fromMs
    return [{ id: holding.claimId, layer: holding.layer, evidence: holding.evidence, isBegun, isEnding }]
  })

type Shown = Pick<Holding, 'layer' | 'evidence'> & {
  readonly id: string
  readonly isBegun: boolean
  readonly isEnding: boolean
}

/**
 * Claims of one source at one layer, each of a holder of its own: what several say of one holder is shown as one, and of what
 * lies under another layer it is not shown whether anybody had looked.
 */
function apart(change: Change): readonly Change[] {
  if (change.record === 'horizon') return []
  if (change.record !== 'claim') return [{ ...change, source: 'a/one' }]
  const owners = change.owners.map(held => ({ ...held, resourceId: `${held.resourceId} ${change.id}` }))
  return [{ ...change, source: 'a/one', owners, layer: 'instance', lifetimeId: null, expects: [] }]
}

/** Whom another is certain to hold it against is not shown (rule 8), nor who was not looked at where others were not either. */
const hidesOthers = (answer: Answer): boolean =>
  answer.state === 'unknown' || shownIn(answer).some(({ isBegun, isEnding }) => isBegun && !isEnding)

/** Instants of every stretch between two times that such a history can name, on its grid and in between. */
const INSTANTS = Array.from({ length: 55 }, (_, i) => i * 5 - 10)

/** Point questions about each stretch that a claim on one address names. */
function questionsOn(affected: readonly Affected[]): readonly (readonly Question[])[] {
  return affected
    .filter(({ prefix }) => isHost(prefix))
    .map(({ domain, prefix, ports, fromMs, untilMs }) => {
      const part = { domain, ...(ports && { port: ports.first }) }
      const instants = INSTANTS.filter(atMs => fromMs <= atMs && atMs < untilMs)
      return instants.map(atMs => question(prefix.split('/')[0] ?? '', atMs, atMs + 1, part))
    })
}

test(
  'each stretch that a claim on one address names holds an instant at which it is shown otherwise, and few at which not',
  LONG,
  () => {
    let instants = 0
    let otherwise = 0
    fc.assert(
      fc.property(histories({ questions: 0 }), disorder, ({ changes }, order) => {
        const index = createOwnershipIndex()
        const known = new KnownChanges()
        for (const change of shuffled(changes.map(retagged).flatMap(apart), order)) {
          const stretches = change.record === 'claim' ? questionsOn(correctionsOf(change, known)) : []
          const before = stretches.map(asked => asked.map(one => index.ask(one)))
          index.apply(change)
          known.apply(change)
          for (const [i, asked] of stretches.entries()) {
            const differ = asked.filter((one, j) => {
              const [was, is] = [before[i]?.[j] as Answer, index.ask(one)]
              return saidIn(was) !== saidIn(is) || JSON.stringify(shownIn(was)) !== JSON.stringify(shownIn(is))
            })
            if (differ.length === 0 && !before[i]?.every(hidesOthers)) expect.fail(JSON.stringify([change, asked]))
            instants += asked.length
            otherwise += differ.length
          }
        }
      }),
      propertyRuns(80),
    )
    expect(instants).toBeGreaterThan(500)
    expect(otherwise / instants).toBeGreaterThan(0.95)
  },
)
