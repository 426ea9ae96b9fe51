import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openEmbeddedLog } from '../../../src/changestream/embedded/embedded-log.ts'
import { partitionOf } from '../../../src/changestream/kafka/partition.ts'
import { startMaterialiser } from '../../../src/changestream/materialise.ts'
import { followingView } from '../../../src/enricher/view.ts'
import { sourceOf } from '../../../src/ownership/claim.ts'
import { createOwnershipIndex, type OwnershipIndex } from '../../../src/ownership/ownership-index.ts'
import { declareError } from '../../../src/runtime/errors.ts'
import { brief, changesOf, HOST, ms, NOW_MS } from '../../support/claimed-events.ts'
import { enrichedStories, INTERFACES, inBrief, logOf, onFirst, onSecond, sent } from '../../support/enriched-stories.ts'
import { memoryLog, memoryStore } from '../../support/enricher-bench.ts'
import { indexOf, question } from '../../support/estate.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { readUpTo } from '../../support/read-state.ts'

const peer = [...INTERFACES, onSecond('+P@0')]
const asA = changesOf([...peer, onFirst('+A@10')], { upTo: 30 })
const handedOver = changesOf([...peer, onFirst('+A@10 -A@20 +B@20')], { upTo: 30 })
const during = (index: Pick<OwnershipIndex, 'ask'>, fromSecond: number, untilSecond: number) =>
  index.ask(question(HOST, ms(fromSecond), ms(untilSecond), { nowMs: NOW_MS }))

describe('starting and starting again', () => {
  test('case 69: flows that come before the sources have been heard wait, and none is joined early', async () => {
    const { enricher, bucket, publish, rows } = enrichedStories()
    bucket.put('a.log', logOf(sent(15, 25)))
    expect(await enricher.enrichOnce()).toMatchObject({ held: 1 })
    for (const part of [asA.slice(0, 1), asA.slice(2, -1)]) {
      await publish(part) // registered, and its claims, but not how far they go
      expect(await enricher.enrichOnce()).toMatchObject({ held: 1 })
    }
    expect(rows()).toEqual([])
    await publish(asA)
    expect(await enricher.enrichOnce()).toMatchObject({ committed: 1 })
    expect(rows().map(inBrief)).toEqual(['A -> P'])
  })

  test('case 70: a batch that broke off between its rows and its commit is repeated to the same rows', async () => {
    const records = logOf(sent(15, 25), sent(16, 25), sent(17, 18))
    const undisturbed = enrichedStories()
    await undisturbed.publish(asA)
    undisturbed.bucket.put('a.log', records)
    await undisturbed.enricher.enrichOnce()

    for (const breaksOff of ['among the rows', 'before the commit']) {
      const down = declareError('WHOHAD_TEST_DOWN', 'unreachable', () => 'down', true)
      const store = memoryStore()
      let broken = true
      const putObject: typeof store.putObject = async object => {
        if (broken && object.state === 'committed') throw down({})
        await store.putObject(object)
      }
      const { enricher, bucket, publish } = enrichedStories({ store: { ...store, putObject }, rowsPerInsert: 1 })
      if (breaksOff === 'among the rows') store.failAfterInserts(2)
      await publish(asA)
      bucket.put('a.log', records)
      expect(await enricher.enrichOnce()).toMatchObject({ failed: 1, committed: 0 })
      expect(store.rows.size).toBe(breaksOff === 'among the rows' ? 2 : 3)
      // What has been learnt meanwhile is for another generation.
      await publish(handedOver)
      broken = false
      store.failAfterInserts(Number.POSITIVE_INFINITY)
      expect(await enricher.enrichOnce()).toMatchObject({ failed: 0, committed: 1 })
      expect([breaksOff, [...store.rows]]).toEqual([breaksOff, [...undisturbed.store.rows]])
    }
  })

  test('case 71: changes that are replayed over a state that has them already leave it as it was', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'whohad-cases-'))
    onTestFinished(() => rm(folder, { recursive: true, force: true }))
    const log = await openEmbeddedLog({ folder, segmentBytes: 2000, clock: new ManualClock(0), onTornTail: () => {} })
    onTestFinished(() => log.close())
    await log.append(asA)
    await log.append(handedOver)
    await log.append(handedOver) // its acknowledgement was lost

    const index = createOwnershipIndex()
    const replay = async (from: number) => {
      const stop = new AbortController()
      const { caughtUp, done } = startMaterialiser({
        log,
        restored: readUpTo(from),
        index: batch => batch.forEach(({ change }) => void index.apply(change)),
        sinks: [],
        signal: stop.signal,
        report: { fencedWrite: () => {}, deadLetter: () => {}, sinkLacks: () => {} },
      })
      await caughtUp
      stop.abort()
      await done
    }
    await replay(0)
    const state = stateOf(index)
    expect(state).toBe(stateOf(indexOf(handedOver)))
    expect(state).not.toBe(stateOf(indexOf(asA)))
    for (const from of [0, 3, asA.length]) {
      await replay(from)
      expect(stateOf(index)).toBe(state)
    }
  })

  /** All that an index can be asked for, as text. */
  function stateOf(index: OwnershipIndex): string {
    const points = Array.from({ length: 60 }, (_, i) => during(index, i / 2, i / 2 + 0.001))
    const spans = Array.from({ length: 25 }, (_, i) => during(index, i, i + 5))
    return JSON.stringify([points, spans, index.counts(), index.sources()])
  }
})

describe('readers and the stream', () => {
  test('case 72: a batch of questions sees one state of the index, whatever arrives meanwhile', async () => {
    const { view, publish } = enrichedStories()
    await publish(asA)
    let publishing = Promise.resolve()
    const { seen, generation } = await view.pin(async ({ index, position }) => {
      const look = () => [brief(during(index, 15, 25)), position]
      const before = look()
      publishing = publish(handedOver)
      for (let i = 0; i < 5; i++) await new Promise(resolve => setImmediate(resolve))
      return { seen: [before, look()], generation: index.generation() }
    })
    expect(seen).toEqual(Array(2).fill(['A', [asA.length]]))
    await publishing
    await view.pin(async ({ index, position }) => {
      const split = 'ambiguous spans-handoff A|B'
      expect(position).toEqual([asA.length + handedOver.length])
      expect(brief(during(index, 15, 25))).toBe(split)
      // Whoever reads an older generation in another thread goes on reading that one, also while the next is made.
      for (const _ of index.compacting()) {
        expect([brief(during(index, 15, 25)), brief(during(generation, 15, 25))]).toEqual([split, 'A'])
      }
      expect([during(index, 15, 25), during(index.generation(), 15, 25)].map(brief)).toEqual([split, split])
      expect(brief(during(generation, 15, 25))).toBe('A')
    })
  })

  test('case 73: a host and its subnet in two partitions of the stream meet in every reader', async () => {
    // Partitions are for writers: each source has one, whatever its prefixes, and a reader follows them all.
    const [one = '', two = ''] = ['ec2/1', 'ec2/2', 'ec2/3', 'ec2/4'].filter(
      (name, i, names) => i === 0 || partitionOf(name, 2) !== partitionOf(names[0] ?? '', 2),
    )
    const subnet = { events: '+S@0', prefix: '10.0.0.0/24', layer: 'network', whole: true } as const
    const changes = changesOf([
      { ...subnet, source: one },
      { events: '+A@10 -A@20', source: two },
    ])
    const partitions = [0, 1].map(partition =>
      changes
        .filter(change => partitionOf(sourceOf(change), 2) === partition)
        .map((change, offset) => ({ change, partition, offset, loggedAtMs: 0 })),
    )
    expect(partitions.map(batch => new Set(batch.map(({ change }) => sourceOf(change))).size)).toEqual([1, 1])
    for (const order of [partitions, partitions.toReversed()]) {
      const index = createOwnershipIndex()
      const view = followingView(index, { ...memoryLog(), partitions: 2 }, new AbortController().signal)
      for (const batch of order) await view.apply(batch)
      expect([5, 15, 25].map(second => brief(during(index, second, second + 1)))).toEqual(['S', 'A', 'S'])
    }
  })
})
