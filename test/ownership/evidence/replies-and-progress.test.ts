import { describe, expect, test } from 'vitest'
import { spanOf } from '../../../src/ownership/snapshot.ts'
import { indexOf, inWords, question, TestSource } from '../../support/estate.ts'
import { A, adopted, at, B, claimsOf, world } from '../../support/story.ts'

const held = { address: at, owner: A }

describe('rule 1: a reply shows one moment between its request and its receipt, lag and clock error included', () => {
  test('the old owner is not stretched to the poll that first shows the new one', () => {
    const { source, ask } = world({ bounds: { lagMs: 10, clockErrorMs: 1 } })
    source.poll(50, 55, [])
    source.poll(100, 105, [])
    source.poll(200, 205, [held])
    source.poll(300, 305, [held])
    source.poll(400, 405, [{ address: at, owner: B }])
    source.poll(500, 505, [{ address: at, owner: B }])
    expect(ask(88)).toBe('unowned absent-in-complete-polls') // 100 − lag − ε is 89
    expect(ask(89)).toBe('ambiguous head api|nobody')
    expect(ask(205)).toBe('ambiguous head api|nobody')
    expect(ask(206)).toBe('owned sighted api') // R1 + ε
    expect(ask(288)).toBe('owned sighted api') // S2 − lag − ε is 289
    expect(ask(289)).toBe('ambiguous handoff api|batch|nobody')
    expect(ask(405)).toBe('ambiguous handoff api|batch|nobody')
    expect(ask(406)).toBe('owned sighted batch')
  })

  test('who is gone is not called gone before the reply that misses him was complete', () => {
    const { source, ask } = world({ bounds: { lagMs: 10, clockErrorMs: 1 } })
    for (const sent of [100, 200]) source.poll(sent, sent + 5, [held])
    // The page that misses him came at 340; the walk was over at 380, and it alone is known to be complete.
    source.poll(300, 380, [])
    source.poll(400, 405, [])
    expect(ask(188)).toBe('owned sighted api') // S2 − lag − ε is 189
    expect(ask(189)).toBe('ambiguous tail api|nobody')
    expect(ask(380)).toBe('ambiguous tail api|nobody') // R3 + ε is 381
    expect(ask(381)).toBe('unowned absent-in-complete-polls')
  })

  test('an owner joined from a slow second reply is as old as the oldest of the two', () => {
    expect(spanOf({ sentAtMs: 210, receivedAtMs: 220 }, { sentAtMs: 215, receivedAtMs: 255 })).toEqual({
      sentAtMs: 210,
      receivedAtMs: 255,
    })
    const { source, ask } = world()
    source.poll(100, 105, [])
    source.poll(200, 260, [{ ...held, sentAtMs: 210, receivedAtMs: 255 }])
    source.poll(300, 305, [held])
    expect(ask(254)).toBe('ambiguous head api|nobody')
    expect(ask(255)).toBe('owned sighted api')
  })

  test('a refused poll is no poll without him: his start may lie before it', () => {
    const { source, ask } = world()
    source.poll(100, 105, [])
    source.refuse('throttled')
    source.poll(300, 305, [held])
    source.poll(400, 405, [held])
    expect(ask(150)).toBe('ambiguous head api|nobody')
  })

  test('at the first poll of all he may have held it for ever', () => {
    const { source, ask } = world()
    for (const sent of [100, 200]) source.poll(sent, sent + 5, [held])
    expect(claimsOf(source.changes)[0]?.start).toEqual({ earliestMs: Number.NEGATIVE_INFINITY, latestMs: 105 })
    expect(ask(50)).toBe('unknown before-coverage api|nobody')
  })

  test('a block that comes into a source’s scope later was not seen to be empty before', () => {
    const { index, source } = world({ covered: ['d1 10.0.0.0/24'] })
    const [old, young] = ['10.0.9.5', '10.0.9.6']
    for (const sent of [100, 200]) source.poll(sent, sent + 5, [])
    source.covered = ['d1 10.0.0.0/24', 'd1 10.0.9.0/24']
    // A has had the one all the while, in a block that nobody looked at, and the other from 450 on.
    for (const sent of [300, 400]) source.poll(sent, sent + 5, [{ address: old, owner: A }])
    for (const sent of [500, 600]) {
      source.poll(sent, sent + 5, [
        { address: old, owner: A },
        { address: young, owner: A },
      ])
    }
    const ask = (ip: string, atMs: number) => inWords(index.ask(question(ip, atMs)))
    expect(ask(old, 250)).toBe('unknown before-coverage api|nobody')
    expect(ask(old, 350)).toBe('owned sighted api')
    // From its first poll on the block is watched: what is new in it then is new.
    expect(ask(young, 350)).toBe('unowned absent-in-complete-polls')
    expect(ask(young, 450)).toBe('ambiguous head api|nobody')
  })

  test('nor was it seen to be empty by a poll that was cut short after it had put the block into the scope', () => {
    const { source } = world({ covered: ['d1 10.0.0.0/24'] })
    for (const sent of [100, 200]) source.poll(sent, sent + 5, [])
    const covered = ['d1 10.0.0.0/24', 'd1 10.0.9.0/24']
    source.covered = covered
    const before = source.changes.length
    source.poll(300, 305, [])
    const [registration, ...rest] = source.changes.slice(before)
    expect([registration?.record, rest.length]).toEqual(['source', 1])
    const log = source.changes.slice(0, before + 1)
    const successor = new TestSource(indexOf(log), { covered, state: adopted(log) })
    successor.poll(400, 405, [{ address: '10.0.9.5', owner: A }])
    expect(claimsOf(successor.changes)[0]?.start.earliestMs).toBe(Number.NEGATIVE_INFINITY)
  })

  test('a block is watched only by a scope that covers the whole of it, in its domain and at its layer', () => {
    const starts = (covered: string, prefix: string) => {
      const { source } = world({ covered: [covered], layers: ['instance'] })
      source.poll(100, 105, [])
      source.poll(200, 205, [{ address: prefix, owner: A }])
      return claimsOf(source.changes).map(claim => claim.start.earliestMs)
    }
    expect(starts('d1 10.0.0.0/24', '10.0.0.0/28')).toEqual([100])
    expect(starts('d1 10.0.0.0/28', '10.0.0.0/28')).toEqual([100])
    expect(starts('d1 10.0.0.0/28', '10.0.0.0/24')).toEqual([Number.NEGATIVE_INFINITY])
    expect(starts('d2 10.0.0.0/24', '10.0.0.0/28')).toEqual([Number.NEGATIVE_INFINITY])
    const { source } = world({ layers: ['interface'] })
    source.poll(100, 105, [])
    source.poll(200, 205, [held])
    expect(claimsOf(source.changes)[0]?.start.earliestMs).toBe(Number.NEGATIVE_INFINITY)
  })

  test('a packet may be older than its record says: with slack the record may be the last owner’s', () => {
    const { source, ask } = world()
    for (const sent of [1_000, 61_000]) source.poll(sent, sent + 5, [held])
    for (const sent of [121_000, 181_000]) source.poll(sent, sent + 5, [{ address: at, owner: B }])
    const [startMs, endMs] = [150_000, 155_000]
    expect(ask(startMs, endMs + 1_000)).toBe('owned sighted batch')
    expect(ask(startMs - 60_000, endMs + 1_000)).toMatch(/^ambiguous/)
  })
})

describe('rule 2: an open claim is certain up to its source’s progress', () => {
  test('what nobody has looked at yet is not given to the last owner', () => {
    const { source, ask } = world()
    for (const sent of [100, 200]) source.poll(sent, sent + 5, [held])
    expect(ask(199)).toBe('owned sighted api')
    expect(ask(200, 201, { nowMs: 230 })).toBe('unknown not-yet api|nobody')
  })

  test('progress is that of the poll’s first request, whichever page showed the address', () => {
    const { source, ask } = world({ bounds: { lagMs: 10, clockErrorMs: 1 } })
    source.poll(100, 105, [held])
    source.poll(200, 290, [{ ...held, sentAtMs: 280, receivedAtMs: 285 }])
    expect(ask(188)).toBe('owned sighted api')
    expect(ask(189, 190, { nowMs: 300 })).toBe('unknown not-yet api|nobody')
  })

  test('a missing claim is not carried on by the polls that miss it', () => {
    const { source, ask } = world()
    for (const sent of [100, 200]) source.poll(sent, sent + 5, [held])
    source.poll(300, 305, [])
    expect(ask(250)).toBe('ambiguous tail api|nobody')
    for (const sent of [400, 500, 600]) source.poll(sent, sent + 5, [])
    expect(ask(250)).toBe('ambiguous tail api|nobody')
    expect(ask(350)).toBe('unowned absent-in-complete-polls')
  })

  test('a source that has fallen silent is called stale', () => {
    const { source, ask } = world({ bounds: { longestGapMs: 150 } })
    for (const sent of [100, 200]) source.poll(sent, sent + 5, [held])
    expect(ask(220, 221, { nowMs: 900 })).toBe('unknown source-stale api|nobody')
  })

  test('a refused poll moves nothing', () => {
    const { source, ask } = world()
    for (const sent of [100, 200]) source.poll(sent, sent + 5, [held])
    source.refuse('throttled')
    expect(ask(199)).toBe('owned sighted api')
    expect(ask(250, 251, { nowMs: 260 })).toBe('unknown not-yet api|nobody')
  })
})
