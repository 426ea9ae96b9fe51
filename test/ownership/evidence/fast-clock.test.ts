import { describe, expect, test } from 'vitest'
import { question } from '../../support/estate.ts'
import { A, at, B, world } from '../../support/story.ts'

/**
 * The poller's host is five minutes ahead, its declared clock error is a second: at 250 by the clock of who asks, it has
 * vouched for 500 already. Of the time until now its word stands; of what is still to come nobody has seen anything.
 */
describe('a source whose clock is fast beyond its declared error', () => {
  const NOW_MS = 250
  const asked = { nowMs: NOW_MS }

  test('proves no owner of a time that has not come', () => {
    const { source, ask } = world({ bounds: { clockErrorMs: 1 } })
    for (const sent of [100, 200, 300, 400, 501]) source.poll(sent, sent, [{ address: at, owner: A }])
    expect(ask(249, 250, asked)).toBe('owned sighted api')
    expect(ask(250, 251, asked)).toBe('unknown not-yet api|nobody')
    expect(ask(499, 500, asked)).toBe('unknown not-yet api|nobody')
    // A record that reaches beyond now is not known throughout.
    expect(ask(200, 251, asked)).toBe('unknown not-yet api|nobody')
    expect(ask(499, 500, { nowMs: 500 })).toBe('owned sighted api')
  })

  test('proves no handoff, and nobody, of a time that has not come', () => {
    const { source, ask } = world()
    for (const sent of [100, 200, 300]) source.poll(sent, sent, [{ address: at, owner: A }])
    for (const sent of [400, 500]) source.poll(sent, sent, [{ address: at, owner: B }])
    for (const sent of [600, 700, 800]) source.poll(sent, sent, [])
    expect(ask(299, 300, { nowMs: 1000 })).toBe('owned sighted api')
    expect(ask(299, 300, asked)).toBe('unknown not-yet api|nobody')
    expect(ask(350, 351, { nowMs: 1000 })).toBe('ambiguous handoff api|batch|nobody')
    expect(ask(350, 351, asked)).toBe('unknown not-yet api|batch|nobody')
    expect(ask(650, 651, { nowMs: 1000 })).toBe('unowned absent-in-complete-polls')
    expect(ask(650, 651, asked)).toBe('unknown not-yet')
  })

  test('makes nothing final, and moves no watermark, beyond now', () => {
    const { source, index } = world()
    for (const sent of [100, 200, 300, 400]) source.poll(sent, sent, [{ address: at, owner: A }])
    const told = (fromMs: number, untilMs: number, nowMs: number) => {
      const { final, watermarkMs, holding } = index.ask(question(at, fromMs, untilMs, { nowMs }))
      return [final, watermarkMs, holding?.end.earliestMs]
    }
    expect(told(150, 250, NOW_MS)).toEqual([true, 250, 250])
    expect(told(150, 251, NOW_MS)).toEqual([false, 250, undefined])
    expect(told(150, 251, 1000)).toEqual([true, 400, 400])
  })

  test('leaves what no waiting will mend its name', () => {
    const { source, ask } = world({ bounds: { longestGapMs: 60 } })
    for (const sent of [100, 150]) source.poll(sent, sent, [{ address: at, owner: A }])
    expect(ask(250, 251, asked)).toBe('unknown source-stale api|nobody')
    expect(ask(250, 251, { ...asked, domain: 'd9' })).toBe('unknown no-such-domain')
  })
})
