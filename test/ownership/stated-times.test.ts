import { describe, expect, test } from 'vitest'
import { hear, type StatedTime } from '../../src/ownership/stated-times.ts'
import { owner } from '../support/estate.ts'
import { claimsOf, ending, held, type StatedWords, says, world } from '../support/story.ts'

describe('what a stated time leaves of the window that the polls prove', () => {
  const polled = { earliestMs: 100, latestMs: 200 }
  const around = [145, 155]
  const notBefore = [145, 200]
  const notAfter = [100, 155]
  const nothing = [100, 200]

  test.each<[StatedWords, readonly number[]]>([
    ['start exact binding', around],
    ['start not-before binding', notBefore],
    ['start not-after binding', notAfter],
    ['start processed-at binding', notAfter],
    // The binding lives within the attachment: it begins no earlier …
    ['start exact attachment', notBefore],
    ['start not-before attachment', notBefore],
    ['start not-after attachment', nothing],
    ['start processed-at attachment', nothing],
    ['end exact binding', around],
    ['end not-before binding', notBefore],
    ['end not-after binding', notAfter],
    ['end processed-at binding', notAfter],
    // … and ends no later.
    ['end exact attachment', notAfter],
    ['end not-before attachment', nothing],
    ['end not-after attachment', notAfter],
    ['end processed-at attachment', notAfter],
  ])('%s within an error of 5 leaves %j', (words, [earliestMs, latestMs]) => {
    const stated = says(words, 150)
    const { bounds, isPoint, isContradicted } = hear(polled, stated.edge, [stated], 5)
    expect(bounds).toEqual({ earliestMs, latestMs })
    expect(isPoint).toBe(words.endsWith('exact binding'))
    expect(isContradicted).toBe(false)
    const other = stated.edge === 'start' ? 'end' : 'start'
    expect(hear(polled, other, [stated], 5).bounds).toEqual(polled)
  })

  test('several intersect, in any order', () => {
    const stated = [says('start not-before binding', 120), says('start processed-at binding', 180)]
    for (const order of [stated, stated.toReversed()]) {
      expect(hear(polled, 'start', order, 0).bounds).toEqual({ earliestMs: 120, latestMs: 180 })
    }
  })

  test('each has the error of the clock that it was read from, by default that of the source', () => {
    const limits = (clockErrorMs?: number) => hear(polled, 'start', [says('start exact binding', 150, clockErrorMs)], 5)
    expect(limits().bounds).toEqual({ earliestMs: 145, latestMs: 155 })
    expect(limits(30).bounds).toEqual({ earliestMs: 120, latestMs: 180 })
    expect(limits(0).bounds).toEqual({ earliestMs: 150, latestMs: 150 })
  })

  test.each<[string, readonly StatedTime[]]>([
    ['before the window', [says('start exact binding', 94)]],
    ['after the window', [says('start exact binding', 206)]],
    ['two that exclude each other', [says('start not-before binding', 180), says('start not-after binding', 120)]],
    ['a good one and a bad one', [says('start not-before binding', 150), says('start not-after binding', 90)]],
    ['no number', [says('start exact binding', Number.NaN)]],
  ])('%s: nothing of it is believed, and the window is never empty', (_, stated) => {
    for (const order of [stated, stated.toReversed()]) {
      const heard = hear(polled, 'start', order, 5)
      expect(heard).toEqual({ bounds: polled, isPoint: false, isBoundedAbove: false, isContradicted: true })
    }
  })

  test('a window that it only touches is left with that instant', () => {
    expect(hear(polled, 'start', [says('start exact binding', 95)], 5).bounds).toEqual({
      earliestMs: 100,
      latestMs: 100,
    })
    expect(hear(polled, 'start', [says('start exact binding', 205)], 5).bounds).toEqual({
      earliestMs: 200,
      latestMs: 200,
    })
  })
})

describe('rule 5: a stated start narrows a window only as far as it speaks of this binding', () => {
  const polled = (stated: StatedTime, bounds = {}) => {
    const { source, ask } = world({ bounds })
    source.poll(100, 105, [])
    for (const sent of [200, 300]) source.poll(sent, sent + 5, [held(stated)])
    return { source, ask }
  }

  test('an attach time is the earliest start, not the start: the address came to the interface later', () => {
    const { source, ask } = polled(says('start exact attachment', 180))
    expect(ask(150)).toBe('unowned absent-in-complete-polls')
    expect(ask(190)).toBe('ambiguous head api|nobody')
    expect(ask(250)).toBe('owned sighted api')
    expect(claimsOf(source.changes)[0]?.evidence).toBe('sighted')
  })

  test('an exact time of this binding is the start, within the clock error', () => {
    const { ask } = polled(says('start exact binding', 180), { clockErrorMs: 2 })
    expect(ask(177)).toBe('unowned absent-in-complete-polls')
    expect(ask(180)).toBe('ambiguous head api|nobody')
    expect(ask(182)).toBe('owned authoritative-time api')
  })

  test('what the source had taken note of was so by then, and not since then', () => {
    const { ask } = polled(says('start processed-at binding', 180))
    expect(ask(150)).toBe('ambiguous head api|nobody')
    expect(ask(180)).toBe('owned sighted api')
  })

  test('a start that the polls refute changes nothing and lends the claim no authority', () => {
    const { source, ask } = polled(says('start exact binding', 50)) // the poll at 100 did not show it
    expect(ask(150)).toBe('ambiguous head api|nobody')
    expect(ask(250)).toBe('owned sighted api')
    expect(source.contradictions).toHaveLength(1) // at the first sighting, not with every poll
  })

  test('a claim that begins with another name did not begin with the binding', () => {
    const { source, ask } = polled(says('start exact binding', 180))
    for (const sent of [400, 500]) {
      source.poll(sent, sent + 5, [{ ...held(says('start exact binding', 180)), owner: owner('billing', 'i-a') }])
    }
    expect(ask(350)).toBe('ambiguous handoff api|billing|nobody')
    expect(ask(450)).toBe('owned sighted billing')
    expect(source.contradictions).toEqual([])
  })

  test('a name that comes late keeps the authority of the start that it takes over', () => {
    const { source, ask } = world()
    const unnamed = owner(null, 'i-a')
    source.poll(100, 105, [])
    source.poll(200, 205, [{ ...held(says('start exact binding', 180)), owner: unnamed }])
    for (const sent of [300, 400]) source.poll(sent, sent + 5, [held(says('start exact binding', 180))])
    expect(ask(190)).toBe('owned authoritative-time api')
    expect(source.contradictions).toEqual([])
  })

  test('an address that came back has the start of its new binding', () => {
    const { source, ask } = world()
    const loose = (stated: readonly StatedTime[]) => ({ ...held(...stated), lifetimeId: null })
    source.poll(100, 105, [loose([])])
    source.poll(200, 205, [])
    for (const sent of [300, 400]) source.poll(sent, sent + 5, [loose([says('start exact binding', 280)])])
    expect(ask(270)).toBe('unowned absent-in-complete-polls')
    expect(ask(285)).toBe('owned authoritative-time api')
  })

  test('an address without a lifetime id whose binding began before it was seen last never left', () => {
    const through = (kind: StatedWords) => {
      const { source, ask } = world({ bounds: { bridgeMs: 150 } })
      const loose = { ...held(says(kind, 90)), lifetimeId: null }
      for (const sent of [100, 200]) source.poll(sent, sent + 5, [loose])
      source.refuse()
      for (const sent of [3000, 3100]) source.poll(sent, sent + 5, [loose])
      expect(source.contradictions).toEqual([])
      return ask(1500)
    }
    expect(through('start processed-at binding')).toBe('owned sighted api')
    expect(through('start not-before binding')).toBe('ambiguous handoff api|api|nobody')
    expect(through('start exact attachment')).toBe('ambiguous handoff api|api|nobody') // it may have left within that
  })

  test('a task first seen on its way out keeps its stated start when it is sighted', () => {
    const { source, ask } = world()
    source.poll(100, 105, [])
    source.poll(200, 205, [ending(says('start processed-at binding', 150))])
    for (const sent of [300, 400]) source.poll(sent, sent + 5, [held(says('start processed-at binding', 150))])
    expect(ask(250)).toBe('owned sighted api')
    expect(ask(140)).toBe('ambiguous head api|nobody')
  })
})
