import { describe, expect, test } from 'vitest'
import { Needed } from '../../src/changestream/retention/needed.ts'
import { pollsAbove } from '../../src/changestream/retention/polls-above.ts'
import type { Change, Claim } from '../../src/ownership/claim.ts'
import type { Prefix } from '../../src/ownership/prefix.ts'
import { claimOf, progressOf, sourceRecordOf } from '../support/changes.ts'

const HORIZON_MS = 1_000

/** The changes that stay, below a horizon of one second in every domain. */
function kept(...changes: readonly Change[]): readonly Change[] {
  const needed = new Needed()
  for (const [offset, change] of changes.entries()) needed.take({ change, partition: 0, offset, loggedAtMs: 0 })
  const [offsets = []] = needed.kept(1, () => HORIZON_MS).offsets
  return Array.from(offsets, offset => changes[offset] as Change)
}

const over = (id: string, sequence: number, overrides: Partial<Claim> = {}) =>
  claimOf('ec2/a', 1, sequence, {
    id,
    start: { earliestMs: 0, latestMs: 10 },
    end: { earliestMs: 20, latestMs: HORIZON_MS },
    state: 'closed',
    ...overrides,
  })
const open = (id: string, sequence: number) =>
  over(id, sequence, { state: 'open', end: { earliestMs: 20, latestMs: Number.POSITIVE_INFINITY } })

describe('what is needed of the beginning of a log', () => {
  test('of each claim the newest revision, both where two are as new, and none of what is over', () => {
    const [first, second] = [open('still', 1), { ...open('still', 2), lifetimeId: 'x' }]
    const tie = { ...open('still', 2), lifetimeId: 'y' }
    expect(kept(over('gone', 1), first, second, tie)).toEqual([second, tie])
  })

  test('a claim that is over but not closed: a poller has to adopt it', () => {
    const missing = over('missing', 1, { state: 'missing' })
    expect(kept(missing, open('still', 2))).toHaveLength(2)
  })

  test('a claim that touches the time above the horizon by a millisecond', () => {
    const touching = over('touching', 1, { end: { earliestMs: 20, latestMs: HORIZON_MS + 1 } })
    expect(kept(touching, over('gone', 2), open('still', 3))).toEqual([touching, open('still', 3)])
  })

  test('what is over where it shares its lifetime with what is not', () => {
    const partner = over('partner', 1, { lifetimeId: 'life', source: 'titus/b' })
    const stays = { ...open('stays', 2), lifetimeId: 'life' }
    expect(kept(partner, over('other', 1, { lifetimeId: 'another' }), stays)).toEqual([partner, stays])
  })

  test('the last claim of a domain in which all is over: else nobody would know the domain', () => {
    const elsewhere = over('elsewhere', 2, { domain: 'vpc-2' })
    expect(kept(over('gone', 1), elsewhere, open('still', 3))).toEqual([elsewhere, open('still', 3)])
  })

  test('the highest epoch of a source, also where no other record of it is needed; nothing that it fences off', () => {
    const registered = sourceRecordOf('ec2/a', 1)
    const [third, last] = [1, 2].map(sequence => over(`gone ${sequence}`, 1, { revision: { epoch: 3, sequence } }))
    const [lateWrite, others] = [open('late write', 1), { ...open('still', 1), source: 'ec2/b' }]
    expect(kept(registered, third as Claim, last as Claim, lateWrite, others)).toEqual([registered, last, others])
  })

  test('the newest progress, a refused one too, and from which revision on claims are news', () => {
    const needed = new Needed()
    const refused = { ...progressOf('ec2/a', 1, 9), refused: { reason: 'tags', detail: '' } }
    for (const [offset, change] of [progressOf('ec2/a', 1, 8), refused].entries()) {
      needed.take({ change, partition: 0, offset, loggedAtMs: 0 })
    }
    const { offsets, floors } = needed.kept(1, () => Number.MAX_SAFE_INTEGER)
    expect(Array.from(offsets[0] ?? [])).toEqual([0, 1])
    expect([...floors]).toEqual([['ec2/a', { epoch: 1, sequence: 9 }]])
  })

  test('all that is claimed of a prefix on which a sighting carries a claim across the horizon, and elsewhere nothing more', () => {
    const [earliestMs, latestMs] = [HORIZON_MS - 500, HORIZON_MS + 500]
    const begun = { ...open('begun', 2), start: { earliestMs, latestMs } }
    const packet = { earliestMs: HORIZON_MS - 100, latestMs: HORIZON_MS - 90 }
    const sighting = over('seen', 1, { source: 'flow/1', lifetimeId: 'begun/start', start: packet, end: packet })
    const [rival, elsewhere] = [over('rival', 1), over('elsewhere', 1, { prefix: '10.0.0.9/32' as Prefix })]
    expect(kept(rival, elsewhere, sighting, begun)).toEqual([rival, sighting, begun])
    const certain = { ...begun, start: { earliestMs, latestMs: HORIZON_MS } }
    expect(kept(rival, elsewhere, sighting, certain)).toEqual([certain])
  })

  test('nothing of a source that never registered and whose claims are all over, as one of a flow log object is', () => {
    expect(kept(over('flow', 1, { source: 'flow/1' }), open('still', 1))).toEqual([open('still', 1)])
  })
})

describe('the polls above a horizon', () => {
  const poll = (completeUpToMs: number, overAtMs: number) => ({ completeUpToMs, overAtMs })

  test('are those that vouch for it or were over above it, and the one before', () => {
    const polls = [poll(100, 110), poll(800, 810), poll(990, 1_010), poll(1_500, 1_510)]
    expect(pollsAbove(polls, 1_000)).toEqual(polls.slice(1))
    expect(pollsAbove(polls.toReversed(), 1_000)).toEqual(polls.slice(1))
  })

  test('with all that vouch for as much as the one before: the shortest of them counts', () => {
    const polls = [poll(100, 110), poll(800, 810), poll(800, 830), poll(1_500, 1_510)]
    expect(pollsAbove(polls, 1_000)).toEqual(polls.slice(1))
  })

  test('are the last one where all lie below', () => {
    expect(pollsAbove([poll(100, 110), poll(200, 210)], 1_000)).toEqual([poll(200, 210)])
    expect(pollsAbove([], 1_000)).toEqual([])
  })
})
