import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bitsOf, type Ip } from '../../../src/ownership/address.ts'
import type { Answer, Question } from '../../../src/ownership/answer.ts'
import type { Change } from '../../../src/ownership/claim.ts'
import { PlainHandoffs } from '../../../src/ownership/generation/plain-handoffs.ts'
import { createOwnershipIndex } from '../../../src/ownership/ownership-index.ts'
import { StandingIndex } from '../../../src/ownership/standing-index.ts'
import { prefix } from '../../support/estate.ts'
import { HOSTS, handoffWorlds, pollsOf, sourceOf, subnetOf, succession } from '../../support/handoff-worlds.ts'
import { histories } from '../../support/histories.ts'
import { sometimes } from '../../support/history-space.ts'
import { questionInWords } from '../../support/history-words.ts'
import { propertyRuns, propertyTimeoutMs } from '../../support/property-runs.ts'

/** What an end of a flow takes of an answer that names no owner. */
const saidBy = ({ state, reason, holding, candidates, candidatesTotal, service }: Answer) => ({
  state,
  reason,
  holding,
  resources: [...new Set(candidates.map(one => one.holding?.owner.resourceId))],
  areAllShown: candidates.length === candidatesTotal,
  service,
})

type Said = Pick<ReturnType<typeof saidBy>, 'state' | 'reason' | 'holding' | 'areAllShown' | 'service'> & {
  readonly resources: readonly (string | undefined)[]
}
type Asked = {
  readonly question: Question
  readonly said: Said | undefined
  readonly full: Answer
}

/** Every question that may be asked so, beside what `answer` says of it. The last `behind` changes lie over the base. */
function asked(changes: readonly Change[], questions: readonly Question[], behind = 0): readonly Asked[] {
  const index = createOwnershipIndex()
  const inBase = Math.max(0, changes.length - behind)
  for (const change of changes.slice(0, inBase)) index.apply(change)
  index.compact()
  for (const change of changes.slice(inBase)) index.apply(change)
  const reader = new StandingIndex(structuredClone(index.standing()))
  const { generation } = reader
  const handoffs = new PlainHandoffs(generation)
  return questions
    .filter(({ domain, fromMs }) => fromMs >= generation.domain(domain).beforeMs)
    .filter(({ untilMs, nowMs }) => untilMs <= nowMs)
    .map((question): Asked => {
      const { family, words } = bitsOf(question.ip)
      const [a, b, c, d] = family === 4 ? [words[0] | 0, 0, 0, 0] : words.map(word => word | 0)
      const { number } = generation.domain(question.domain)
      const { fromMs, untilMs } = question
      const reason = handoffs.reasonOf(
        number,
        family,
        a as number,
        b as number,
        c as number,
        d as number,
        fromMs,
        untilMs,
      )
      const resources = handoffs.candidates.resourceIds()
      const said = reason && {
        state: 'ambiguous' as const,
        reason,
        holding: null,
        resources,
        areAllShown: true,
        service: null,
      }
      return { question, said, full: reader.ask(question) }
    })
}

/** Expects what was said to be what `answer` says, and returns how often something was. */
function compare(all: readonly Asked[]): number {
  const quick = all.filter(({ said }) => said !== undefined)
  for (const { question, said, full } of quick) {
    expect([questionInWords(question), said]).toEqual([questionInWords(question), saidBy(full)])
  }
  return quick.length
}

const behind = sometimes(fc.constant(0), fc.nat({ max: 6 }))

test('handoffs as an estate has them are told from rows as `answer` tells them, and nearly all of them are', {
  timeout: propertyTimeoutMs(60_000),
}, () => {
  const tally = new Map<string, number>()
  let ambiguous = 0
  fc.assert(
    fc.property(handoffWorlds({ isPlain: true }), ({ changes, questions }) => {
      const all = asked(changes, questions)
      compare(all)
      for (const { said, full } of all) {
        if (said) tally.set(said.reason, (tally.get(said.reason) ?? 0) + 1)
        if (full.state === 'ambiguous' && full.split !== null) ambiguous++
      }
    }),
    propertyRuns(150),
  )
  for (const reason of ['handoff', 'head', 'tail', 'spans-handoff'])
    expect(tally.get(reason) ?? 0, reason).toBeGreaterThan(20)
  expect([...tally.values()].reduce((sum, count) => sum + count, 0)).toBeGreaterThan(0.7 * ambiguous)
})

test('of handoffs that are not quite plain, what is told from rows is what `answer` tells', {
  timeout: propertyTimeoutMs(60_000),
}, () => {
  const tally = { quick: 0, left: 0 }
  fc.assert(
    fc.property(handoffWorlds({ isPlain: false }), behind, ({ changes, questions }, last) => {
      const all = asked(changes, questions, last)
      const quick = compare(all)
      tally.quick += quick
      tally.left += all.length - quick
    }),
    propertyRuns(400),
  )
  expect(Math.min(tally.quick, tally.left)).toBeGreaterThan(200)
})

test('the same owner at another layer is another holder', () => {
  const [host] = HOSTS
  const one = [{ who: 0, sure: 20, coming: 10, going: 10, gap: 60 }]
  const container = succession('10.0.0.5/32', [...one, ...one], 'c').slice(0, 1)
  const beneath = succession('10.0.0.5/32', one, 'e', { layer: 'interface', lifetimeId: null })
  const changes = [sourceOf('a/one', host), ...pollsOf('a/one', 0, 1000), ...container, ...beneath]
  const all = asked(changes, [{ domain: 'd1', ip: '10.0.0.5' as Ip, fromMs: 45, untilMs: 200, nowMs: 2000 }])
  expect(compare(all)).toBe(1)
  expect(all[0]?.said?.reason).toBe('spans-handoff')
})

/** Somebody holds all addresses all of the time, so that handoffs above him are not left to what absence proves. */
const everywhere = ({ domain }: Question): readonly Change[] => [
  {
    ...sourceOf('z/everywhere', HOSTS[0]),
    scope: [{ domain, prefix: prefix('0.0.0.0/0'), layers: ['network'], fromMs: -50 }],
  },
  ...pollsOf('z/everywhere', -50, 200),
  { ...subnetOf(HOSTS[0]), id: 'every4', source: 'z/everywhere', domain, prefix: prefix('0.0.0.0/0') },
  { ...subnetOf(HOSTS[0]), id: 'every6', source: 'z/everywhere', domain, prefix: prefix('::/0') },
]

test('of any history, what is told from rows is what `answer` tells', { timeout: propertyTimeoutMs(60_000) }, () => {
  let quick = 0
  const story = fc.record({ history: histories({ mostClaims: 4, questions: 40 }), last: behind })
  fc.assert(
    fc.property(story, ({ history: { changes, questions }, last }) => {
      const all = [...changes, ...questions.slice(0, 1).flatMap(everywhere)]
      quick += compare(asked(all, questions, last))
    }),
    propertyRuns(400),
  )
  expect(quick).toBeGreaterThan(20)
})
