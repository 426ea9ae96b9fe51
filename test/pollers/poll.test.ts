import { describe, expect, test } from 'vitest'
import type { Change } from '../../src/ownership/claim.ts'
import type { Snapshot } from '../../src/ownership/snapshot.ts'
import type { SourceState } from '../../src/ownership/snapshot-diff.ts'
import { pollerErrors } from '../../src/pollers/errors.ts'
import type { Inventory } from '../../src/pollers/inventory.ts'
import { pollOnce, runPoller } from '../../src/pollers/poll.ts'
import type { PollReport } from '../../src/pollers/report.ts'
import { noDoubt, owner, prefix } from '../support/estate.ts'
import { ManualClock } from '../support/manual-clock.ts'

const fresh: SourceState = {
  epoch: 1,
  sequence: 0,
  completeUpToMs: null,
  addresses: 0,
  claims: new Map(),
  record: null,
}

const snapshotAt = (atMs: number, ...addresses: readonly string[]): Snapshot => ({
  sighting: { sentAtMs: atMs, receivedAtMs: atMs + 1 },
  scope: [{ domain: 'd1', prefix: prefix('10.0.0.0/8'), layers: ['instance'] }],
  bindings: addresses.map(address => ({
    domain: 'd1',
    prefix: prefix(address),
    ports: null,
    layer: 'instance',
    owners: [owner('api', address)],
    lifetimeId: address,
    state: 'held',
    sighting: { sentAtMs: atMs, receivedAtMs: atMs + 1 },
    stated: [],
    expects: [],
    whole: false,
  })),
})

const inventory = (list: () => Promise<Snapshot>): Inventory => ({ source: 's', kind: 'test', bounds: noDoubt, list })

function parts() {
  const appended: Change[][] = []
  const happened: string[] = []
  const report: PollReport = {
    pollCompleted: d => happened.push(`completed ${d.changed}`),
    pollRefused: d => happened.push(`refused ${d.reason}`),
    publishFailed: () => happened.push('publish failed'),
    adoptFailed: () => happened.push('adopt failed'),
  }
  const log = { append: async (changes: readonly Change[]) => void appended.push([...changes]) }
  return { appended, happened, log, report, clock: new ManualClock(0) }
}

const never = new AbortController().signal
async function* times(count: number) {
  for (let i = 0; i < count; i++) yield i
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

describe('a poller', () => {
  test('adopts its state anew after the change stream refused a poll', async () => {
    const use = parts()
    let appends = 0
    const log = {
      append: async (changes: readonly Change[]) => {
        if (++appends === 2) throw new Error('disk full')
        await use.log.append(changes)
      },
    }
    let adopted = 0
    const adopt = async () => ({ ...fresh, epoch: ++adopted })
    const polls = inventory(async () => {
      use.clock.advance(100)
      return snapshotAt(use.clock.now(), '10.0.0.1')
    })
    await runPoller(polls, { ...use, log, adopt, ticks: times(3) }, never)
    expect(use.happened).toEqual(['completed 1', 'publish failed', 'completed 1'])
    expect(use.appended[1]).toMatchObject([{}, { revision: { epoch: 2, sequence: 1 } }, {}])
  })

  test('polls nothing until its state can be read', async () => {
    const use = parts()
    let tries = 0
    const adopt = async () => {
      if (++tries === 1) throw new Error('no broker')
      return fresh
    }
    await runPoller(
      inventory(async () => snapshotAt(100, '10.0.0.1')),
      { ...use, adopt, ticks: times(2) },
      never,
    )
    expect(use.happened).toEqual(['adopt failed', 'completed 1'])
  })
})
