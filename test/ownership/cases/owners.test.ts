import { describe, expect, test } from 'vitest'
import type { Claim } from '../../../src/ownership/claim.ts'
import { createOwnershipIndex } from '../../../src/ownership/ownership-index.ts'
import { brief, changesOf, HOST, NOW_MS, progressOf, registrationOf } from '../../support/claimed-events.ts'
import { inWords, owner, question, TestSource } from '../../support/estate.ts'

describe('one address, one owner, many versions', () => {
  /** Holdings of 7 s every 10 s, one after the other by seven owners. */
  const VERSIONS = 1_000_000
  const OWNERS = Array.from({ length: 7 }, (_, i) => [owner(`O${i}`)])

  test('case 79: an address with very many holdings is answered like arithmetic does', () => {
    const index = createOwnershipIndex()
    const [sample] = changesOf(['+A@0 -A@1']).filter((change): change is Claim => change.record === 'claim')
    if (sample === undefined) throw new TypeError('no claim')
    index.apply(registrationOf('events'))
    index.apply(progressOf('events', 0, 0))
    for (let i = 0; i < VERSIONS; i++) {
      const [fromMs, untilMs] = [i * 10_000, i * 10_000 + 7000]
      index.apply({
        ...sample,
        id: String(i),
        owners: OWNERS[i % 7] ?? [],
        start: { earliestMs: fromMs, latestMs: fromMs },
        end: { earliestMs: untilMs, latestMs: untilMs },
        state: 'closed',
      })
    }
    index.apply(progressOf('events', VERSIONS * 10, 1))
    const compare = (questions: number) => {
      for (let asked = 0; asked < questions; asked++) {
        const version = (asked * 7919) % VERSIONS
        for (const [offsetMs, holder] of [
          [0, `O${version % 7}`],
          [6999, `O${version % 7}`],
          [7000, 'nobody'],
          [9999, 'nobody'],
        ] as const) {
          const atMs = version * 10_000 + offsetMs
          expect([atMs, brief(index.ask(question(HOST, atMs, atMs + 1, { nowMs: NOW_MS })))]).toEqual([atMs, holder])
        }
      }
    }
    compare(10) // as the changes came
    index.compact()
    compare(500)
    expect(index.counts().claims).toBe(VERSIONS)
  })

  test('case 80: an owner whose tags change has not handed the address over, an application that changes has', () => {
    // Tags are told as they were last seen, for the whole claim: they say more of the owner, not who it is.
    const polled = (...holders: readonly ReturnType<typeof owner>[]) => {
      const index = createOwnershipIndex()
      const source = new TestSource(index)
      for (const [i, holder] of holders.entries()) {
        source.poll(100 + i * 100, 105 + i * 100, [{ address: HOST, owner: holder }])
      }
      return index
    }
    const before = owner('api', 'i-a', { labels: { tier: 'web' }, team: 'one' })
    const after = owner('api', 'i-a', { labels: { tier: 'edge' }, team: 'two' })
    const renamed = polled(before, before, after, after)
    const answer = renamed.ask(question(HOST, 150, 350))
    expect(inWords(answer)).toBe('owned sighted api')
    expect([answer.holding?.owner.labels, answer.holding?.owner.team]).toEqual([{ tier: 'edge' }, 'two'])
    expect(renamed.counts().claims).toBe(1)

    const other = owner('billing', 'i-a')
    const moved = polled(before, before, other, other)
    expect(moved.ask(question(HOST, 150, 350)).state).toBe('ambiguous')
    expect(inWords(moved.ask(question(HOST, 310, 350)))).toBe('owned sighted billing')
  })
})
