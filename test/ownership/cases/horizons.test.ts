import { describe, expect, test } from 'vitest'
import type { Change, Claim } from '../../../src/ownership/claim.ts'
import { createOwnershipIndex } from '../../../src/ownership/ownership-index.ts'
import { brief, changesOf, everyOrder, HOST, ms, partsOf, toldOf } from '../../support/claimed-events.ts'
import { inWords, owner, question, TestSource } from '../../support/estate.ts'

const horizonAt = (second: number): Change => ({ record: 'horizon', domain: 'd1', beforeMs: ms(second) })

const isClaim = (change: Change): change is Claim => change.record === 'claim'

describe('what retention has taken away', () => {
  test('case 59: a claim that was over before the horizon is refused and counted, and changes no answer', () => {
    const story = toldOf([...changesOf(['+A@10']), horizonAt(50)])
    const before = [story.life(100), story.index.counts().claims, story.index.counts().refused]
    const late = (untilSecond: number): Claim => {
      const claims = changesOf([{ events: `+B@20 -B@${untilSecond}`, prefix: '10.0.0.9' }]).filter(isClaim)
      return claims.at(-1) as Claim
    }
    for (const refused of [1, 2]) {
      story.apply([late(50)])
      expect([story.life(100), story.index.counts().claims, story.index.counts().refused]).toEqual([
        before[0],
        before[1],
        refused,
      ])
    }
    story.apply([late(50.001)])
    expect([story.index.counts().refused, story.at(50, '10.0.0.9'), story.at(50.001, '10.0.0.9')]).toEqual([
      2,
      'B',
      'nobody',
    ])
    // The revision that ends a holding may itself end below the horizon: what it ended stays ended, in every order.
    const changes = changesOf(['+A@10 -A@30'])
    const others = changes.filter(change => !isClaim(change))
    for (const order of everyOrder([...changes.filter(isClaim), horizonAt(50)])) {
      const arrival = order.map(change => (isClaim(change) ? change.state : change.record)).join(', ')
      expect([arrival, toldOf([...others, ...order]).life(100)]).toEqual([arrival, '0 unknown expired, 50 nobody'])
    }
  })

  test('case 60: a question from before the horizon is expired, not unowned', () => {
    const story = toldOf([...changesOf(['+A@10 -A@20']), horizonAt(50)])
    expect([story.at(15), story.at(30), story.at(49.999)]).toEqual(Array(3).fill('unknown expired'))
    expect(story.at(50)).toBe('nobody')
    expect(story.at(15, HOST, 'd2')).toBe('nobody') // each domain has its own horizon
  })

  test('case 61: a holding that began long before the horizon and has not ended is still the answer', () => {
    const story = toldOf([...changesOf(['+A@10'], { upTo: 2_000_000 }), horizonAt(1_000_000)])
    expect([story.at(1_000_005), story.at(999_999)]).toEqual(['A', 'unknown expired'])
    expect(toldOf([horizonAt(1_000_000), ...changesOf(['+A@10'], { upTo: 2_000_000 })]).at(1_000_005)).toBe('A')
  })

  test('case 62: a flow across the horizon is expired before it and owned after it', () => {
    const story = toldOf([...changesOf(['+A@10 -A@7200'], { upTo: 8000 }), horizonAt(3600)])
    const answer = story.flow(59 * 60, 61 * 60)
    expect(brief(answer)).toMatch(/^unknown expired/)
    expect(partsOf(answer)).toEqual(['3540-3600 unknown expired', '3600-3661 A'])
    expect(brief(story.flow(60 * 60, 61 * 60))).toBe('A')
  })

  test('case 63: before a source was connected nothing is known, whatever it shows afterwards', () => {
    const index = createOwnershipIndex()
    const source = new TestSource(index)
    for (const second of [100, 200, 300]) source.poll(ms(second), ms(second), [{ address: HOST, owner: owner('A') }])
    const at = (second: number, address = HOST) => inWords(index.ask(question(address, ms(second))))
    expect([at(50), at(50, '10.0.0.6')]).toEqual(['unknown before-coverage A|nobody', 'unknown before-coverage'])
    expect([at(99.999, '10.0.0.6'), at(100, '10.0.0.6')]).toEqual([
      'unknown before-coverage',
      'unowned absent-in-complete-polls',
    ])
    expect(at(100)).toBe('owned sighted A')
  })
})
