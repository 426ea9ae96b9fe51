import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Affected, mayHaveChanged, type Place } from '../../src/ownership/affected.ts'
import type { Answer, AnswerPart, Holding, Question } from '../../src/ownership/answer.ts'
import type { Change, Claim } from '../../src/ownership/claim.ts'
import { correctionsOf } from '../../src/ownership/corrections.ts'
import { lateCorrectionsOf } from '../../src/ownership/late-corrections.ts'
import { createOwnershipIndex, type OwnershipIndex } from '../../src/ownership/ownership-index.ts'
import { isHost, prefixBits } from '../../src/ownership/prefix.ts'
import { timelineOf } from '../../src/ownership/timeline.ts'
import { Watcher } from '../../src/ownership/watch.ts'
import { indexOf, question } from '../support/estate.ts'
import { histories } from '../support/histories.ts'
import { KnownChanges } from '../support/known-changes.ts'
import { claim } from '../support/plain-changes.ts'
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
  let final = questions.map(asked => index.ask(asked).final)
  for (const change of changes) {
    const affected = correctionsOf(change, known)
    const late = lateCorrectionsOf(change, known, Number.POSITIVE_INFINITY)
    expect(inOrder(correctionsOf(change, index.before()))).toEqual(inOrder(affected))
    index.apply(change)
    known.apply(change)
    const after = questions.map(asked => saidIn(index.ask(asked)))
    for (const [i, asked] of questions.entries()) {
      if (before[i] === after[i]) continue
      changed++
      if (!affected.some(one => mayHaveChanged(asked, one)))
        expect.fail(unnamed(asked, before[i], after[i], change, affected))
      // Whoever waited until the answer was final looks again there alone.
      if (!final[i] || change.record === 'horizon' || late.some(one => mayHaveChanged(asked, one))) continue
      expect.fail(`was final: ${unnamed(asked, before[i], after[i], change, late)}`)
    }
    before = after
    final = questions.map(asked => index.ask(asked).final)
  }
  return changed
}

const inOrder = (affected: readonly Affected[]): readonly string[] => affected.map(one => JSON.stringify(one)).sort()

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

/** Claims of one source at one layer, about no lifetimes: what each says is told by an index that knows no other. */
function ofOneSource(change: Change): readonly Change[] {
  if (change.record === 'horizon') return []
  if (change.record !== 'claim') return [{ ...change, source: 'a/one' }]
  return [{ ...change, source: 'a/one', layer: 'instance', lifetimeId: null, expects: [] }]
}

/** What each claim on a prefix says, cut by its neighbours, to whom no other claim on it is told; '' is told of none. */
function alone({ domain }: Place, claims: readonly Claim[], polled: readonly Change[]) {
  const elsewhere = claim(1, { id: 'elsewhere', at: '192.0.2.1', domain, source: 'a/one' })
  const indexes = new Map([['', indexOf([...polled, elsewhere])]])
  for (const span of timelineOf(claims)) {
    const held = claims.find(({ id }) => id === span.claim.id) as Claim
    const start = { earliestMs: span.possibleFromMs, latestMs: span.certainFromMs }
    const end = { earliestMs: span.certainUntilMs, latestMs: span.possibleUntilMs }
    indexes.set(held.id, indexOf([...polled, elsewhere, { ...held, start, end }]))
  }
  return (id: string, asked: Question) => saidIn((indexes.get(id) ?? (indexes.get('') as OwnershipIndex)).ask(asked))
}

/** Before its source spoke of a layer, what a claim leaves open is heard only where nobody else spoke. */
function isHearsay({ domain, prefix }: Affected, atMs: number, known: KnownChanges): boolean {
  const history = known.historyOf('a/one')
  const place = { domain, address: prefixBits(prefix) }
  return history !== undefined && atMs < new Watcher(history, place, atMs).speaksFromMs('instance')
}

/** Instants of every stretch between two times that a history can name, on its grid and in between. */
const INSTANTS = Array.from({ length: 28 }, (_, i) => i * 5 - 10)

/** A point question about each of these instants that is named. */
function questionsOn({ domain, prefix, ports, fromMs, untilMs }: Affected): readonly Question[] {
  const part = { domain, ...(ports && { port: ports.first }) }
  const named = INSTANTS.filter(atMs => fromMs <= atMs && atMs < untilMs)
  return named.map(atMs => question(prefix.split('/')[0] ?? '', atMs, atMs + 1, part))
}

test('at each instant that a claim on one address names, some claim on it says something else', LONG, () => {
  let instants = 0
  fc.assert(
    fc.property(histories({ questions: 0 }), disorder, ({ changes }, order) => {
      const known = new KnownChanges()
      const polled: Change[] = []
      for (const change of shuffled(changes.map(retagged).flatMap(ofOneSource), order)) {
        const affected = change.record === 'claim' ? correctionsOf(change, known) : []
        const claims = affected.map(one => known.claimsAt(one.domain, one.prefix))
        known.apply(change)
        if (change.record !== 'claim') polled.push(change)
        for (const [i, one] of affected.entries()) {
          if (!isHost(one.prefix)) continue
          const next = known.claimsAt(one.domain, one.prefix)
          const [was, is] = [alone(one, claims[i] ?? [], polled), alone(one, next, polled)]
          for (const asked of questionsOn(one)) {
            instants++
            if (next.some(({ id }) => was(id, asked) !== is(id, asked)) || isHearsay(one, asked.fromMs, known)) continue
            expect.fail(JSON.stringify([change, one, asked]))
          }
        }
      }
    }),
    propertyRuns(40),
  )
  expect(instants).toBeGreaterThan(500)
})
