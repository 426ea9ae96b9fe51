import { describe, expect, test } from 'vitest'
import { decodeChange, encodeChange } from '../../src/changestream/codec.ts'
import type { Change } from '../../src/ownership/claim.ts'
import { pollerErrors } from '../../src/pollers/errors.ts'
import { pollOnce } from '../../src/pollers/poll.ts'
import { fresh, inventory, parts, snapshotAt } from '../support/one-poll.ts'

const never = new AbortController().signal

function throughAvro(change: Change): Change {
  const decoded = decodeChange(encodeChange(change))
  if (!('change' in decoded)) throw new Error('not a change')
  return decoded.change
}

describe('one poll', () => {
  test('publishes claims and then the progress that vouches for them', async () => {
    const use = parts()
    const next = await pollOnce(
      inventory(async () => snapshotAt(100, '10.0.0.1')),
      fresh,
      use,
      never,
    )
    expect(use.appended.flat().map(({ record }) => record)).toEqual(['source', 'claim', 'progress'])
    expect(next).toMatchObject({ sequence: 1, completeUpToMs: 100 })
    expect(use.happened).toEqual(['completed 1'])
  })

  test('reports the stated times that its own polls refute', async () => {
    const use = parts()
    const contradictions: unknown[] = []
    const report = { ...use.report, pollCompleted: (d: object) => contradictions.push(d) }
    const early = { edge: 'start', kind: 'exact', subject: 'binding', atMs: 50 } as const
    const { bindings, ...rest } = snapshotAt(200, '10.0.0.1')
    const stating = { ...rest, bindings: bindings.map(binding => ({ ...binding, stated: [early] })) }
    const before = await pollOnce(
      inventory(async () => snapshotAt(100)),
      fresh,
      { ...use, report },
      never,
    )
    await pollOnce(
      inventory(async () => stating),
      before,
      { ...use, report },
      never,
    )
    expect(contradictions).toMatchObject([
      { contradictions: [] },
      { contradictions: [{ edge: 'start', polled: { earliestMs: 100, latestMs: 201 } }] },
    ])
  })

  test('that learns the name of what the first poll already listed can be written to the change stream', async () => {
    const use = parts()
    const written: Change[] = []
    const log = { append: async (changes: readonly Change[]) => void written.push(...changes.map(throughAvro)) }
    const { bindings, ...rest } = snapshotAt(100, '10.0.0.1')
    const named = (application: string | null) => ({
      ...rest,
      bindings: bindings.map(one => ({ ...one, owners: one.owners.map(owner => ({ ...owner, application })) })),
    })
    const unnamed = await pollOnce(
      inventory(async () => named(null)),
      fresh,
      { ...use, log },
      never,
    )
    const next = await pollOnce(
      inventory(async () => named('api')),
      unnamed,
      { ...use, log },
      never,
    )
    const claims = written.filter(change => change.record === 'claim')
    expect(claims.map(({ state, owners }) => [state, owners[0]?.application])).toEqual([
      ['open', null],
      ['open', 'api'],
      ['closed', null],
    ])
    // The name was true all along; under the other one it was never held, not even for an instant.
    expect(claims[1]?.start.earliestMs).toBe(Number.NEGATIVE_INFINITY)
    expect(claims[2]?.end.latestMs).toBe(claims[2]?.start.earliestMs)
    expect([...next.claims.values()].map(({ state }) => state)).toEqual(['open'])
  })

  test('that fails publishes why, moves no progress and closes nothing', async () => {
    const use = parts()
    const before = await pollOnce(
      inventory(async () => snapshotAt(100, '10.0.0.1')),
      fresh,
      use,
      never,
    )
    const failing = inventory(() =>
      Promise.reject(pollerErrors.ec2Throttled({ account: '1', region: 'r', why: 'too fast' })),
    )
    const after = await pollOnce(failing, before, use, never)
    expect(use.appended[1]).toMatchObject([
      { record: 'progress', completeUpToMs: 100, refused: { reason: 'throttled' } },
    ])
    expect(after.claims).toEqual(before.claims)
    expect(use.happened.at(-1)).toBe('refused throttled')
  })

  test('that comes back empty is refused and closes nothing', async () => {
    const use = parts()
    const before = await pollOnce(
      inventory(async () => snapshotAt(100, '10.0.0.1')),
      fresh,
      use,
      never,
    )
    const after = await pollOnce(
      inventory(async () => snapshotAt(200)),
      before,
      use,
      never,
    )
    expect(use.happened.at(-1)).toBe('refused empty-snapshot')
    expect(after.claims).toEqual(before.claims)
  })

  test('that is stopped by its signal publishes nothing', async () => {
    const use = parts()
    const stopped = AbortSignal.abort(new Error('stop'))
    const next = await pollOnce(
      inventory(() => Promise.reject(stopped.reason)),
      fresh,
      use,
      stopped,
    )
    expect(next).toBe(fresh)
    expect(use.appended).toEqual([])
  })
})
