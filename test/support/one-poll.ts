import type { Change } from '../../src/ownership/claim.ts'
import type { Snapshot } from '../../src/ownership/snapshot.ts'
import type { SourceState } from '../../src/ownership/snapshot-diff.ts'
import type { Inventory } from '../../src/pollers/inventory.ts'
import type { TargetedLook } from '../../src/pollers/narrowing.ts'
import type { LookReport, PollReport } from '../../src/pollers/report.ts'
import { noDoubt, owner, prefix } from './estate.ts'
import { ManualClock } from './manual-clock.ts'

/** A source that nobody has polled yet. */
export const fresh: SourceState = {
  epoch: 1,
  sequence: 0,
  completeUpToMs: null,
  addresses: 0,
  claims: new Map(),
  record: null,
}

export const snapshotAt = (atMs: number, ...addresses: readonly string[]): Snapshot => ({
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

export const inventory = (list: () => Promise<Snapshot>): Inventory => ({
  source: 's',
  kind: 'test',
  bounds: noDoubt,
  list,
})

/** A look in one lane at all addresses of such snapshots, which shows those that `reply` says. */
export const lookAt = (
  reply: (addresses: readonly string[]) => Pick<Snapshot, 'sighting' | 'bindings'>,
): TargetedLook => ({
  laneOf: () => 'address',
  mostAtOnce: 200,
  async at(claims) {
    const asked = new Map(claims.map(({ domain, prefix: at }) => [at, { domain, prefix: at }]))
    const addresses = [...asked.keys()].map(at => at.slice(0, at.indexOf('/')))
    return { ...reply(addresses), asked: [...asked.values()], wouldShow: claim => asked.has(claim.prefix) }
  },
})

/** What one poll needs, and what it did with it. */
export function parts() {
  const appended: Change[][] = []
  const happened: string[] = []
  const report: PollReport & LookReport = {
    pollCompleted: d => happened.push(`completed ${d.changed}`),
    pollRefused: d => happened.push(`refused ${d.reason}`),
    publishFailed: () => happened.push('publish failed'),
    adoptFailed: () => happened.push('adopt failed'),
    lookDone: d => happened.push(`look ${d.result} ${d.changed}`),
  }
  const log = { append: async (changes: readonly Change[]) => void appended.push([...changes]) }
  return { appended, happened, log, report, clock: new ManualClock(0) }
}
