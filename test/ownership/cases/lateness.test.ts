import { describe, expect, test } from 'vitest'
import { processObject } from '../../../src/enricher/object.ts'
import type { FlowObject } from '../../../src/store/port.ts'
import { changesOf } from '../../support/claimed-events.ts'
import { enrichedStories, INTERFACES, inBrief, logOf, onFirst, onSecond, sent } from '../../support/enriched-stories.ts'
import { memoryStore } from '../../support/enricher-bench.ts'

const peer = [...INTERFACES, onSecond('+P@0')]
const early = changesOf([...peer, onFirst('+A@10')], { upTo: 16 })
const asA = changesOf([...peer, onFirst('+A@10')], { upTo: 30 })
const handedOver = (second: number) => changesOf([...peer, onFirst(`+A@10 -A@${second} +B@${second}`)], { upTo: 30 })
const SPLIT = 'ambiguous spans-handoff i-A|i-B -> P'

describe('changes that are late', () => {
  test('case 56: a change that comes while its flow is held leads to one final row', async () => {
    const { enricher, bucket, store, publish, rows } = enrichedStories()
    await publish(early)
    bucket.put('a.log', logOf(sent(15, 25)))
    expect(await enricher.enrichOnce()).toMatchObject({ held: 1, committed: 0 })
    expect(rows()).toEqual([])
    await publish(handedOver(18))
    expect(await enricher.enrichOnce()).toMatchObject({ held: 0, committed: 1 })
    expect(rows().map(inBrief)).toEqual([SPLIT])
    await enricher.enrichOnce()
    expect([...store.rows.keys()]).toEqual([expect.stringMatching(/ 1 1$/)]) // record 1, generation 1
  })

  test('case 57: after a change that comes too late the new answer is given, and the old one can still be asked for', async () => {
    // A row is what its manifest's position of the change stream proves. A correction is another generation of the
    // object, joined at a later position; the first one stays as it was.
    const { enricher, settings, bucket, store, view, publish, rows } = enrichedStories()
    await publish(asA)
    const object = bucket.put('a.log', logOf(sent(15, 25)))
    await enricher.enrichOnce()
    await publish(handedOver(20))
    await enricher.enrichOnce()
    expect(rows().map(row => [row.generation, inBrief(row)])).toEqual([[1, 'A -> P']])
    const manifest = (await store.findObject(rows()[0]?.objectId ?? '')) as FlowObject
    const joinedAt = async (position: readonly number[]) => {
      const again = memoryStore()
      await again.putObject({ ...manifest, state: 'started', position })
      await processObject(object, { ...settings, store: again })
      return [...again.rows.values()].map(inBrief)
    }
    expect(await joinedAt(manifest.position)).toEqual(['A -> P'])
    expect(await joinedAt(view.position())).toEqual([SPLIT])
  })

  test('case 58: a late change that alters nothing leads to the same rows', async () => {
    const joined = async (...later: readonly (typeof asA)[]) => {
      const { enricher, bucket, publish, rows } = enrichedStories()
      await publish(asA)
      for (const changes of later) await publish(changes)
      bucket.put('a.log', logOf(sent(15, 25)))
      await enricher.enrichOnce()
      return rows()
    }
    const reasserted = changesOf([...peer, onFirst('+A@10 +A@12')], { upTo: 30 })
    const rows = await joined()
    expect(rows.map(inBrief)).toEqual(['A -> P'])
    expect(await joined(reasserted)).toEqual(rows)
    expect(await joined(handedOver(20))).not.toEqual(rows)
  })
})
