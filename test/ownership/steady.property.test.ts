import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bitsOf } from '../../src/ownership/address.ts'
import type { Answer, Question } from '../../src/ownership/answer.ts'
import type { Claim } from '../../src/ownership/claim.ts'
import { type Beside, ownersOf } from '../../src/ownership/generation/look-ups.ts'
import { NOBODY } from '../../src/ownership/generation/row-list.ts'
import { createOwnershipIndex, type OwnershipIndex } from '../../src/ownership/ownership-index.ts'
import { StandingIndex } from '../../src/ownership/standing-index.ts'
import { SteadyStretch } from '../../src/ownership/steady-stretch.ts'
import type { Window } from '../../src/ownership/window.ts'
import { histories } from '../support/histories.ts'
import { propertyRuns, propertyTimeoutMs } from '../support/property-runs.ts'

/** What an answer says apart from when. */
function saidBy({ state, reason, holding, candidates, under, underTotal, service, final }: Answer) {
  const named = ({ claimId, owner }: NonNullable<Answer['holding']>) => `${claimId} ${owner.resourceId}`
  return {
    state,
    reason,
    final,
    holding: holding && named(holding),
    candidates: candidates.map(one => one.holding && named(one.holding)),
    under: under.map(named),
    underTotal,
    service: service && named(service),
  }
}

const standing = (index: OwnershipIndex) => new StandingIndex(structuredClone(index.standing()))

/** Windows within a stretch, on its edges and anywhere between. */
const within = ({ fromMs, untilMs }: Window, dice: readonly number[]): readonly Window[] => {
  const [low, high] = [Math.max(fromMs, -500), Math.min(untilMs, 20_000)]
  const points = [low, high, ...dice.map(part => Math.floor(low + (high - low) * part))].sort((a, b) => a - b)
  return points.flatMap((from, i) =>
    points.slice(i + 1).flatMap(until => (from < until ? [{ fromMs: from, untilMs: until }] : [])),
  )
}

const dice = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 2, maxLength: 3 })
const story = fc.record({ history: histories({ mostClaims: 8, questions: 12 }), dice, folded: fc.boolean() })

test('over a steady stretch every window is answered alike, whatever its port where none matters', {
  timeout: propertyTimeoutMs(60_000),
}, () => {
  const tally = { steady: 0, not: 0 }
  fc.assert(
    fc.property(story, ({ history: { changes, questions }, dice: parts, folded }) => {
      const index = createOwnershipIndex()
      for (const change of changes) index.apply(change)
      if (folded) index.compact()
      const reader = standing(index)
      for (const question of questions) {
        const steady = reader.steadyAround(question)
        tally[steady ? 'steady' : 'not']++
        if (steady === undefined) continue
        expect([steady.fromMs <= question.fromMs, question.untilMs <= steady.untilMs]).toEqual([true, true])
        const expected = saidBy(index.ask(question))
        for (const window of within(steady, parts)) {
          expect(saidBy(index.ask({ ...question, ...window }))).toEqual(expected)
          if (steady.hasPorts) continue
          const { port: _, ...portless } = question
          expect(saidBy(index.ask({ ...portless, ...window }))).toEqual(expected)
        }
      }
    }),
    propertyRuns(150),
  )
  expect(Math.min(tally.steady, tally.not)).toBeGreaterThan(20)
})

test('what is told beside a look-up holds throughout: the same owner by the same claim, or none on the address itself', {
  timeout: propertyTimeoutMs(60_000),
}, () => {
  const tally = { owned: 0, nobody: 0 }
  fc.assert(
    fc.property(story, ({ history: { changes, questions }, dice: parts, folded }) => {
      const index = createOwnershipIndex()
      for (const change of changes) index.apply(change)
      if (folded) index.compact()
      const { generation } = standing(index)
      const asked = questions
        .map(({ port: _, ...question }): Question => question)
        .filter(({ domain, fromMs }) => fromMs >= generation.domain(domain).beforeMs)
        .filter(({ untilMs, nowMs }) => untilMs <= nowMs)
      for (const question of asked) {
        const told = lookUp(generation, question)
        if (told.owner >= 0) {
          expect(told.claimId).toBe(index.ask(question).holding?.claimId)
        }
        if (!(told.fromMs < told.untilMs)) continue
        tally[told.owner >= 0 ? 'owned' : 'nobody']++
        expect(told.fromMs <= question.fromMs && question.untilMs <= told.untilMs).toBe(true)
        for (const window of within(told, parts)) {
          if (window.untilMs > question.nowMs || window.fromMs < generation.domain(question.domain).beforeMs) continue
          const answer = index.ask({ ...question, ...window })
          if (told.owner >= 0) expect([answer.state, answer.holding?.claimId]).toEqual(['owned', told.claimId])
          else expect(hostsIn(answer)).toEqual([])
        }
      }
    }),
    propertyRuns(300),
  )
  expect(Math.min(tally.owned, tally.nobody)).toBeGreaterThan(10)
})

/** Claims on the address itself that an answer names. */
const hostsIn = ({ holding, candidates, under }: Answer): readonly string[] =>
  [holding, ...candidates.map(one => one.holding), ...under].flatMap(held =>
    held && /\/(32|128)$/.test(held.prefix) ? [held.claimId] : [],
  )

function lookUp(generation: StandingIndex['generation'], question: Question) {
  const { family, words } = bitsOf(question.ip)
  const claims = new Int32Array(1)
  const beside: Beside = { fromMs: new Float64Array(1), untilMs: new Float64Array(1), claims }
  const owners = new Int32Array(1)
  const lookUps = {
    family,
    count: 1,
    domains: Int32Array.of(generation.domain(question.domain).number),
    words: Int32Array.from(words.slice(0, family === 4 ? 1 : 4)),
    fromMs: Float64Array.of(question.fromMs),
    untilMs: Float64Array.of(question.untilMs),
  }
  ownersOf(generation, lookUps, owners, beside)
  const owner = owners[0] ?? NOBODY
  return {
    owner,
    claimId: owner >= 0 ? generation.claimId(claims[0] ?? 0) : undefined,
    fromMs: beside.fromMs[0] ?? 0,
    untilMs: beside.untilMs[0] ?? 0,
  }
}

test('an interface is told of alike by the reader, and by every window within a steady stretch', {
  timeout: propertyTimeoutMs(60_000),
}, () => {
  let known = 0
  fc.assert(
    fc.property(story, ({ history: { changes, questions }, dice: parts }) => {
      const index = createOwnershipIndex()
      for (const change of changes) index.apply(onInterfaces(change))
      const reader = standing(index)
      for (const question of questions) {
        for (const eni of ['eni-0', 'eni-1', 'eni-none']) {
          const expected = index.interfaceDuring(eni, question)
          expect(reader.interfaceDuring(eni, question)).toEqual(expected)
          const stretch = new SteadyStretch(question)
          reader.interfaceDuring(eni, question, stretch)
          if (expected === undefined || !stretch.isSteady) continue
          known++
          for (const window of within(stretch, parts)) {
            const { owner: _, ...view } = index.interfaceDuring(eni, window) ?? {}
            const { owner: __, ...wanted } = expected
            expect(view).toEqual(wanted)
          }
        }
      }
    }),
    propertyRuns(60),
  )
  expect(known).toBeGreaterThan(20)
})

/** The same claims, each with its owners on one of two interfaces. */
function onInterfaces<T extends { readonly record: string }>(change: T): T {
  if (change.record !== 'claim') return change
  const claim = change as unknown as Claim
  const eni = `eni-${claim.prefix.length % 2}`
  const owners = claim.owners.map((owner, i) => ({ ...owner, eni: i === 0 ? eni : owner.eni }))
  return { ...claim, domain: claim.domain.startsWith('inet') ? 'd1' : claim.domain, owners } as unknown as T
}
