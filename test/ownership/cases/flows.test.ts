import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createAnnotator } from '../../../src/enricher/annotate.ts'
import { lookUpsOn } from '../../../src/enricher/look-ups.ts'
import { collect, inPieces } from '../../support/byte-streams.ts'
import { changesOf, ms, NOW_MS, partsOf } from '../../support/claimed-events.ts'
import {
  enrichedStories,
  INTERFACES,
  inBrief,
  logOf,
  onFirst,
  onSecond,
  received,
  sent,
} from '../../support/enriched-stories.ts'
import { indexOf, question } from '../../support/estate.ts'

const swapped = [...INTERFACES, onFirst('+A@10 -A@20 +B@20'), onSecond('+B@10 -B@20 +A@20')]

describe('both ends of a flow', () => {
  test('case 74: two owners that swap addresses within a flow cut each of its ends for itself', async () => {
    const { enricher, bucket, publish, rows, index } = enrichedStories()
    await publish(changesOf(swapped))
    bucket.put('a.log', logOf(sent(15, 25)))
    await enricher.enrichOnce()
    expect(rows().map(inBrief)).toEqual(['ambiguous spans-handoff i-A|i-B -> ambiguous spans-handoff i-B|i-A'])
    const parts = (address: string) => partsOf(index.ask(question(address, ms(15), ms(26), { nowMs: NOW_MS })))
    expect([parts('10.0.0.5'), parts('10.0.0.6')]).toEqual([
      ['15-20 A', '20-26 B'],
      ['15-20 B', '20-26 A'],
    ])
  })

  test('case 75: a flow that both interfaces recorded is two rows with the same owners', async () => {
    const { enricher, bucket, publish, store, rows } = enrichedStories()
    await publish(changesOf(swapped))
    bucket.put('sender.log', logOf(sent(12, 18)))
    bucket.put('receiver.log', logOf(received(12, 18)))
    await enricher.enrichOnce()
    expect(rows().map(inBrief)).toEqual(['A -> B', 'A -> B'])
    expect(rows().map(({ interfaceId }) => interfaceId)).toEqual(['eni-1', 'eni-2'])
    expect(store.rows.size).toBe(2)
  })

  test('case 81: a log is answered alike at once and live, whatever the order in which changes arrive', async () => {
    const stories = [
      ...INTERFACES,
      onFirst('+A@10 -A@20 +B@20 -B@35 +A@50'),
      { ...onSecond('+P@0 =30 +Q@40 -Q@70'), source: 'second' },
    ]
    const changes = changesOf(stories, { upTo: 100 })
    const records = Array.from({ length: 60 }, (_, i) => (i % 2 === 0 ? sent : received)(i, i + ((i * 7) % 23)))
    const { annotate } = createAnnotator({ lookUps: lookUpsOn(indexOf(changes), []), slackMs: 0, nowMs: NOW_MS })
    const atOnce = await collect(annotate('a.log', inPieces(logOf(...records))))
    const wanted = atOnce.map(line => {
      if (line.kind !== 'flow') throw new TypeError(line.kind)
      return { source: line.source, destination: line.destination }
    })
    expect(new Set(wanted.map(inBrief)).size).toBeGreaterThan(10)

    const claims = changes.filter(({ record }) => record === 'claim')
    const others = changes.filter(({ record }) => record !== 'claim')
    const arrivals = fc.record({
      order: fc.shuffledSubarray(claims, { minLength: claims.length }),
      batch: fc.integer({ min: 1, max: 5 }),
    })
    await fc.assert(
      fc.asyncProperty(arrivals, async ({ order, batch }) => {
        const { enricher, bucket, publish, rows } = enrichedStories()
        bucket.put('a.log', logOf(...records))
        for (let from = 0; from < order.length; from += batch) {
          await publish(order.slice(from, from + batch))
          expect(await enricher.enrichOnce()).toMatchObject({ held: 1 })
        }
        await publish(others)
        expect(await enricher.enrichOnce()).toMatchObject({ committed: 1 })
        expect(rows().map(({ source, destination }) => ({ source, destination }))).toEqual(wanted)
      }),
      { numRuns: 12, seed: 81 },
    )
  })
})
