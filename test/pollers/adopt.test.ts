import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openEmbeddedLog } from '../../src/changestream/embedded/embedded-log.ts'
import type { ChangeLog } from '../../src/changestream/port.ts'
import { createOwnershipIndex } from '../../src/ownership/ownership-index.ts'
import type { Snapshot } from '../../src/ownership/snapshot.ts'
import { adoptState, readState } from '../../src/pollers/adopt.ts'
import { goodbye } from '../../src/pollers/goodbye.ts'
import type { Inventory } from '../../src/pollers/inventory.ts'
import { pollOnce } from '../../src/pollers/poll.ts'
import { noDoubt, owner, prefix } from '../support/estate.ts'
import { ManualClock } from '../support/manual-clock.ts'

const signal = new AbortController().signal
const clock = new ManualClock(1_000)
const report = {
  pollCompleted: () => undefined,
  pollRefused: () => undefined,
  publishFailed: () => undefined,
  adoptFailed: () => undefined,
}
let folder: string
let log: ChangeLog

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'whohad-adopt-'))
  log = await openEmbeddedLog({ folder, segmentBytes: 1 << 20, clock, onTornTail: () => expect.unreachable() })
})
afterEach(async () => {
  await log.close()
  await rm(folder, { recursive: true })
})

function listing(): Promise<Snapshot> {
  clock.advance(1_000)
  const sighting = { sentAtMs: clock.now(), receivedAtMs: clock.now() }
  const held = { domain: 'd1', prefix: prefix('10.0.0.1'), ports: null, layer: 'instance', whole: false } as const
  return Promise.resolve({
    sighting,
    scope: [{ domain: 'd1', prefix: prefix('10.0.0.0/8'), layers: ['instance'] }],
    bindings: [
      { ...held, owners: [owner('api')], lifetimeId: 'i-1', state: 'held', sighting, stated: [], expects: [] },
    ],
  })
}
const inventory: Inventory = { source: 's', kind: 'test', bounds: noDoubt, list: listing }
const poll = async () =>
  pollOnce(inventory, await adoptState(inventory, log, clock, signal), { log, clock, report }, signal)

test('the first poller of a source starts with nothing, at epoch one', async () => {
  const state = await adoptState(inventory, log, clock, signal)
  expect(state).toMatchObject({ epoch: 1, sequence: 0, completeUpToMs: null, claims: new Map() })
})

test('a successor takes the next epoch and goes on with the same claims', async () => {
  const first = await poll()
  const second = await poll()
  expect(second.epoch).toBe(first.epoch + 1)
  expect([...second.claims.keys()]).toEqual([...first.claims.keys()])
  expect(second.record?.scope).toEqual(first.record?.scope)
})

test('what a paused predecessor writes late is not adopted', async () => {
  const paused = await adoptState(inventory, log, clock, signal)
  const successor = await poll()
  await pollOnce(inventory, paused, { log, clock, report }, signal)
  const next = await adoptState(inventory, log, clock, signal)
  expect(next.epoch).toBe(successor.epoch + 1)
  expect([...next.claims.keys()]).toEqual([...successor.claims.keys()])
})

test('of two that take one epoch neither has it, where both have read both', async () => {
  const rival = await adoptState(inventory, log, clock, signal)
  const taking: typeof log = {
    ...log,
    // The other one's registration comes between this one's look and its own.
    async append(changes) {
      await log.append(changes)
      await log.append(changes)
    },
  }
  await expect(adoptState(inventory, taking, clock, signal)).rejects.toMatchObject({ code: 'WHOHAD_POLLER_SUPERSEDED' })
  expect((await adoptState(inventory, log, clock, signal)).epoch).toBe(rival.epoch + 2)
})

test('a source that was removed is not taken over', async () => {
  const { record, epoch } = await poll()
  if (record === null) throw new Error('a polled source is registered')
  const validity = { ...record.validity, untilMs: clock.now() }
  await log.append([{ ...record, revision: { epoch: epoch + 1, sequence: 0 }, validity }])
  await expect(adoptState(inventory, log, clock, signal)).rejects.toMatchObject({ code: 'WHOHAD_SOURCE_REMOVED' })
  expect((await readState('s', log, signal)).claims.size).toBe(1)
})

test('a poller that says goodbye takes back neither its progress nor why its last poll was refused', async () => {
  const before = await poll()
  const refused: Inventory = { ...inventory, list: () => Promise.reject(new Error('down')) }
  const { epoch, sequence } = await pollOnce(refused, before, { log, clock, report }, signal)
  await log.append([goodbye('s', { epoch, sequence }, before.completeUpToMs ?? 0)])
  expect((await readState('s', log, signal)).completeUpToMs).toBe(before.completeUpToMs)
  const index = createOwnershipIndex()
  for await (const batch of log.read({ follow: false, signal })) for (const { change } of batch) index.apply(change)
  expect(index.sources()).toMatchObject([
    { completeUpToMs: before.completeUpToMs, refused: { reason: 'failed', detail: 'down' } },
  ])
})
