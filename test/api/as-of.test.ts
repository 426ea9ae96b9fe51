import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { askingAsOf, prefixesAround } from '../../src/api/as-of.ts'
import { toWire } from '../../src/changestream/wire.ts'
import type { Ip } from '../../src/ownership/address.ts'
import { askAsOf, changesAsOf } from '../../src/ownership/as-of.ts'
import { type Change, sourceOf } from '../../src/ownership/claim.ts'
import { createOwnershipIndex } from '../../src/ownership/ownership-index.ts'
import { openStore } from '../../src/store/open-store.ts'
import type { Store, StoredChange } from '../../src/store/port.ts'
import { temporaryFolder } from '../support/clickhouse-folder.ts'
import { recordedReport, testClock } from '../support/clickhouse-rows.ts'
import { owner, TestSource } from '../support/estate.ts'
import { type History, histories } from '../support/histories.ts'

let store: Store
beforeAll(async () => {
  const path = await temporaryFolder('as-of')
  store = await openStore({ driver: 'chdb', path }, { clock: testClock, report: recordedReport().report })
  await store.migrate()
}, 120_000)
afterAll(() => store?.close())

/** Each source in a partition of its own; a change is logged a while after the one before. */
const logged = (changes: readonly Change[], stepMs: number, firstPartition: number): readonly StoredChange[] => {
  const partitions = new Map<string, number>()
  return changes.map((change, i) => {
    const source = sourceOf(change)
    const partition = partitions.get(source) ?? firstPartition + partitions.size
    partitions.set(source, partition)
    return { change, partition, offset: i, loggedAtMs: (i + 1) * stepMs }
  })
}

/** What no poller writes, as a start that was surely before all time, the log does not take. */
function isLoggable(change: Change): boolean {
  try {
    return toWire(change) !== undefined
  } catch {
    return false
  }
}

/** Nobody else's, as the store is one for all histories, and by one writer: who takes an epoch registers first, which these do not. */
const renamed = ({ changes, questions }: History, run: number): History => ({
  changes: changes.filter(isLoggable).map(change => {
    if (change.record === 'horizon') return { ...change, domain: `${run}-${change.domain}` }
    const source = `${run}/${change.source}`
    const { epoch, sequence } = change.revision
    const revision = { epoch: 1, sequence: epoch * 1000 + sequence }
    if (change.record === 'claim') {
      return { ...change, source, revision, id: `${run}-${change.id}`, domain: `${run}-${change.domain}` }
    }
    if (change.record === 'progress') return { ...change, source, revision }
    const scope = change.scope.map(part => ({ ...part, domain: `${run}-${part.domain}` }))
    return { ...change, source, revision, scope }
  }),
  questions: questions.map(asked => ({ ...asked, domain: `${run}-${asked.domain}` })),
})

describe('what the store says of an earlier moment', () => {
  test('is what all changes say that were logged by then', async () => {
    let run = 0
    await fc.assert(
      fc.asyncProperty(histories({ questions: 3 }), fc.integer({ min: 1, max: 40 }), async (history, asOfStep) => {
        const { changes, questions } = renamed(history, run++)
        const stored = logged(changes, 10, run * 10)
        // Twice, as after a crash, and the last first.
        await store.insertChanges(stored.toReversed())
        await store.insertChanges(stored)
        const asking = askingAsOf({ store, settled: async () => {} })
        const asOfMs = asOfStep * 10
        for (const { nowMs: _, ...asked } of questions) {
          const known = changesAsOf(stored, asOfMs)
          expect(await asking(asked, asOfMs)).toEqual(askAsOf(asked, asOfMs, known, createOwnershipIndex()))
        }
      }),
      { numRuns: 15 },
    )
  }, 300_000)

  test('keeps out what a writer still sent after its successor had registered', async () => {
    const source = new TestSource(createOwnershipIndex(), { source: 'fenced/one', covered: ['fenced 10.0.0.0/8'] })
    const api = { domain: 'fenced', address: '10.0.0.5', owner: owner('api') }
    const polled = [...source.poll(100, 105, [api]), ...source.poll(200, 205, [api])]
    const claim = polled.findLast(change => change.record === 'claim')
    const registered = polled.find(change => change.record === 'source')
    if (claim?.record !== 'claim' || registered?.record !== 'source') throw new Error('nothing was polled')
    const late = { ...claim, revision: { epoch: 1, sequence: 99 }, owners: [owner('zombie')] }
    const successor = { ...registered, revision: { epoch: 2, sequence: 0 } }
    const stored = (changes: readonly Change[]): readonly StoredChange[] =>
      changes.map((change, offset) => ({ change, partition: 901, offset, loggedAtMs: 1000 + offset }))
    const asking = askingAsOf({ store, settled: () => store.insertChanges(stored([...polled, successor, late])) })
    const asked = { domain: 'fenced', ip: '10.0.0.5' as Ip, fromMs: 150, untilMs: 151 }
    expect(await asking(asked, 5000)).toMatchObject({ state: 'owned', holding: { owner: { application: 'api' } } })
  }, 120_000)

  test('leaves out what came after, and waits until the store has what the log has', async () => {
    const source = new TestSource(createOwnershipIndex(), { source: 'late/one', covered: ['late 10.0.0.0/8'] })
    const api = { domain: 'late', address: '10.0.0.5', owner: owner('api') }
    const batch = { domain: 'late', address: '10.0.0.5', owner: owner('batch') }
    const changes = [source.poll(100, 105, [api]), source.poll(200, 205, [api]), source.poll(300, 305, [batch])]
    const stored = changes.flatMap((poll, i) =>
      poll.map((change, j) => ({ change, partition: 900, offset: i * 100 + j, loggedAtMs: (i + 1) * 1000 })),
    )
    const asking = askingAsOf({ store, settled: () => store.insertChanges(stored) })
    const asked = { domain: 'late', ip: '10.0.0.5' as Ip, fromMs: 150, untilMs: 151 }
    expect(await asking(asked, 999)).toMatchObject({ state: 'unknown', reason: 'no-such-domain' })
    expect(await asking(asked, 1999)).toMatchObject({ state: 'unknown' })
    expect(await asking(asked, 2000)).toMatchObject({ state: 'owned', holding: { owner: { application: 'api' } } })
    const later = { ...asked, fromMs: 250, untilMs: 251 }
    expect(await asking(later, 2000)).toMatchObject({ state: 'unknown' })
    expect(await asking(later, 3000)).toMatchObject({ state: 'ambiguous', reason: 'handoff' })
  }, 120_000)
})

test('the prefixes around an address are those that cover it, the widest first', () => {
  const around = prefixesAround('10.1.2.3' as Ip)
  expect(around.length).toBe(33)
  expect([around[0], around[8], around[31], around[32]]).toEqual([
    '0.0.0.0/0',
    '10.0.0.0/8',
    '10.1.2.2/31',
    '10.1.2.3/32',
  ])
  expect(prefixesAround('2001:db8::1' as Ip).slice(126)).toEqual([
    '2001:db8::/126',
    '2001:db8::/127',
    '2001:db8::1/128',
  ])
})
