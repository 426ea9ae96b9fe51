import { describe, expect, test } from 'vitest'
import type { Owner } from '../../../src/ownership/claim.ts'
import { createOwnershipIndex } from '../../../src/ownership/ownership-index.ts'
import { inWords, owner, question, type Shown, TestSource } from '../../support/estate.ts'
import { A, askOf, at, B } from '../../support/story.ts'

const unnamed = owner(null, 'i-a')
const by = (holder: Owner, part: Partial<Shown> = {}): Shown => ({
  address: at,
  owner: holder,
  lifetimeId: 'eni-1/a',
  ...part,
})

function pair() {
  const index = createOwnershipIndex()
  const [one, two] = ['a/one', 'b/two'].map(source => new TestSource(index, { source })) as [TestSource, TestSource]
  return { index, one, two, ask: askOf(index) }
}

describe('rule 7: two sources that describe one lifetime at one layer are one holding', () => {
  test('its start is as narrow as both together know it, and the owner comes from the one that names it', () => {
    const { one, two, ask } = pair()
    one.poll(100, 105, [])
    for (const sent of [100, 150]) two.poll(sent, sent + 5, [])
    one.poll(200, 205, [by(unnamed)])
    two.poll(170, 175, [by(A)])
    one.poll(300, 305, [by(unnamed)])
    two.poll(310, 315, [by(A)])
    expect(ask(149)).toBe('unowned absent-in-complete-polls')
    expect(ask(174)).toBe('ambiguous head api|nobody')
    expect(ask(175)).toBe('owned sighted api')
  })

  test('its end is as narrow as both together know it', () => {
    const { one, two, ask } = pair()
    for (const sent of [100, 200]) one.poll(sent, sent + 5, [by(A)])
    for (const sent of [110, 250]) two.poll(sent, sent + 5, [by(A)])
    for (const sent of [300, 400]) one.poll(sent, sent + 5, [])
    for (const sent of [350, 450]) two.poll(sent, sent + 5, [])
    expect(ask(249)).toBe('owned sighted api') // the second saw it later than the first
    expect(ask(250)).toBe('ambiguous tail api|nobody')
    expect(ask(304)).toBe('ambiguous tail api|nobody')
    expect(ask(306)).toBe('unowned absent-in-complete-polls') // the first missed it earlier than the second
  })

  test('one source that misses it keeps progress from carrying it on for the other, which has not looked since', () => {
    const { one, two, ask } = pair()
    for (const sent of [100, 200]) for (const source of [one, two]) source.poll(sent, sent + 5, [by(A)])
    one.poll(300, 305, [])
    expect(ask(250)).toBe('ambiguous tail api|nobody')
    one.poll(400, 405, [])
    expect(ask(350)).not.toMatch(/^owned/)
  })

  test('two different names for it are shown as a conflict, never settled by who came last', () => {
    const { one, two, ask } = pair()
    for (const sent of [100, 200]) {
      one.poll(sent, sent + 5, [by(A)])
      two.poll(sent, sent + 5, [by(owner('other', 'i-a'))])
    }
    expect(ask(150)).toBe('ambiguous conflicting-sources api|other')
  })

  test('windows that have nothing in common are shown as a conflict, not as an empty holding', () => {
    const { one, two, ask } = pair()
    one.poll(100, 105, [])
    for (const sent of [400, 500]) one.poll(sent, sent + 5, [by(A)]) // it began after 100
    two.poll(50, 55, [])
    for (const sent of [60, 90]) two.poll(sent, sent + 5, [by(A)]) // it began before 65
    for (const sent of [95, 110]) two.poll(sent, sent + 5, [])
    expect(ask(75)).not.toBe('unowned absent-in-complete-polls')
    expect(ask(450)).toMatch(/api/)
  })

  test('what happens at two layers, or to two lifetimes, is not one holding', () => {
    const { index, one, two } = pair()
    const layered = { layer: 'interface' } as const
    for (const sent of [100, 200]) {
      one.poll(sent, sent + 5, [by(owner(null, 'eni-1'), layered), { ...by(A), address: '10.0.0.6', lifetimeId: 'x' }])
      two.poll(sent, sent + 5, [by(A), { ...by(B), address: '10.0.0.6', lifetimeId: 'y' }])
    }
    const answer = index.ask(question(at, 150))
    expect([inWords(answer), ...answer.under.map(({ layer }) => layer)]).toEqual(['owned sighted api', 'interface'])
    expect(inWords(index.ask(question('10.0.0.6', 150)))).toBe('ambiguous conflicting-sources api|batch')
  })

  test('without a lifetime id nothing says that two sources mean the same holding', () => {
    const { one, two, ask } = pair()
    one.poll(100, 105, [])
    two.poll(150, 155, [])
    for (const sent of [200, 300]) one.poll(sent, sent + 5, [by(A, { lifetimeId: null })])
    two.poll(170, 175, [by(A, { lifetimeId: null })])
    two.poll(310, 315, [by(A, { lifetimeId: null })])
    expect(ask(120)).toMatch(/^ambiguous/) // the second has not cut the first’s start window
  })
})

describe('rule 8: within one source and layer a certain claim cuts what is merely possible of the others', () => {
  const ending = (holder: Owner): Shown => ({ address: at, owner: holder, state: 'ending' })
  const held = (holder: Owner, part: Partial<Shown> = {}): Shown => ({ address: at, owner: holder, ...part })
  const alone = () => {
    const index = createOwnershipIndex()
    return { index, source: new TestSource(index), ask: askOf(index) }
  }

  test('a task that lingers in the list does not shadow its successor', () => {
    const { source, ask } = alone()
    source.poll(100, 105, [held(A)])
    for (const sent of [200, 300]) source.poll(sent, sent + 5, [ending(A), held(B)])
    expect(ask(250)).toBe('owned sighted batch')
    expect(ask(150)).toBe('ambiguous handoff api|batch|nobody')
  })

  test('what ended before another was certain is not possible after it', () => {
    const { source, ask } = alone()
    source.poll(100, 105, [held(A)])
    for (const sent of [200, 300]) source.poll(sent, sent + 5, [ending(A), held(B)])
    for (const sent of [400, 500]) source.poll(sent, sent + 5, [ending(A)])
    expect(ask(450)).toBe('unowned absent-in-complete-polls')
  })

  test('an address listed on two interfaces at once stays a conflict after one of them is gone', () => {
    const { source, ask } = alone()
    source.poll(100, 105, [held(A)])
    for (const sent of [200, 300, 400]) source.poll(sent, sent + 5, [held(A), held(B)])
    expect(ask(350)).toBe('ambiguous conflicting-sources api|batch')
    for (const sent of [500, 600]) source.poll(sent, sent + 5, [held(A)])
    expect(ask(350)).toBe('ambiguous conflicting-sources api|batch')
    expect(ask(550)).toBe('owned sighted api')
  })

  test('another source cuts nothing: what one source still holds possible stays possible', () => {
    const { one, two, ask } = pair()
    one.poll(100, 105, [held(A)])
    for (const sent of [200, 300, 400]) one.poll(sent, sent + 5, [ending(A)])
    for (const sent of [100, 200, 300, 400]) two.poll(sent, sent + 5, [held(B)])
    expect(ask(250)).toBe('ambiguous conflicting-sources batch|api')
  })

  test('another layer cuts nothing', () => {
    const { source, ask } = alone()
    const task = (state: 'held' | 'ending') => held(owner('video', 'task-1'), { layer: 'container', state })
    source.poll(100, 105, [task('held')])
    for (const sent of [200, 300]) source.poll(sent, sent + 5, [task('ending'), held(B)])
    expect(ask(250)).toMatch(/^ambiguous tail video\|batch/)
  })

  test('a shared address is never cut', () => {
    const { source, ask } = alone()
    for (const sent of [100, 200]) source.poll(sent, sent + 5, [held(A, { owners: [A, B] })])
    expect(ask(150)).toBe('ambiguous shared-address api|batch')
  })

  test('a claim on some ports neither cuts nor is cut', () => {
    const { source, ask } = alone()
    const ports = { first: 1000, last: 1999 }
    source.poll(100, 105, [held(A)])
    for (const sent of [200, 300, 400]) source.poll(sent, sent + 5, [ending(A), held(B, { ports })])
    expect(ask(250, 251, { port: 1500 })).toMatch(/^ambiguous/)
    expect(ask(250)).toBe('ambiguous tail api|nobody')
  })
})
